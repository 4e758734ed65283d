package rule

import (
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// freezeSpan is the stretch of pictures that one verdict is about.
	freezeSpan = time.Second
	// freezeShare of the pictures must be still: a coder's pulses may take the rest.
	freezeShare = 0.9
	// freezeGap without a picture says nothing about stillness.
	freezeGap = time.Second
	// freezePictures are the fewest that show stillness.
	freezePictures = 4
	// repeatShare of the pictures are exactly the one before when nothing is sent anew: the rest are key pictures and what mends them.
	repeatShare = 0.8
)

// Levels of VideoFrame's grid differences, measured on still pictures encoded again at 400 kb/s to 6 Mb/s and on quiet live ones: a still
// picture's cells reach moving in hardly any predicted picture, and few of them reach trembling in half of them.
const (
	trembling = 4 // an eighth of a level
	moving    = 6 // half a level
	// trembleWeight is how much a trembling cell counts beside a moving one.
	trembleWeight = 0.1
)

// Freeze judges whether the picture stands still, as far as encoding the same picture again lets it. Tickers along the top or bottom and
// clocks in the upper corners may move. What changes slowly but steadily is not still.
type Freeze struct {
	Options `yaml:",inline"`
	// Drift is the change of mean luma, in levels, and DriftCells the number of cells changed by two levels or more, that show within four
	// seconds that a picture without visible movement is alive: clouds, fades, slow zooms. 0: not judged.
	Drift      float64 `yaml:"drift"`
	DriftCells int     `yaml:"drift_cells"`
	// CodedDrift is the change of mean luma or of its spread, in levels, and CodedCells the number of cells changed by a level, that show the same
	// between pictures that are coded alike: the light and the noise of a camera that looks at a still room. 0: not judged.
	CodedDrift float64 `yaml:"coded_drift"`
	CodedCells int     `yaml:"coded_cells"`

	epoch int32
	// began and last are the times of the first and newest picture without a break.
	began, last int64
	// coded holds the intra coded pictures, predicted the others.
	coded, predicted window.Tally
	past             past
	codings          codings
	// repeats has a one for each picture that is exactly the one before, repeating tells that most of the last second's are.
	repeats   window.Histogram
	repeating bool
}

// NewFreeze is the rule with its documented defaults.
func NewFreeze() Rule {
	tally := window.Tally{Span: freezeSpan.Microseconds(), Low: trembling, High: moving}
	return &Freeze{
		Options: Options{
			// One cell of the picture's middle may move; five are life.
			Raise: 0.98, Clear: 0.95,
			// Title cards stand for a second or so.
			For: 2 * time.Second,
			// A picture that moves for less than half a second is frozen with a jerk.
			KeepFiringFor: 500 * time.Millisecond,
			Severity:      "warning",
			// No programme shows a still for a quarter of a minute.
			CriticalAfter: 15 * time.Second,
		},
		// Coding a still picture anew moves its mean by at most 0.2 levels.
		Drift: 0.4,
		// And a cell's by one level; two cells may be at the edge of rounding.
		DriftCells: 3,
		// Coded alike, a still picture's mean and spread move by at most 0.07 levels at 250 kb/s, by 0.04 after its first key picture.
		CodedDrift: 0.075,
		// And one cell in six by a level.
		CodedCells: 18,
		last:       never, coded: tally, predicted: tally,
		repeats: window.Histogram{Span: freezeSpan.Microseconds()},
	}
}

// Judge looks at how much of the picture has stood still for a second.
func (f *Freeze) Judge(r *Record) (Verdict, bool) {
	v := r.VideoFrame
	if v == nil {
		return Verdict{}, false
	}
	if !f.see(r.Time, v) {
		f.codings.living = false // by the time that more is known it may be long ago
		return Verdict{From: r.Time, To: r.Time}, true
	}
	span := float64(freezeSpan.Microseconds())
	from, to := r.Time-int64(freezeShare*span), r.Time-int64((1-freezeShare)*span)
	moved := f.moved()
	still := f.still(moved)
	if f.stopped() {
		f.past.forget(from)
		f.codings.forget(from)
	}
	switch {
	case still < f.Clear:
		// What moves may still be seen at the beginning of the window.
		f.past.forget(from + pastStep.Microseconds())
		f.codings.forget(from + pastStep.Microseconds())
	case f.codings.apart(moved.Without(middleCells).Empty(), f.CodedDrift, f.CodedCells), f.past.changed(v, f.Drift, f.DriftCells):
		still = 0
	}
	return f.verdict(still).over(from, to), true
}

