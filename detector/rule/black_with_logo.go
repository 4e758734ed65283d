package rule

import (
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// logoSpan is how long a cell must have been lit to be a logo.
	logoSpan = time.Second
	// logoGap without a picture makes it forget.
	logoGap = time.Second
)

// BlackWithLogo judges whether the picture is black but for a logo in a corner: the station is on air, the programme is not.
type BlackWithLogo struct {
	Options `yaml:",inline"`
	// Level is as in black.
	Level int `yaml:"level"`

	// lit are the cells that are, since is from when on each of them has been without a break, microseconds.
	lit   window.CellSet
	since [window.Cells]int64
	// began and last are the times of the first and newest picture without a break.
	began, last int64
}

// NewBlackWithLogo is the rule with its documented defaults.
func NewBlackWithLogo() Rule {
	return &BlackWithLogo{
		Options: Options{
			// Outside the logo as much must be black as in black.
			Raise: 0.98, Clear: 0.95,
			// Longer than black: titles rest in corners for a second.
			For:           2 * time.Second,
			KeepFiringFor: 500 * time.Millisecond,
			Severity:      "warning",
			CriticalAfter: 10 * time.Second,
		},
		Level: 24,
		last:  never,
	}
}

// Judge looks whether all that is lit has been lit for a while and stands in the corners, and how black the rest is.
func (b *BlackWithLogo) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	from, to := r.Time, r.Time+duration(f)
	if f.Grid == nil || f.Luma == nil {
		b.last = never
		return Verdict{From: from, To: to}, true
	}
	cells, constant := b.look(r.Time, f.Grid)
	if r.Time-b.began < logoSpan.Microseconds() {
		return Verdict{From: from, To: to}, true
	}
	if cells == 0 || !constant {
		return b.verdict(0).over(from, to), true
	}
	rest := float64(columns*rows-cells) / (columns * rows)
	return b.verdict(min(darkShare(f.Luma, b.Level)/rest, 1)).over(from, to), true
}

// Describe tells what the figure is.
func (*BlackWithLogo) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "share", Area: true, Summary: "%s of the picture around the logo is black", Window: logoSpan, Gap: logoGap,
		Parents: []string{"no_signal", "black"},
	}
}

// Validate tells what is wrong with the options.
func (b *BlackWithLogo) Validate() error {
	if err := validLevel(b.Level); err != nil {
		return err
	}
	return b.Options.Validate()
}

// look counts the lit cells. constant is false when one of them is outside the corners, or none has been lit for logoSpan.
func (b *BlackWithLogo) look(t int64, g *schemas.Grid) (cells int, constant bool) {
	if t-b.last > logoGap.Microseconds() {
		b.began, b.lit = t, window.CellSet{}
	}
	b.last = t
	lit := window.CellsFrom(&g.Mean, b.Level+1)
	// Only of the corners' cells it is ever asked for how long.
	for i := range lit.Without(b.lit).And(cornerCells).Each() {
		b.since[i] = t
	}
	if b.lit = lit; !lit.Without(cornerCells).Empty() {
		return lit.Len(), false
	}
	for i := range lit.Each() {
		constant = constant || t-b.since[i] >= logoSpan.Microseconds()
	}
	return lit.Len(), constant
}
