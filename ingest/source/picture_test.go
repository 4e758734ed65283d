package source_test

import (
	"context"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
)

// TestPictureFormats decodes flat pictures whose samples are known. Values of converted RGB follow from ITU-R BT.709, limited range:
// red is Y = 16 + 219*0.2126 = 62.56, Cb = 128 - 224*0.2126/1.8556 = 102.34, Cr = 128 + 224/2 = 240, 256 times that in 16 bits. The
// filter that draws "full" works in limited range: 200 is stretched to (200-16)*255/219 = 214.
func TestPictureFormats(t *testing.T) {
	flat := "-f lavfi -i color=black:s=64x48:r=25:d=0.2 -vf "
	for _, c := range []struct {
		name, arguments string
		want            media.VideoFormat // what is not zero is compared
		chromaWidth     int
		y, u, v         int
	}{
		{"8.nut", flat + "format=yuv420p,geq=lum=100:cb=90:cr=200 -c:v rawvideo", media.VideoFormat{PixelFormat: "yuv420p", Depth: 8, Range: "unknown"}, 32, 100, 90, 200},
		{"422.nut", flat + "format=yuv422p,geq=lum=100:cb=90:cr=200 -c:v rawvideo", media.VideoFormat{PixelFormat: "yuv422p", Depth: 8}, 32, 100, 90, 200},
		{"10.mkv", flat + "format=yuv420p10le,geq=lum=700:cb=300:cr=600 -c:v ffv1", media.VideoFormat{PixelFormat: "yuv420p10le", Depth: 10}, 32, 700, 300, 600},
		{"12.mkv", flat + "format=yuv444p12le,geq=lum=3000:cb=1000:cr=2000 -c:v ffv1", media.VideoFormat{PixelFormat: "yuv444p12le", Depth: 12}, 64, 3000, 1000, 2000},
		{"16.mkv", flat + "format=gray16le,geq=lum=50000 -c:v ffv1", media.VideoFormat{PixelFormat: "gray16le", Depth: 16}, 0, 50000, -1, -1},
		{"grey.mkv", flat + "format=gray,geq=lum=77 -c:v ffv1", media.VideoFormat{PixelFormat: "gray", Depth: 8}, 0, 77, -1, -1},
		{"alpha.mkv", flat + "format=yuva420p,geq=lum=100:cb=90:cr=200:a=9 -c:v ffv1", media.VideoFormat{PixelFormat: "yuva420p", Depth: 8}, 32, 100, 90, 200},
		{"nv12.nut", flat + "format=yuv420p,geq=lum=100:cb=90:cr=200,format=nv12 -c:v rawvideo", media.VideoFormat{PixelFormat: "yuv420p", Depth: 8}, 32, 100, 90, 200},
		{"yuyv.nut", flat + "format=yuv422p,geq=lum=100:cb=90:cr=200,format=yuyv422 -c:v rawvideo", media.VideoFormat{PixelFormat: "yuv422p", Depth: 8}, 32, 100, 90, 200},
		{"rgb.nut", flat + "format=rgb24,geq=r=255:g=0:b=0 -c:v rawvideo", media.VideoFormat{PixelFormat: "yuv444p", Depth: 8, Range: "limited", Matrix: "bt709"}, 64, 63, 102, 240},
		{"gbrp.mkv", flat + "format=gbrp,geq=r=255:g=0:b=0 -c:v ffv1", media.VideoFormat{PixelFormat: "yuv444p", Depth: 8, Range: "limited", Matrix: "bt709"}, 64, 63, 102, 240},
		{"gbrp10.mkv", flat + "format=gbrp10le,geq=r=1023:g=0:b=0 -c:v ffv1", media.VideoFormat{PixelFormat: "yuv444p16le", Depth: 16, Range: "limited"}, 64, 16015, 26199, 61440},
		{"pal.gif", flat + "format=rgb24,geq=r=255:g=0:b=0", media.VideoFormat{PixelFormat: "yuv444p", Range: "limited"}, 64, 63, 102, 240},
		{"full.avi", flat + "format=yuvj420p,geq=lum=200:cb=128:cr=128 -c:v mjpeg -q:v 1", media.VideoFormat{PixelFormat: "yuvj420p", Range: "full"}, 32, 214, 128, 128},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := decode(t, source.Input{Path: clip(t, c.name, c.arguments)})
			if got.err != nil || len(got.frames) < 5 {
				t.Fatalf("got %d frames, %v, want 5", len(got.frames), got.err)
			}
			f := got.frames[0]
			format := f.Format
			if format.PixelFormat != c.want.PixelFormat || c.want.Depth != 0 && format.Depth != c.want.Depth ||
				c.want.Range != "" && format.Range != c.want.Range || c.want.Matrix != "" && format.Matrix != c.want.Matrix {
				t.Errorf("got %+v, want %+v", format, c.want)
			}
			if f.Y.Width != 64 || f.Y.Height != 48 || f.U.Width != c.chromaWidth || f.V.Width != c.chromaWidth {
				t.Errorf("planes are %d x %d and %d, want 64 x 48 and %d", f.Y.Width, f.Y.Height, f.U.Width, c.chromaWidth)
			}
			near := func(got, want int) bool { return abs(got-want) <= max(1, want/200) }
			if !near(got.y[0], c.y) || !near(got.u[0], c.u) || !near(got.v[0], c.v) {
				t.Errorf("samples are %d %d %d, want %d %d %d", got.y[0], got.u[0], got.v[0], c.y, c.u, c.v)
			}
		})
	}
}

