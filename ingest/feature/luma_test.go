package feature_test

import (
	"encoding/binary"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// Six pixels are black and two white, in every way of coding it: mean 16 + 219/4 = 70.75 levels, times 256 is 18112; standard deviation
// 219*sqrt(1/4 * 3/4) = 94.8298, times 256 is 24276.4.
func TestLumaOfBlackAndWhite(t *testing.T) {
	for _, c := range []struct {
		depth        int
		rng          string
		black, white int
	}{
		{8, "limited", 16, 235},
		{8, "unknown", 16, 235},
		{8, "full", 0, 255},
		{10, "limited", 64, 940},
		{10, "full", 0, 1023},
		{12, "limited", 256, 3760},
		{16, "limited", 4096, 60160},
		{16, "full", 0, 65535},
	} {
		f := drawAs(media.VideoFormat{Width: 4, Height: 2, Depth: c.depth, Range: c.rng}, 3, func(x, _ int) int {
			if x == 3 {
				return c.white
			}
			return c.black
		})
		want := schemas.Luma{Mean: 18112, Std: 24276, Min: 16, Max: 235}
		for i, level := range cdfLevels {
			switch {
			case level >= 235:
				binary.BigEndian.PutUint16(want.CDF[2*i:], 65535)
			case level >= 16:
				binary.BigEndian.PutUint16(want.CDF[2*i:], 49151) // 6/8 of 65535 is 49151.25
			}
		}
		if got := measure(f).Luma; *got != want {
			t.Errorf("%d bits, %s:\n got %+v\nwant %+v", c.depth, c.rng, *got, want)
		}
	}
}

// One grey has no deviation, and all of it is up to its level.
func TestLumaOfGrey(t *testing.T) {
	want := schemas.Luma{Mean: 128 * 256, Min: 128, Max: 128}
	for i, level := range cdfLevels {
		if level >= 128 {
			binary.BigEndian.PutUint16(want.CDF[2*i:], 65535)
		}
	}
	if got := measure(draw(4, 2, flat(128))).Luma; *got != want {
		t.Errorf("got %+v\nwant %+v", *got, want)
	}
}

// The yuvj formats are full range even where no range is signalled.
func TestLumaOfYUVJ(t *testing.T) {
	format := media.VideoFormat{Width: 4, Height: 2, Depth: 8, Range: "unknown", PixelFormat: "yuvj420p"}
	if got := measure(drawAs(format, 0, flat(255))).Luma; got.Max != 235 || got.Mean != 235*256 || got.Std != 0 {
		t.Errorf("white in yuvj420p: got %+v, want 235 without deviation", got)
	}
}

var cdfLevels = [24]int{8, 16, 17, 18, 20, 22, 24, 26, 28, 32, 37, 40, 48, 64, 96, 128, 160, 192, 208, 224, 235, 240, 248, 254}
