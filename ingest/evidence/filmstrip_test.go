package evidence_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/evidence"
)

// grey is a JPEG of one grey.
func grey(t *testing.T, level byte, width, height int) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, width, height))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(color.Gray{Y: level}), image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Three columns of frames, oldest first, each above a bar of 6 pixels: grey before the onset, red from then on.
func TestFilmstrip(t *testing.T) {
	pictures := []evidence.Picture{
		{At: 10, JPEG: grey(t, 40, 32, 18)}, {At: 20, JPEG: []byte("no picture")}, {At: 30, JPEG: grey(t, 80, 32, 18)},
		{At: 40, JPEG: grey(t, 120, 32, 18)}, {At: 50, JPEG: grey(t, 160, 32, 18)},
	}
	data, err := evidence.Filmstrip(pictures, 40)
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if size := sheet.Bounds().Size(); size != image.Pt(3*32, 2*(18+6)) {
		t.Errorf("the sheet has %v pixels, want 96x48", size)
	}
	for i, want := range []struct {
		level int
		red   bool
	}{{40, false}, {80, false}, {120, true}, {160, true}} {
		at := image.Pt(i%3*32+16, i/3*24)
		r, _, _, _ := sheet.At(at.X, at.Y+9).RGBA()
		if got := int(r >> 8); got < want.level-6 || got > want.level+6 {
			t.Errorf("frame %d is of grey %d, want %d", i, got, want.level)
		}
		if r, g, _, _ := sheet.At(at.X, at.Y+18+3).RGBA(); (r>>8 > g>>8+60) != want.red {
			t.Errorf("the bar of frame %d is of red %d, green %d; want red: %v", i, r>>8, g>>8, want.red)
		}
	}
}

func TestFilmstripRefuses(t *testing.T) {
	for name, pictures := range map[string][]evidence.Picture{
		"none": nil, "one that is none": {{JPEG: []byte{0xff, 0xd8, 0xff}}}, "one that is too wide": {{JPEG: grey(t, 1, 1025, 16)}}, "one that is too high": {{JPEG: grey(t, 1, 16, 1025)}},
	} {
		if _, err := evidence.Filmstrip(pictures, 0); err == nil || !strings.Contains(err.Error(), "no pictures") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAround(t *testing.T) {
	for _, c := range []struct {
		name      string
		at        string
		onset, to int64
		want      string
	}{
		{"two before, four since", "1 2 3 4 5 6 7 8 9", 5, 9, "[3 4 5 6 7 8]"},
		{"none from before: four since", "5 6 7 8 9", 5, 9, "[5 6 7 8]"},
		{"none since: six from before", "1 2 3 4 5 6 7 8", 9, 12, "[3 4 5 6 7 8]"},
		{"none after the end", "1 2 3 4 5 6 7 8", 3, 4, "[1 2 3 4]"},
		{"an onset between two", "1 3 5 7", 4, 9, "[1 3 5 7]"},
		{"all after the end", "7 8", 3, 4, "[]"},
	} {
		s := evidence.New(evidence.Defaults())
		for _, word := range strings.Fields(c.at) {
			var at int64
			fmt.Sscan(word, &at)
			s.Add("a", picture(at, 1))
		}
		var got []int64
		for _, p := range s.Around("a", c.onset, c.to) {
			got = append(got, p.At)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
}
