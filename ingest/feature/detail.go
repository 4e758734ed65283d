package feature

import (
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// Detail measures how much there is to see, how much of it moves, how sharp it is and how noisy.
type Detail struct{}

// Extract writes the group detail. It is nil for fewer than 6 columns or rows, which have no inner sample at half the size.
func (*Detail) Extract(p *Picture, out *schemas.VideoFrame) {
	if p.width < 6 || p.height < 6 {
		out.Detail = nil
		return
	}
	if out.Detail == nil {
		out.Detail = new(schemas.Detail)
	}
	every, d, s := sampledEvery(p.height), out.Detail, &p.scan.detail
	num, den := p.scale()
	scale := float64(num) / float64(den)

	n := uint64(p.width-2) * uint64(sampledRows(p.height-2, every))
	mean := float64(s.sobel) / float64(sobelUnit*n)
	d.SI = nearest(64 * scale * math.Sqrt(max(0, float64(s.sobelSquares)/float64(n)-float64(mean*mean))))
	d.LaplacianFull = logVariance(s.laplacian[0], s.laplacianSquares[0], n, scale)
	d.Noise = nearest(256 * scale * math.Sqrt(math.Pi/2) / 6 * float64(s.noise) / float64(n))

	half := uint64(p.width/2-2) * uint64(sampledRows(p.height/2-2, every))
	d.LaplacianHalf = logVariance(s.laplacian[1], s.laplacianSquares[1], half, scale/4)

	if p.seen == 0 {
		d.TI = nil
		return
	}
	if d.TI == nil {
		d.TI = new(int32)
	}
	n = uint64(p.width) * uint64(sampledRows(p.height, every))
	*d.TI = nearest(64 * scale * math.Sqrt(variance(s.change, s.changeSquares, n)))
}

// sampledEvery is the distance of the rows that are looked at, of so many.
func sampledEvery(rows int) int {
	if rows <= 288 {
		return 1
	}
	return rows / 72
}

// sampledRows counts the rows 0, every, 2*every ... of so many.
func sampledRows(rows, every int) int { return (rows + every - 1) / every }

// logVariance is log2(1 + variance) in 1/256 of values of a unit in levels.
func logVariance(sum int64, squares, n uint64, unit float64) int32 {
	return nearest(256 * math.Log2(1+float64(variance(sum, squares, n)*unit*unit)))
}

// variance is the population variance of n values from their sum and the sum of their squares.
func variance(sum int64, squares, n uint64) float64 {
	mean := float64(sum) / float64(n)
	return max(0, float64(squares)/float64(n)-float64(mean*mean))
}
