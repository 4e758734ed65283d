package source_test

import (
	"context"
	"hash/crc32"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
)

// seen is what is compared of one picture: its luma and every sign of damage.
type seen struct {
	luma                                  uint32
	corrupt                               bool
	concealed, errors, lost, ancestors, e int
}

// thinned decodes a clip of five seconds: with KeysOnly from the picture at 1.2 s up to the unit after 3.2 s when thin is set.
func thinned(t *testing.T, path string, thin bool) (pictures map[int64]seen, alone []int64, passed int) {
	t.Helper()
	d, err := source.Open(context.Background(), source.Input{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	pictures = map[int64]seen{}
	last, base := int64(-1), int64(-1)
	for u, err := range d.Units() {
		if err != nil {
			t.Fatal(err)
		}
		if u.Passed {
			passed++
		}
		f := u.Frame
		if f == nil {
			continue
		}
		if base < 0 {
			base = f.PTS
		}
		at := f.PTS - base
		if at <= last {
			t.Errorf("the picture at %d comes after that at %d", at, last)
		}
		last = at
		sum := uint32(0)
		for y := range f.Y.Height {
			sum = crc32.Update(sum, crc32.IEEETable, f.Y.Data[y*f.Y.Stride:y*f.Y.Stride+f.Y.Width])
		}
		pictures[at] = seen{sum, f.Corrupt || f.PacketCorrupt, f.Concealed, f.Errors, f.Lost, f.Ancestors, f.ErrorFlags}
		if f.Alone {
			alone = append(alone, at)
		}
		if thin {
			d.KeysOnly(at >= 12*media.Clock/10 && at < 3*media.Clock)
		}
	}
	if n := d.Errors(); n != 0 {
		t.Errorf("%d packets were refused", n)
	}
	return pictures, alone, passed
}

// TestKeysOnlyShowsNothingBroken compares every picture of a decoding that passes pictures over for two seconds with the same one of a full decoding: closed
// and open groups, reordered pictures and none, codecs that are all key pictures.
func TestKeysOnlyShowsNothingBroken(t *testing.T) {
	picture := "-f lavfi -i testsrc2=s=192x108:r=25:d=5 -pix_fmt yuv420p "
	for _, c := range []struct {
		name, arguments string
		// all is set where every picture is a key picture.
		all bool
	}{
		{"closed.ts", picture + "-c:v libx264 -bf 2 -g 25 -keyint_min 25 -sc_threshold 0", false},
		{"closed.mp4", picture + "-c:v libx264 -bf 2 -g 25 -keyint_min 25 -sc_threshold 0", false},
		{"open.ts", picture + "-c:v libx264 -bf 3 -x264-params keyint=25:min-keyint=25:scenecut=0:open-gop=1:b-adapt=0", false},
		{"fields.ts", picture + "-c:v libx264 -bf 2 -g 25 -x264-params tff=1:scenecut=0", false},
		{"hevc.ts", picture + "-c:v libx265 -x265-params log-level=error:keyint=25:min-keyint=25:scenecut=0:open-gop=1:bframes=3", false},
		{"mpeg2.ts", picture + "-c:v mpeg2video -bf 2 -g 25 -sc_threshold 1000000000", false},
		{"vp9.webm", picture + "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25 -keyint_min 25", false},
		{"intra.mkv", picture + "-c:v mjpeg", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := clip(t, c.name, c.arguments)
			full, none, all := thinned(t, path, false)
			if len(full) != 125 || len(none) != 0 || all != 0 {
				t.Fatalf("a full decoding has %d pictures, %d of them alone, %d passed over", len(full), len(none), all)
			}
			thin, alone, passed := thinned(t, path, true)
			for at, got := range thin {
				if want := full[at]; got != want {
					t.Errorf("the picture at %.2f s is %+v, want %+v", float64(at)/media.Clock, got, want)
				}
			}
			if len(thin)+passed != len(full) {
				t.Errorf("%d pictures came and %d were passed over, of %d", len(thin), passed, len(full))
			}
			// Every picture up to 1.2 s and from 4 s on is there; between, one a second, or as close as keysApart allows.
			for at := range full {
				if _, there := thin[at]; !there && (at <= 12*media.Clock/10 || at >= 4*media.Clock) {
					t.Errorf("the picture at %.2f s is missing", float64(at)/media.Clock)
				}
			}
			keys := 0
			for _, at := range alone {
				if at > 14*media.Clock/10 {
					keys++
				}
			}
			if least, most := 1, 3; !c.all && (keys < least || keys > most) || c.all && (keys < 4 || keys > 7) || passed < 30 {
				t.Errorf("%d key pictures came alone (%v), %d were passed over", keys, alone, passed)
			}
		})
	}
}
