package feature_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
)

// yuv is a colour as it is coded in 8 bits.
type yuv struct{ y, u, v int }

// paint makes a 4:2:0 picture from the colour at each point of chroma.
func paint(format media.VideoFormat, colour func(x, y int) yuv) *media.Frame {
	shift := format.Depth - 8
	f := drawAs(format, 5, func(x, y int) int { return colour(x/2, y/2).y << shift })
	half := format
	half.Width, half.Height = (format.Width+1)/2, (format.Height+1)/2
	f.U = drawAs(half, 3, func(x, y int) int { return colour(x, y).u << shift }).Y
	f.V = drawAs(half, 0, func(x, y int) int { return colour(x, y).v << shift }).Y
	return f
}

func thumbnail(t *testing.T, f *media.Frame, width int) image.Image {
	t.Helper()
	encoded, err := feature.JPEG(f, width, 90)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := jpeg.Decode(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func TestJPEGSize(t *testing.T) {
	for _, c := range []struct {
		name            string
		width, height   int
		sarNum, sarDen  int
		rotation, limit int
		want            image.Point
	}{
		{"1080p", 1920, 1080, 1, 1, 0, 320, image.Pt(320, 180)},
		{"no aspect ratio", 1920, 1080, 0, 1, 0, 320, image.Pt(320, 180)},
		{"576i, 16:9: 720 * 64/45 = 1024 across", 720, 576, 64, 45, 0, 320, image.Pt(320, 180)},
		{"never enlarged", 100, 50, 1, 1, 0, 320, image.Pt(100, 50)},
		{"on its side", 192, 108, 1, 1, 90, 54, image.Pt(54, 96)},
		{"upside down", 192, 108, 1, 1, 180, 96, image.Pt(96, 54)},
		{"a pixel", 1, 1, 1, 1, 0, 320, image.Pt(1, 1)},
		{"a line", 4096, 1, 1, 1, 0, 320, image.Pt(320, 1)},
		{"odd", 333, 111, 1, 1, 0, 100, image.Pt(100, 33)},
	} {
		format := media.VideoFormat{
			Width: c.width, Height: c.height, Depth: 8, SARNum: c.sarNum, SARDen: c.sarDen, Rotation: c.rotation,
		}
		grey := paint(format, func(int, int) yuv { return yuv{126, 128, 128} })
		if got := thumbnail(t, grey, c.limit).Bounds().Size(); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// The codes of red, R = 255 and G = B = 0: Y = 16 + 219*Kr, U = 128 - 112*Kr/(1-Kb), V = 128 + 112 in limited range.
func TestJPEGColour(t *testing.T) {
	for _, c := range []struct {
		name       string
		matrix     string
		rng        string
		depth      int
		code       yuv
		r, g, blue int
	}{
		{"red, BT.601", "smpte170m", "limited", 8, yuv{81, 90, 240}, 255, 0, 0},
		{"red, BT.709", "bt709", "limited", 8, yuv{63, 102, 240}, 255, 0, 0},
		{"red, BT.2020", "bt2020nc", "limited", 10, yuv{74, 97, 240}, 255, 0, 0},
		{"red, small and untold", "unknown", "unknown", 8, yuv{81, 90, 240}, 255, 0, 0},
		{"red, full range: 0.299 * 255, 128 - 43, 128 + 127.5", "smpte170m", "full", 8, yuv{76, 85, 255}, 255, 0, 0},
		{"blue, BT.709: 16 + 219*0.0722, 240, 128 - 112*0.0722/0.7874", "bt709", "limited", 8, yuv{32, 240, 118}, 0, 0, 255},
		{"dark grey, full range", "bt709", "full", 8, yuv{60, 128, 128}, 60, 60, 60},
		{"white", "bt709", "limited", 12, yuv{235, 128, 128}, 255, 255, 255},
		{"black", "bt709", "limited", 16, yuv{16, 128, 128}, 0, 0, 0},
	} {
		format := media.VideoFormat{Width: 64, Height: 36, Depth: c.depth, Matrix: c.matrix, Range: c.rng}
		r, g, b, _ := thumbnail(t, paint(format, func(int, int) yuv { return c.code }), 32).At(16, 9).RGBA()
		if far(r, c.r) || far(g, c.g) || far(b, c.blue) {
			t.Errorf("%s: got %d %d %d, want %d %d %d", c.name, r>>8, g>>8, b>>8, c.r, c.g, c.blue)
		}
	}
}

// far tells that a 16-bit colour is more than 6 of 255 away: what rounding of the codes and JPEG do.
func far(got uint32, want int) bool { return max(int(got>>8)-want, want-int(got>>8)) > 6 }

// A picture that is white to the left, turned clockwise, is white on top. Grey pictures have no chroma planes.
func TestJPEGRotation(t *testing.T) {
	for rotation, white := range map[int]image.Point{0: {2, 16}, 90: {16, 2}, 180: {29, 16}, 270: {16, 29}} {
		f := drawAs(media.VideoFormat{Width: 32, Height: 32, Depth: 8, Rotation: rotation}, 0, func(x, _ int) int { return 16 + 219*b2i(x < 16) })
		picture := thumbnail(t, f, 32)
		if r, _, _, _ := picture.At(white.X, white.Y).RGBA(); far(r, 255) {
			t.Errorf("turned by %d: %v is %d, want white", rotation, white, r>>8)
		}
		if r, _, _, _ := picture.At(31-white.X, 31-white.Y).RGBA(); far(r, 0) {
			t.Errorf("turned by %d: opposite %v is %d, want black", rotation, white, r>>8)
		}
	}
}

func TestJPEGOfNothing(t *testing.T) {
	if _, err := feature.JPEG(&media.Frame{}, 320, 80); err == nil {
		t.Error("no error for a frame without a picture")
	}
}
