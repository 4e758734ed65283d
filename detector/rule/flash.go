package rule

import (
	"time"

	"github.com/framewatch/framewatch/detector/window"
)

// flashMemory is how long a picture has a part in the verdict on another.
const flashMemory = 7 * time.Second

// Flash judges whether the picture flashes so much that people with photosensitive epilepsy are in danger, by WCAG 2.2 and ITU-R BT.1702: of
// luminance (part "luminance") and of saturated red (part "red"). The figure is transitions within a second, two to a flash.
type Flash struct {
	Options `yaml:",inline"`

	queue          `yaml:"-"`
	epoch          int32
	began          bool
	luminance, red *window.Flash
	// since is the time of the first picture that counts, last that of the newest.
	since, last int64
}

const (
	// wholeLight and redUnit are the units of VideoFrame.flash, flashCells the cells that it counts.
	wholeLight, redUnit, flashCells = 65535, 64, 2304
)

// NewFlash is the rule with its documented defaults.
func NewFlash() Rule {
	return &Flash{Options: Options{
		// More than three flashes within a second.
		Raise: 7, Clear: 5,
		// One second of it is enough to harm.
		For: 0, KeepFiringFor: 2 * time.Second,
		Severity: "critical",
	}, luminance: window.NewLuminanceFlash(), red: window.NewRedFlash()}
}

// Judge counts the transitions of the last second.
func (x *Flash) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	x.begin()
	end := r.Time + duration(f)
	if !x.began || f.Epoch != x.epoch || r.Time-x.last > time.Second.Microseconds() || f.Flash == nil || f.Sampling != 1 || f.Skipped > 0 {
		x.luminance.Reset()
		x.red.Reset()
		x.epoch, x.began, x.since = f.Epoch, true, r.Time
	}
	x.last = r.Time
	light, red := Verdict{From: r.Time}, Verdict{From: r.Time}
	if m := f.Flash; m != nil {
		light = x.judge(x.luminance, r.Time, float64(m.LuminanceMean)/wholeLight, m.LuminanceChanged)
		red = x.judge(x.red, r.Time, float64(m.RedMean)/redUnit, m.RedChanged)
	}
	light.To, red.To = end, end
	x.say("luminance", light)
	x.say("red", red)
	return x.More()
}

// judge puts the figure of a picture into the transitions and counts them.
func (x *Flash) judge(flashes *window.Flash, t int64, mean float64, changed *int32) Verdict {
	flashes.Add(t, mean, float64(known(changed))/flashCells)
	v, n := Verdict{}, flashes.Transitions()
	if t-x.since >= flashMemory.Microseconds() || n >= int(x.Raise) {
		v = x.verdict(float64(n))
	}
	v.From = t
	if since, ok := flashes.Since(); ok && v.State == Bad {
		v.From = since
	}
	return v
}

// Describe tells what the figure is.
func (*Flash) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "", Summary: "The picture flashes: %s changes within a second", Window: flashMemory, Gap: time.Second, Parents: []string{"no_signal"},
	}
}