func TestPictureSignals(t *testing.T) {
	encode := "-f lavfi -i testsrc2=s=64x48:r=25:d=0.4 -pix_fmt yuv420p "
	for _, c := range []struct {
		name, arguments string
		ok              func(f media.Frame) bool
	}{
		{"full.mp4", encode + "-vf scale=out_range=full -c:v libx264 -color_range pc", func(f media.Frame) bool { return f.Format.Range == "full" }},
		{"limited.mp4", encode + "-c:v libx264 -color_range tv -colorspace bt709", func(f media.Frame) bool { return f.Format.Range == "limited" }},
		{"colours.mp4", encode + "-c:v libx264 -color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc", func(f media.Frame) bool {
			return f.Format.Primaries == "bt2020" && f.Format.Transfer == "arib-std-b67" && f.Format.Matrix == "bt2020nc"
		}},
		{"sar.mp4", encode + "-vf setsar=16/11 -c:v libx264", func(f media.Frame) bool { return f.Format.SARNum == 16 && f.Format.SARDen == 11 }},
		{"rate.mp4", encode + "-c:v libx264", func(f media.Frame) bool { return f.Format.FrameRateNum == 25 && f.Format.FrameRateDen == 1 }},
		{"tff.mpg", encode + "-vf setfield=tff -c:v mpeg2video -flags +ilme+ildct", func(f media.Frame) bool { return f.Interlaced && f.TopFieldFirst }},
		{"bff.mpg", encode + "-vf setfield=bff -c:v mpeg2video -flags +ilme+ildct", func(f media.Frame) bool { return f.Interlaced && !f.TopFieldFirst }},
		{"progressive.mpg", encode + "-c:v mpeg2video", func(f media.Frame) bool { return !f.Interlaced }},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := decode(t, source.Input{Path: clip(t, c.name, c.arguments)})
			if got.err != nil || len(got.frames) != 10 {
				t.Fatalf("got %d frames, %v, want 10", len(got.frames), got.err)
			}
			for i, f := range got.frames {
				if !c.ok(f) {
					t.Errorf("frame %d: %+v", i, f)
				}
			}
		})
	}
}