// Describe tells what the figure is.
func (*Freeze) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "share", Area: true, Summary: "%s of the picture stands still", Window: freezeSpan + pastSpan + renewing, Gap: freezeGap,
		Parents: []string{"no_signal", "black", "black_with_logo", "flat_colour", "slate"},
	}
}

// Validate tells what is wrong with the options.
func (f *Freeze) Validate() error {
	for name, x := range map[string]float64{
		"drift": f.Drift, "drift_cells": float64(f.DriftCells), "coded_drift": f.CodedDrift, "coded_cells": float64(f.CodedCells),
	} {
		if err := notNegative(name, x); err != nil {
			return err
		}
	}
	return f.Options.Validate()
}

// see takes a picture into the window. It is false when the window does not show for a second what the source sent: after a break, or
// where we have skipped pictures ourselves.
func (f *Freeze) see(t int64, v *schemas.VideoFrame) bool {
	broken := v.Epoch != f.epoch || t-f.last > freezeGap.Microseconds()
	f.epoch, f.last = v.Epoch, t
	if broken || v.Sampling == 0 || v.Grid == nil || v.Luma == nil || v.Grid.Difference == nil {
		f.began = t
		f.coded.Reset()
		f.predicted.Reset()
		f.repeats.Reset()
		f.repeating = false
		f.past.forget(t)
		f.codings.forget(t)
		return false
	}
	if v.Skipped >= max(v.Sampling, 1) {
		return false
	}
	tally, other := &f.predicted, &f.coded
	if intra(v) {
		tally, other = other, tally
	}
	tally.Add(t, v.Grid.Difference)
	other.Advance(t)
	repeat := 0
	if d := v.Difference; d != nil && d.Previous == 0 && d.Low == 0 {
		repeat = 1
	}
	f.repeats.Add(t, repeat)
	f.past.see(t, v)
	f.codings.see(t, v)
	return t-f.began >= freezeSpan.Microseconds() && f.judged().Len() >= freezePictures
}

// stopped tells that pictures have begun to come again exactly as they were: however slowly it changed before, that is over. What a coder leaves
// out of a slow change it makes up for with the next key picture, and that is seen.
func (f *Freeze) stopped() bool {
	was := f.repeating
	f.repeating = float64(f.repeats.Count(1)) >= repeatShare*float64(f.repeats.Len())
	return f.repeating && !was
}

// judged are the pictures that tell: the predicted ones, as intra coding moves a still picture; all, where all are intra coded.
func (f *Freeze) judged() *window.Tally {
	if f.predicted.Len() >= freezePictures {
		return &f.predicted
	}
	return &f.coded
}

// moved are the cells that have moved in more pictures than a coder's pulses take.
func (f *Freeze) moved() window.CellSet {
	w := f.judged()
	return w.HighAbove(int((1 - freezeShare) * float64(w.Len())))
}

// still is the share of the picture's middle that has stood still; where that is below Clear, trembling cells may be left out.
func (f *Freeze) still(moved window.CellSet) float64 {
	w, all := f.judged(), float64(middleCells.Len())
	most := float64(moved.And(middleCells).Len())
	if still := 1 - most/all; still < f.Clear {
		return still
	}
	trembled := w.LowAbove(w.Len() / 2).Without(moved)
	return 1 - (most+trembleWeight*float64(trembled.And(middleCells).Len()))/all
}

// intra tells whether a picture is coded by itself: a key picture or one of type I (AV_PICTURE_TYPE_I).
func intra(v *schemas.VideoFrame) bool { return v.Flags&1 != 0 || v.Flags>>8&7 == 1 }
