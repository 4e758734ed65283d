package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// DroppedFrames judges how many pictures are missing between two that came, by their time stamps.
type DroppedFrames struct {
	Options `yaml:",inline"`

	// pts, duration and sampling are those of the picture before; ours tells that we may have left out pictures since.
	pts      int64
	duration int32
	sampling int32
	ours     bool

	sequence sequence
	lasting  lasting
}

// longestHole is the step of time stamps from which pictures are not missing but gone, in 90 kHz: no_signal and track_missing tell of that.
const longestHole = 2 * 90_000

// holeTime is the same by the records' time.
const holeTime = 2 * time.Second

// NewDroppedFrames is the rule with its documented defaults.
func NewDroppedFrames() Rule {
	return &DroppedFrames{Options: Options{
		// One or two are seen by nobody, and time stamps that are rounded to milliseconds or of another rate than is told miss one.
		Raise: 3, Clear: 3,
		For: untilHeartbeat,
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
	return d.lasting.take(r.Time, d.hole(r.Time, f)), true
}

// hole judges that between the picture and the one before.
func (d *DroppedFrames) hole(t int64, f *schemas.VideoFrame) Verdict {
	comparable := !d.ours && d.sampling == 1
	comparable = d.sequence.follows(t, f, holeTime) && comparable
	step, lasts := f.PTS-d.pts, int64(d.duration)
	d.pts, d.duration, d.sampling, d.ours = f.PTS, f.Duration, f.Sampling, false
	if !comparable || lasts <= 0 || step <= 0 || step > longestHole {
		return Verdict{From: t, To: t}
	}
	missing := max(0, math.Round(float64(step)/float64(lasts))-1)
	return d.verdict(missing).over(t-int64(missing)*lasts*100/9, t)
}

// Describe tells what the figure is.
func (*DroppedFrames) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames | StreamSeconds, Unit: "", Summary: "%s pictures are missing in a row", Window: 2 * time.Second, Gap: time.Second,
		Parents: []string{"no_signal"},
	}
}