func TestPictureRotation(t *testing.T) {
	plain := clip(t, "plain.mp4", "-f lavfi -i testsrc2=s=64x48:r=25:d=0.2 -c:v libx264")
	for _, degrees := range []struct {
		tag  string
		want int
	}{{"0", 0}, {"90", 270}, {"180", 180}, {"270", 90}} { // ffmpeg 5.1 writes the tag's angle counter-clockwise and shows it so

		turned := clip(t, "turned.mp4", "-i "+plain+" -c copy -metadata:s:v rotate="+degrees.tag)
		got := decode(t, source.Input{Path: turned})
		if len(got.frames) != 5 || got.frames[0].Format.Rotation != degrees.want || got.tracks[0].List[0].Video.Rotation != degrees.want {
			t.Errorf("rotate=%s: got %+v", degrees.tag, got.frames[0].Format)
		}
	}
}

// TestPictureUpsideDown decodes an AVI of raw BGR, whose rows are stored from the bottom up.
func TestPictureUpsideDown(t *testing.T) {
	path := clip(t, "a.avi", "-f lavfi -i color=red:s=64x24:r=25:d=0.2 -f lavfi -i color=blue:s=64x24:r=25:d=0.2 "+
		"-filter_complex vstack,format=bgr24 -c:v rawvideo")
	d, err := source.Open(context.Background(), source.Input{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	frames := 0
	for u, err := range d.Units() {
		if err != nil {
			t.Fatal(err)
		}
		if u.Frame == nil {
			continue
		}
		frames++
		// Red is Y 63, blue 16 + 219*0.0722 = 32.
		if top, bottom := sample(*u.Frame, u.Frame.Y, 0, 0), sample(*u.Frame, u.Frame.Y, 0, 47); abs(top-63) > 1 || abs(bottom-32) > 1 {
			t.Errorf("luma is %d at the top and %d at the bottom, want 63 and 32", top, bottom)
		}
	}
	if frames != 5 {
		t.Errorf("got %d frames, want 5", frames)
	}
}

func abs(n int) int { return max(n, -n) }

// TestPictureQuantisers encodes with a fixed quantiser, which only H.264's decoder tells, and with one that falls by six from P to I
// pictures: a ratio of two is six steps.
func TestPictureQuantisers(t *testing.T) {
	encode := "-f lavfi -i testsrc2=s=160x90:r=25:d=0.4 -pix_fmt yuv420p -bf 0 -g 5 "
	for _, c := range []struct {
		name, options string
		key, other    int
	}{
		{"a.mp4", "-c:v libx264 -qp 30 -x264-params ipratio=1:scenecut=0", 30, 30},
		{"b.mp4", "-c:v libx264 -qp 30 -x264-params ipratio=2:scenecut=0", 24, 30},
		{"c.mp4", "-c:v libx265 -x265-params qp=30:log-level=none", -1, -1},
		{"d.mpg", "-c:v mpeg2video -q:v 5", -1, -1},
	} {
		got := decode(t, source.Input{Path: clip(t, c.name, encode+c.options)})
		if got.err != nil || len(got.frames) != 10 {
			t.Fatalf("%s: got %d frames, %v, want 10", c.name, len(got.frames), got.err)
		}
		for i, f := range got.frames {
			want := c.other
			if f.Key {
				want = c.key
			}
			if f.QPMean != want || f.QPMax != want {
				t.Errorf("%s: frame %d: quantisers of %d, at most %d, want %d", c.name, i, f.QPMean, f.QPMax, want)
			}
		}
	}
	got := decode(t, source.Input{Path: clip(t, "e.mp4", encode+"-c:v libx264 -crf 23 -aq-mode 1")})
	for i, f := range got.frames { // adaptive quantisation: not all alike
		if f.QPMean <= 0 || f.QPMax <= f.QPMean || f.QPMax > 51 {
			t.Errorf("frame %d: quantisers of %d, at most %d", i, f.QPMean, f.QPMax)
		}
	}
}
