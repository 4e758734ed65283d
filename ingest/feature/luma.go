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
	s, l := &p.scan, out.Luma
	for i, below := range s.below {
		binary.BigEndian.PutUint16(l.CDF[2*i:], uint16(uint64(below)*65535/n))
	}
	l.Min, l.Max = int32(p.level(int(s.lowEnd))), int32(p.level(int(s.highEnd)))

	var sum uint64
	for _, row := range s.rows[:p.height] {
		sum += uint64(row)
	}
	mean, std := moments(sum, s.squares, n)
	if p.full {
		mean, std = 16+mean*219/255, std*219/255
	}
	l.Mean = nearest(mean * 256)
	l.Std = nearest(std * 256)
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

// levelBounds gives of each of levels the smallest value of the picture's range that lies above it; 256 where there is none.
func (p *Picture) levelBounds() (bounds [len(levels)]uint16) {
	for i, level := range levels {
		for bounds[i] < 256 && p.level(int(bounds[i])) <= level {
			bounds[i]++
		}
	}
	return bounds
}
