package rule

import (
	"time"

	"github.com/framewatch/framewatch/detector/window"
)

// FlatColour judges whether the picture is of one colour that is not black, as a player shows that has nothing to play.
type FlatColour struct {
	Options `yaml:",inline"`
	// Spread is how far luma and chroma may vary, as standard deviation in levels.
	Spread float64 `yaml:"spread"`
	// Dark is the mean luma, in levels, up to which a picture without colour is black, whatever is judged of that.
	Dark int `yaml:"dark"`
}

// colourful is the mean distance from neutral chroma, in levels, from which a dark picture is a colour.
const colourful = 24

// NewFlatColour is the rule with its documented defaults.
func NewFlatColour() Rule {
	return &FlatColour{Options: Options{
		// A logo of up to a fiftieth of the picture is still one colour.
		Raise: 0.98, Clear: 0.95,
		// White flashes and coloured title cards stand for a second.
		For: 2 * time.Second, KeepFiringFor: 500 * time.Millisecond,
		Severity: "warning", CriticalAfter: 15 * time.Second,
	}, Spread: 3, Dark: 24}
}

// Judge counts the cells that are of the picture's mean luma, where luma and chroma vary no more than a coder makes them.
func (c *FlatColour) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	from, to := r.Time, r.Time+duration(f)
	if f.Luma == nil || f.Grid == nil {
		return Verdict{From: from, To: to}, true
	}
	mean := (int(f.Luma.Mean) + 128) / 256
	varies := float64(f.Luma.Std) > c.Spread*256
	if f.Chroma != nil {
		varies = varies || float64(max(f.Chroma.UStd, f.Chroma.VStd)) > c.Spread*256
	}
	coloured := f.Chroma != nil && f.Chroma.SaturationMean >= colourful*256
	share := 0.0
	if !varies && (mean > c.Dark || coloured) {
		alike := window.CellsFrom(&f.Grid.Mean, mean-2).Without(window.CellsFrom(&f.Grid.Mean, mean+3))
		share = float64(alike.Len()) / window.Cells
	}
	return c.verdict(share).over(from, to), true
}

// Describe tells what the figure is.
func (*FlatColour) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "share", Area: true, Summary: "%s of the picture is of one colour", Gap: time.Second,
		Parents: []string{"no_signal", "black", "black_with_logo"},
	}
}
