package rule_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// cdfLevels are the levels of Luma.cdf as VideoFrame's schema gives them.
var cdfLevels = []int{8, 16, 17, 18, 20, 22, 24, 26, 28, 32, 37, 40, 48, 64, 96, 128, 160, 192, 208, 224, 235, 240, 248, 254}

// drawn is the record of a picture of 160x90 pixels whose pixel (x,y) has luma(x,y): each cell of the grid is 10x10 pixels.
func drawn(luma func(x, y int) byte) *schemas.VideoFrame {
	f := &schemas.VideoFrame{Sampling: 1, Duration: 3600, Luma: &schemas.Luma{}, Grid: &schemas.Grid{Difference: &[72]byte{}}}
	var sums [144]int
	var below [24]int
	total := 0
	for y := range 90 {
		for x := range 160 {
			l := int(luma(x, y))
			total += l
			sums[y/10*16+x/10] += l
			for i, level := range cdfLevels {
				if l <= level {
					below[i]++
				}
			}
		}
	}
	for i, n := range below {
		binary.BigEndian.PutUint16(f.Luma.CDF[2*i:], uint16(n*65535/(160*90)))
	}
	for i, sum := range sums {
		f.Grid.Mean[i] = byte((sum + 50) / 100)
	}
	f.Luma.Mean = int32(total * 256 / (160 * 90))
	return f
}

func flat(level byte) func(int, int) byte { return func(int, int) byte { return level } }

// with draws a rectangle over the picture.
func with(picture func(int, int) byte, level byte, x0, y0, w, h int) func(int, int) byte {
	return func(x, y int) byte {
		if x >= x0 && x < x0+w && y >= y0 && y < y0+h {
			return level
		}
		return picture(x, y)
	}
}

// changed gives a picture the same difference, in levels of the grid, in the cells chosen.
func changed(f *schemas.VideoFrame, level byte, chosen func(column, row int) bool) *schemas.VideoFrame {
	for i := range 144 {
		if chosen(i%16, i/16) {
			f.Grid.Difference[i/2] |= level << (4 * (1 - i%2))
		}
	}
	return f
}

func everywhere(int, int) bool { return true }

// feed judges the same picture at a rate until the time given and returns the last verdict.
func feed(t *testing.T, r rule.Rule, from, till int64, rate int64, frame func(n int64) *schemas.VideoFrame) rule.Verdict {
	t.Helper()
	var last rule.Verdict
	for n := range (till - from) * rate / 1_000_000 {
		at := from + n*1_000_000/rate
		v, ok := r.Judge(&rule.Record{Time: at, Feature: &schemas.Feature{VideoFrame: frame(n)}})
		if !ok {
			t.Fatalf("no verdict on the picture at %d", at)
		}
		last = v
	}
	return last
}

func one(r rule.Rule, f *schemas.VideoFrame) rule.Verdict {
	v, _ := r.Judge(&rule.Record{Time: 5_000_000, Feature: &schemas.Feature{VideoFrame: f}})
	return v
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-3 }
