package source_test

import (
	"context"
	"hash/maphash"
	"os"
	"path/filepath"
	"testing"

	"github.com/framewatch/framewatch/ingest/source"
)

// TestAncestorsTellDamage leaves out TS packets at one place after another. Each picture that is not what it was must have an ancestor
// that is damaged, and pictures before the loss and after the next key picture none. "loose" groups end with pictures that are decoded
// after the next key picture and shown before it.
func TestAncestorsTellDamage(t *testing.T) {
	encode := "-f lavfi -i testsrc2=s=320x180:r=25:d=3 -pix_fmt yuv420p -b:v 800k -g 25 "
	for _, c := range []struct {
		name, options string
		// late tells that a picture which is whole may be shown in place of a later one that is lost.
		late bool
	}{
		{"h264", "-c:v libx264 -bf 3 -x264-params slices=1:scenecut=0", false},
		{"h264 in slices", "-c:v libx264 -bf 3 -x264-params slices=4:scenecut=0", false},
		{"h264 loose", "-c:v libx264 -bf 3 -x264-params open-gop=1:scenecut=0", false},
		{"hevc", "-c:v libx265 -x265-params keyint=25:scenecut=0:open-gop=0:log-level=none", false},
		{"mpeg2", "-c:v mpeg2video -bf 2", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := clip(t, "a.ts", encode+c.options)
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := pictures(t, path)
			if len(want) < 70 {
				t.Fatalf("the clip has %d pictures", len(want))
			}
			known := map[uint64]bool{}
			for pts, p := range want {
				known[p.luma] = true
				if p.ancestors != 0 {
					t.Errorf("the whole clip: the picture at %d has %d damaged ancestors", pts, p.ancestors)
				}
			}
			packets := len(whole) / 188
			for cut := packets / 3; cut < packets*2/3; cut += packets / 40 {
				broken := filepath.Join(t.TempDir(), "b.ts")
				if err := os.WriteFile(broken, append(whole[:cut*188:cut*188], whole[(cut+1)*188:]...), 0o600); err != nil {
					t.Fatal(err)
				}
				tainted := 0
				for pts, got := range pictures(t, broken) {
					damaged := got.luma != want[pts].luma && !(c.late && known[got.luma])
					if damaged && got.ancestors == 0 {
						t.Errorf("without packet %d: the picture at %d is damaged and has no damaged ancestor", cut, pts)
					}
					if got.ancestors > 0 {
						tainted++
					}
				}
				// A loss reaches to the end of its group, or of the next when that one's key picture is in doubt.
				if tainted > 56 {
					t.Errorf("without packet %d: %d of %d pictures have damaged ancestors", cut, tainted, len(want))
				}
			}
		})
	}
}

// pictured is what is compared of a picture.
type pictured struct {
	luma      uint64
	ancestors int
}

var seed = maphash.MakeSeed()

// pictures are those of the clip by their PTS.
func pictures(t *testing.T, path string) map[int64]pictured {
	t.Helper()
	d, err := source.Open(context.Background(), source.Input{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	out := map[int64]pictured{}
	for u, err := range d.Units() {
		if err != nil {
			t.Fatal(err)
		}
		if u.Frame == nil {
			continue
		}
		var luma maphash.Hash
		luma.SetSeed(seed)
		for y := range u.Frame.Y.Height {
			luma.Write(u.Frame.Y.Data[y*u.Frame.Y.Stride:][:u.Frame.Y.Width])
		}
		out[u.Frame.PTS] = pictured{luma.Sum64(), u.Frame.Ancestors}
	}
	return out
}

// TestDecodeMissesPictures leaves out the eleventh picture, one that all after it in its group of 25 hang on: H.264 counts it, HEVC looks
// for it in vain.
func TestDecodeMissesPictures(t *testing.T) {
	encode := "-f lavfi -i testsrc2=s=160x90:r=25:d=2 -pix_fmt yuv420p -g 25 -bf 0 "
	for _, c := range []struct {
		name, options string
		lost          int
	}{
		{"h264", "-c:v libx264 -x264-params scenecut=0:ref=1", 1},
		{"hevc", "-c:v libx265 -x265-params bframes=0:scenecut=0:ref=1:log-level=none", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole := clip(t, "a.mp4", encode+c.options)
			got := decode(t, source.Input{Path: clip(t, "b.mp4", "-i "+whole+" -c copy -bsf:v noise=drop=eq(n\\,10)")})
			if got.err != nil || len(got.frames) != 49 {
				t.Fatalf("got %d frames, %v, want 49", len(got.frames), got.err)
			}
			for i, f := range got.frames {
				after := i == 10
				if (f.Lost != 0 || f.Errors != 0) != after || after && f.Lost != c.lost || (f.Ancestors > 0) != (i >= 10 && i < 24) {
					t.Errorf("frame %d: %d lost, %d errors, %d damaged ancestors", i, f.Lost, f.Errors, f.Ancestors)
				}
			}
		})
	}
}
