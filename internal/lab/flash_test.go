package lab_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// flashFormat has cells of 8x8 samples of luma and 4x4 of chroma: what lies between two levels is drawn by mixing both.
var flashFormat = media.VideoFormat{Width: 512, Height: 288, Depth: 8, Range: "limited", Matrix: "bt709"}

// grey is a picture of one light, 0 to 1.
func grey(light float64) *media.Frame { return shine(coded(light), coded(light), coded(light)) }

// red is a picture of so much saturated red, 0 to 320.
func red(saturation float64) *media.Frame { return shine(coded(saturation/320), 0, 0) }

// coded is the code of light, both 0 to 1 (IEC 61966-2-1).
func coded(light float64) float64 {
	if light <= 0.0031308 {
		return 12.92 * light
	}
	return 1.055*math.Pow(light, 1/2.4) - 0.055
}

// shine is a picture of one colour, codes of 0 to 1.
func shine(r, g, b float64) *media.Frame {
	luma := 0.2126*r + 0.7152*g + 0.0722*b
	w, h := flashFormat.Width, flashFormat.Height
	return &media.Frame{
		Format: flashFormat, Y: mixed(w, h, 16+219*luma),
		U: mixed(w/2, h/2, 128+224*(b-luma)/1.8556), V: mixed(w/2, h/2, 128+224*(r-luma)/1.5748),
	}
}

// mixed is a plane of samples just below and above a level, so that each 4x4 of them come to it within 1/32.
func mixed(width, height int, level float64) media.Plane {
	p := media.Plane{Stride: width, Width: width, Height: height}
	sixteenths := int(math.Round(16 * level))
	for y := range height {
		for x := range width {
			p.Data = append(p.Data, byte((sixteenths+x%4*4+y%4)/16))
		}
	}
	return p
}

// numbers reads "0*3 1" as 0, 0, 0, 1.
func numbers(t *testing.T, script string) (out []float64) {
	t.Helper()
	for _, word := range strings.Fields(script) {
		value, times, _ := strings.Cut(word, "*")
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		n, _ := strconv.Atoi(times)
		for range max(n, 1) {
			out = append(out, v)
		}
	}
	return out
}

// runs writes equal neighbours as numbers reads them, with commas.
func runs[T comparable](values []T) string {
	var out []string
	for i := 0; i < len(values); {
		n := i
		for n < len(values) && values[n] == values[i] {
			n++
		}
		word := fmt.Sprint(values[i])
		if n > i+1 {
			word += fmt.Sprintf("*%d", n-i)
		}
		out = append(out, word)
		i = n
	}
	return strings.Join(out, ", ")
}

// flashes tells of each picture the verdict and how many transitions of luminance and of red the last second had, from records only.
func flashes(rate int, pictures []*media.Frame) (verdicts []window.FlashVerdict, luminance, saturated []int) {
	video := feature.NewVideo()
	defer video.Close()
	light, colour := window.NewLuminanceFlash(), window.NewRedFlash()
	var record schemas.VideoFrame
	for i, p := range pictures {
		video.Measure(p, &record)
		f, changed := record.Flash, [2]float64{}
		if f.LuminanceChanged != nil {
			changed = [2]float64{float64(*f.LuminanceChanged) / 2304, float64(*f.RedChanged) / 2304}
		}
		at := int64(i) * 1_000_000 / int64(rate)
		verdicts = append(verdicts, max(light.Add(at, float64(f.LuminanceMean)/65535, changed[0]), colour.Add(at, float64(f.RedMean)/64, changed[1])))
		luminance, saturated = append(luminance, light.Transitions()), append(saturated, colour.Transitions())
	}
	return verdicts, luminance, saturated
}

