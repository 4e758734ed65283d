package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// DroppedFrames judges how many pictures are missing between two that came, by their time stamps.
type DroppedFrames struct {
	Options `yaml:",inline"`

	// last is the picture before; ours tells that we may have left out pictures since.
	last  schemas.VideoFrame
	time  int64
	began bool
	ours  bool
}

// longestHole is the step of time stamps from which pictures are not missing but gone, in 90 kHz: no_signal and track_missing tell of that.
const longestHole = 2 * 90_000

// holeTime is the same in microseconds of the records' time.
const holeTime = 2_000_000

// NewDroppedFrames is the rule with its documented defaults.
func NewDroppedFrames() Rule {
	return &DroppedFrames{Options: Options{
		// One or two are seen by nobody, and time stamps that are rounded to milliseconds or of another rate than is told miss one.
		Raise: 3, Clear: 3,
		For: 0,
		// Holes that come in a row are one defect.
		KeepFiringFor: 5 * time.Second,
		Severity:      "warning",
	}}
}

// Judge compares the step of the time stamps with how long the picture before was to last.
func (d *DroppedFrames) Judge(r *Record) (Verdict, bool) {
	if second := r.StreamSecond; second != nil && known(second.FramesPassed) > 0 {
		d.ours = true
	}
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	last, comparable := d.last, d.began && !d.ours && r.Time-d.time <= holeTime && d.last.Sampling == 1 && f.Sampling == 1 && f.Skipped == 0
	d.last = schemas.VideoFrame{Session: f.Session, Epoch: f.Epoch, PTS: f.PTS, Duration: f.Duration, Sampling: f.Sampling}
	d.began, d.ours, d.time = true, false, r.Time
	step, lasts := f.PTS-last.PTS, int64(last.Duration)
	if !comparable || f.Session != last.Session || f.Epoch != last.Epoch || lasts <= 0 || step <= 0 || step > longestHole {
		return Verdict{From: r.Time, To: r.Time}, true
	}
	missing := max(0, math.Round(float64(step)/float64(lasts))-1)
	return d.verdict(missing).over(r.Time-int64(missing)*lasts*100/9, r.Time), true
}

// Describe tells what the figure is.
func (*DroppedFrames) Describe() Description {
	return Description{
		Version: 1, Unit: "", Summary: "%s pictures are missing in a row", Window: 2 * time.Second, Gap: time.Second, Parents: []string{"no_signal"},
	}
}
