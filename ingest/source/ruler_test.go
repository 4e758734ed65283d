package source_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest/source"
)

func TestRuler(t *testing.T) {
	init := box("moov", box("trak", box("tkhd", numbersOf(0, 0, 0, 7)), box("mdia", box("mdhd", numbersOf(0, 0, 0, 1000)))),
		box("trak", box("tkhd", numbersOf(0, 0, 0, 8)), box("mdia", box("mdhd", numbersOf(0, 0, 0, 48000)))),
		box("mvex", box("trex", numbersOf(0, 8, 1, 1024)), box("trex", numbersOf(0, 7, 1, 40))))
	mine, other := box("tfhd", numbersOf(0x20000, 7)), box("tfhd", numbersOf(0x20000, 8))
	for _, c := range []struct {
		name    string
		segment []byte
		want    int64
	}{
		{"by the track's default", fragment(mine, box("trun", numbersOf(0x1, 3, 99))), 120},                                       // 3 x 40
		{"by the fragment's", fragment(box("tfhd", numbersOf(0x2000b, 7, 0, 0, 1, 50)), box("trun", numbersOf(0x1, 3, 99))), 150}, // 3 x 50
		{"each its own, beside size and first flags", fragment(mine, box("trun", numbersOf(0x305, 2, 99, 0, 30, 5, 33, 6))), 63},  // 30 + 33
		{"two runs, and another track's", append(fragment(mine, box("trun", numbersOf(0, 1)), box("trun", numbersOf(0, 2))), fragment(other, box("trun", numbersOf(0, 9)))...), 120},
		{"a count that is not there", fragment(mine, box("trun", numbersOf(0x100, 1<<31, 30, 31))), 61},
		{"none", fragment(mine), 0},
	} {
		if timescale, got := source.Measure(init, c.segment); timescale != 1000 || got != c.want {
			t.Errorf("%s: %d ticks of 1/%d s, want %d", c.name, got, timescale, c.want)
		}
	}
}
