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
	x.waiting = x.waiting[:0]
	end := r.Time + duration(f)
	if !x.began || f.Epoch != x.epoch || r.Time-x.last > time.Second.Microseconds() || f.Flash == nil || f.Sampling != 1 || f.Skipped > 0 {
		x.luminance.Reset()
		x.red.Reset()
		x.epoch, x.began, x.since = f.Epoch, true, r.Time
	}
	x.last = r.Time
	for _, part := range []struct {
		name    string
		flashes *window.Flash
		mean    func() (mean float64, changed *int32)
	}{
		{"luminance", x.luminance, func() (float64, *int32) { return float64(f.Flash.LuminanceMean) / wholeLight, f.Flash.LuminanceChanged }},
		{"red", x.red, func() (float64, *int32) { return float64(f.Flash.RedMean) / redUnit, f.Flash.RedChanged }},
	} {
		v := Verdict{}
		if f.Flash != nil {
			mean, changed := part.mean()
			part.flashes.Add(r.Time, mean, float64(known(changed))/flashCells)
			if r.Time-x.since >= flashMemory.Microseconds() || part.flashes.Transitions() >= int(x.Raise) {
				v = x.verdict(float64(part.flashes.Transitions()))
			}
		}
		v.Part = part.name
		v = v.over(r.Time, end)
		if since, ok := part.flashes.Since(); ok && v.State == Bad {
			v.From = since
		}
		x.waiting = append(x.waiting, v)
	}
	return x.More()
}

// Describe tells what the figure is.
func (*Flash) Describe() Description {
	return Description{
		Version: 1, Unit: "", Summary: "The picture flashes: %s changes within a second", Window: flashMemory, Gap: time.Second, Parents: []string{"no_signal"},
	}
}