// The scripts of the test videos of EA's IRIS with the verdicts that it publishes for each of their pictures (relative luminance).
// (The place of the gap in intermitentEF is ours.)
func TestFlashScripts(t *testing.T) {
	for _, c := range []struct {
		name   string
		rate   int
		draw   func(float64) *media.Frame
		script string
		want   string
	}{
		{"2Hz_5s", 5, grey, "0*6 1 0 1 0 1 0 1 0*2 1 0 1 0*2 1 0 1 0*2", "pass*9, warning*16"},
		{
			"2Hz_6s", 25, grey, "0*5 1*3 0*3 1*3 0*15 " + strings.Repeat("1*3 0*3 1*3 0*16 ", 4) + "1*3 0*3 1*3 0*11",
			"pass*14, warning*99, extended fail*36",
		},
		{
			"3Hz_6s", 25, grey,
			"0*5 1*3 0*3 1*3 0*2 1*3 0*10 " + strings.Repeat("1*3 0*3 1*3 0*2 1*3 0*11 ", 4) + "1*3 0*3 1*3 0*2 1*3 0*6",
			"pass*14, warning*15, fail, warning*2, fail, warning*2, fail, warning*2, fail, warning, fail, warning*2, fail, warning*75, " +
				"extended fail*30",
		},
		{"extendedFLONG", 25, grey, "0*9 1*11 0*13 1*11 " + strings.Repeat("0*14 1*11 ", 6) + "0*6", "pass*200"},
		{"intermitentEF", 25, grey, "0*9 1*11 0*13 1*11 " + strings.Repeat("0*14 1*11 ", 3) + "0*39 1*11 " + strings.Repeat("0*14 1*11 ", 2) + "0*6",
			"pass*225"},
		{"GradualRedIncrease", 25, red, "248.136*4 262.356 276.894 294.728 300.976 314.320*3 300.976 294.728 276.894 262.356 248.128*9", "pass*24"},
		// The darker picture is too bright for a flash.
		{"gray", 25, grey, strings.Repeat("0.83077*4 1*4 ", 2) + "0.83077*4 1*5 0.83077*5 1*4 0.83077*4 1*4 0.83077*4 1*4", "pass*50"},
	} {
		var pictures []*media.Frame
		for _, v := range numbers(t, c.script) {
			pictures = append(pictures, c.draw(v))
		}
		verdicts, luminance, saturated := flashes(c.rate, pictures)
		if got := runs(verdicts); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
		// Red has come 28.8 of 320 further with the sixth picture, and gone 37.4 back with the fourteenth, one before that 19.6.
		if got, want := runs(saturated), "0*5, 1*8, 2*11"; c.name == "GradualRedIncrease" && got != want {
			t.Errorf("%s: transitions of red in a second are %s, want %s", c.name, got, want)
		}
		if got, want := runs(luminance), fmt.Sprintf("0*%d", len(pictures)); (c.name == "gray" || c.name == "GradualRedIncrease") && got != want {
			t.Errorf("%s: transitions of luminance in a second are %s, want none", c.name, got)
		}
	}
}

// Two gradual flashes a second at 60 pictures a second: light goes up for fifteen pictures and down for fifteen. In steps of .11/15 the
// fourteenth has come .1027 far, in pictures 14, 29, 44 and 59, and from then on each second has four; in steps of .095/15 none does. Along
// a sine light comes .11*(1-cos(180*i/15))/2 far: .1052 with the thirteenth, of which the first, .0012, is too little to count.
func TestGradualFlash(t *testing.T) {
	for _, c := range []struct {
		name  string
		light func(step float64) float64
		want  string
	}{
		{"steps of .11/15", func(step float64) float64 { return 0.11 * step / 15 }, "pass*59, warning*121"},
		{"steps of .095/15", func(step float64) float64 { return 0.095 * step / 15 }, "pass*180"},
		{"a sine of .11", func(step float64) float64 { return 0.11 * (1 - math.Cos(step*math.Pi/15)) / 2 }, "pass*58, warning*122"},
	} {
		var pictures []*media.Frame
		for i := range 180 {
			step := math.Abs(float64((i+15)%30 - 15))
			pictures = append(pictures, grey(0.2+c.light(step)))
		}
		verdicts, _, _ := flashes(60, pictures)
		if got := runs(verdicts); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}
