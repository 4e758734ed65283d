package feature

import (
	"encoding/binary"
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// Luma measures the distribution of luma over the whole picture.
type Luma struct{}

// levels are the points of the cumulative distribution.
var levels = [24]int{8, 16, 17, 18, 20, 22, 24, 26, 28, 32, 37, 40, 48, 64, 96, 128, 160, 192, 208, 224, 235, 240, 248, 254}

// Extract writes the group luma. Full range is mapped to limited value by value, each rounded to the nearest level, for the distribution
// and its ends; mean and standard deviation are mapped as they are, without rounding in between.
func (*Luma) Extract(p *Picture, out *schemas.VideoFrame) {
	n := p.pixels()
	if n == 0 {
		out.Luma = nil
		return
	}
	if out.Luma == nil {
		out.Luma = new(schemas.Luma)
	}
	var limited [256]uint64
	var sum, squares uint64
	for v, count := range p.scan.histogram {
		limited[p.level(v)] += uint64(count)
		sum += uint64(v) * uint64(count)
		squares += uint64(v*v) * uint64(count)
	}
	distribution(&limited, n, out.Luma)

	mean, std := moments(sum, squares, n)
	if p.full {
		mean, std = 16+mean*219/255, std*219/255
	}
	out.Luma.Mean = int32(math.Round(mean * 256))
	out.Luma.Std = int32(math.Round(std * 256))
}

// moments gives the mean and the population standard deviation of n values from their sum and the sum of their squares.
func moments(sum, squares, n uint64) (mean, std float64) {
	mean = float64(sum) / float64(n)
	return mean, math.Sqrt(max(0, float64(squares)/float64(n)-mean*mean))
}

// level maps a value of the picture's range to the limited scale.
func (p *Picture) level(v int) int {
	if !p.full {
		return v
	}
	return 16 + (v*219+127)/255
}

// distribution fills cdf, min and max from a histogram of n pixels.
func distribution(histogram *[256]uint64, n uint64, out *schemas.Luma) {
	var below uint64
	point, smallest, largest := 0, -1, 0
	for v, count := range histogram {
		below += count
		if point < len(levels) && v == levels[point] {
			binary.BigEndian.PutUint16(out.CDF[2*point:], uint16(below*65535/n))
			point++
		}
		if count == 0 {
			continue
		}
		if smallest < 0 {
			smallest = v
		}
		largest = v
	}
	out.Min, out.Max = int32(smallest), int32(largest)
}
