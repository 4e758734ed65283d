package feature_test

import (
	"encoding/binary"
	"testing"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// draw makes a grey picture of 8 bits, limited range, from the luma at each point.
func draw(width, height int, luma func(x, y int) int) *media.Frame {
	return drawAs(media.VideoFormat{Width: width, Height: height, Depth: 8, Range: "limited"}, 0, luma)
}

// drawAs makes a grey picture of a format, with rows that are padding bytes longer than they need to be, filled with rubbish.
func drawAs(format media.VideoFormat, padding int, luma func(x, y int) int) *media.Frame {
	size := 1
	if format.Depth > 8 {
		size = 2
	}
	y := media.Plane{Stride: format.Width*size + padding, Width: format.Width, Height: format.Height}
	for row := range format.Height {
		for x := range format.Width {
			if size == 1 {
				y.Data = append(y.Data, byte(luma(x, row)))
			} else {
				y.Data = binary.LittleEndian.AppendUint16(y.Data, uint16(luma(x, row)))
			}
		}
		for i := range padding {
			y.Data = append(y.Data, byte(row*7+i))
		}
	}
	return &media.Frame{Format: format, Y: y}
}

// flat is one level everywhere.
func flat(level int) func(x, y int) int { return func(int, int) int { return level } }

// except is base but for the points of changed.
func except(base int, changed map[[2]int]int) func(x, y int) int {
	return func(x, y int) int {
		if level, ok := changed[[2]int{x, y}]; ok {
			return level
		}
		return base
	}
}

// measure gives the record of the last of some pictures in a row.
func measure(frames ...*media.Frame) *schemas.VideoFrame {
	v := feature.NewVideo()
	defer v.Close()
	out := &schemas.VideoFrame{}
	for _, f := range frames {
		v.Measure(f, out)
	}
	return out
}

func TestFirstPictureHasNoDifference(t *testing.T) {
	a, b := draw(64, 36, flat(50)), draw(64, 36, flat(60))
	bigger := draw(66, 36, flat(60))
	brighter := draw(64, 36, flat(60))
	brighter.Format.Range = "full"

	v := feature.NewVideo()
	defer v.Close()
	var out schemas.VideoFrame
	for _, step := range []struct {
		name     string
		frame    *media.Frame
		reset    bool
		known    bool // a difference to the previous picture
		previous bool // a difference to the one before it
	}{
		{name: "first", frame: a},
		{name: "second", frame: b, known: true},
		{name: "third", frame: a, known: true, previous: true},
		{name: "after reset", frame: b, reset: true},
		{name: "second after reset", frame: b, known: true},
		{name: "third after reset", frame: b, known: true, previous: true},
		{name: "other size", frame: bigger},
		{name: "other size still", frame: bigger, known: true},
		{name: "size as at first", frame: b},
		{name: "size kept", frame: b, known: true},
		{name: "other range", frame: brighter},
		{name: "range kept", frame: brighter, known: true},
	} {
		if step.reset {
			v.Reset()
		}
		v.Measure(step.frame, &out)
		if (out.Difference != nil) != step.known || (out.Grid.Difference != nil) != step.known {
			t.Errorf("%s: difference %v, grid difference %v, want known %v", step.name, out.Difference, out.Grid.Difference, step.known)
		}
		if out.Difference != nil && (out.Difference.Previous2 != nil) != step.previous {
			t.Errorf("%s: previous2 %v, want known %v", step.name, out.Difference.Previous2, step.previous)
		}
	}
}

// What cannot be read has null groups, and what follows starts anew.
func TestUnreadablePictureHasNoGroups(t *testing.T) {
	whole := draw(64, 36, flat(50))
	for name, spoil := range map[string]func(f *media.Frame){
		"no picture":         func(f *media.Frame) { f.Y = media.Plane{} },
		"one byte short":     func(f *media.Frame) { f.Y.Data = f.Y.Data[:64*36-1] },
		"stride below width": func(f *media.Frame) { f.Y.Stride = 63 },
		"negative stride":    func(f *media.Frame) { f.Y.Stride = -64 },
		"negative height":    func(f *media.Frame) { f.Y.Height = -36 },
		"too wide":           func(f *media.Frame) { f.Y.Width = feature.MaxSize + 1 },
		"depth unknown":      func(f *media.Frame) { f.Format.Depth = 0 },
		"deeper than memory": func(f *media.Frame) { f.Format.Depth = 10 },
	} {
		spoilt := *whole
		spoil(&spoilt)
		out := measure(whole, whole, &spoilt)
		if out.Luma != nil || out.Grid != nil || out.Difference != nil || out.Hash != nil || out.Border != nil || out.Chroma != nil {
			t.Errorf("%s: got %+v, want null groups", name, out)
		}
		if out := measure(whole, &spoilt, whole); out.Luma == nil || out.Difference != nil {
			t.Errorf("%s: the picture after it has luma %v, difference %v", name, out.Luma, out.Difference)
		}
	}
}

func TestMeasureAllocatesNothing(t *testing.T) {
	frames := []*media.Frame{draw(320, 180, flat(50)), draw(320, 180, flat(60))}
	v := feature.NewVideo()
	defer v.Close()
	var out schemas.VideoFrame
	for range 3 {
		v.Measure(frames[0], &out)
	}
	i := 0
	if n := testing.AllocsPerRun(20, func() { i++; v.Measure(frames[i%2], &out) }); n != 0 {
		t.Errorf("a picture allocates %v times, want 0", n)
	}
}

func BenchmarkMeasure1080p(b *testing.B) {
	var frames [3]*media.Frame
	for i := range frames {
		frames[i] = paint(media.VideoFormat{Width: 1920, Height: 1080, Depth: 8}, func(x, y int) yuv {
			return yuv{40 + x/6 + (x*7+y*13+i*5)%11, 100 + x/30 + y%7, 150 - y/20 + x%5}
		})
	}
	v := feature.NewVideo()
	defer v.Close()
	var out schemas.VideoFrame
	for i := 0; b.Loop(); i++ {
		v.Measure(frames[i%3], &out)
	}
}
