package rule

import (
	"math"
	"slices"
	"time"
)

const (
	// leadSeconds is of how many seconds the lead is remembered, and earlySeconds how many of the oldest of them tell what was before.
	leadSeconds, earlySeconds = 13, 4
	// offsetSpreads is how many of its spreads a stream's lead must be away from its level where that is more than the limit.
	offsetSpreads = 4
	// fewLeads in a second say nothing.
	fewLeads = 10
)

// AVOffset judges by how much sound is presented earlier or later against the pictures than it was: the lead of its time stamps over those of the pictures
// that come with it. An encoder that loses the one against the other moves time stamps and not media. It is compared with what is usual for the stream, or
// with ten seconds before while that is not known. What was wrong from the beginning cannot be seen so, nor what a multiplexer has put in order
// again that interleaves by time stamps; a drift of less than 0.3 ms a second becomes usual. The figure is in limits.
type AVOffset struct {
	Options `yaml:",inline"`
	// Early and Late are the limits, in milliseconds, of sound that comes before or after its picture.
	Early float64 `yaml:"early"`
	Late  float64 `yaml:"late"`

	relative `yaml:"-"`
	// picture is the time stamp of the newest picture, 90 kHz, and second that of its time; began says that there is one, whole that the
	// beginning of its second was seen.
	picture, second int64
	began, whole    bool
	epoch           int32
	// sound is the time stamp of the end of the newest block, of the track of the lowest index, and heard its time.
	sound, heard int64
	track        int32
	// least and most lead of the second, 90 kHz, of so many.
	least, most int64
	count       int
	// leads are the middles of the last seconds without a break, in milliseconds, the newest last.
	leads []float64
}

// NewAVOffset is the rule with its documented defaults.
func NewAVOffset() Rule {
	return &AVOffset{Options: Options{
		// The limits of acceptance. Viewers detect 45 ms early, which is half of that, and 125 ms late.
		Raise: 1, Clear: 0.5,
		// A second in which tracks come in another order is none.
		For: 2500 * time.Millisecond, KeepFiringFor: 3 * time.Second,
		Severity: "warning",
	},
		// ITU-R BT.1359-1, annex 2, figure 2.
		Early: 90, Late: 185, heard: never}
}

// Judge takes the lead each time that a picture or a block comes, and judges each whole second when the first picture of the next has come. Where we pass over
// pictures ourselves nothing is known.
func (a *AVOffset) Judge(r *Record) (Verdict, bool) {
	if b := r.AudioBlock; b != nil {
		if b.Track <= a.track || r.Time-a.heard > trackGap {
			a.track, a.heard, a.sound = b.Track, r.Time, b.PTS+(blockEnd(r.Time, b)-r.Time)*9/100
			a.take(r.Time)
		}
		return Verdict{}, false
	}
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	if f.Sampling != 1 || f.Skipped > 0 {
		a.began, a.leads = false, a.leads[:0]
		return Verdict{From: r.Time, To: r.Time}, true
	}
	v, told := Verdict{}, false
	second := r.Time / 1_000_000
	switch broken := !a.began || f.Epoch != a.epoch || second > a.second+1; {
	case broken:
		a.began, a.whole, a.count, a.leads = true, false, 0, a.leads[:0]
	case second > a.second:
		v, told = a.judge().over(a.second*1_000_000, second*1_000_000), true
		a.whole, a.count = true, 0
	}
	a.epoch, a.second, a.picture = f.Epoch, second, f.PTS
	a.take(r.Time)
	return v, told
}

// take takes the lead of the newest block over the newest picture.
func (a *AVOffset) take(t int64) {
	if !a.began || t-a.heard > trackGap {
		return
	}
	lead := a.sound - a.picture
	if a.count == 0 {
		a.least, a.most = lead, lead
	}
	a.least, a.most, a.count = min(a.least, lead), max(a.most, lead), a.count+1
}

// judge judges the second that is over.
func (a *AVOffset) judge() Verdict {
	if !a.whole || a.count < fewLeads {
		a.leads = a.leads[:0]
		return Verdict{}
	}
	lead := float64(a.least+a.most) / 180
	if len(a.leads) == leadSeconds {
		a.leads = a.leads[:copy(a.leads, a.leads[1:])]
	}
	a.leads = append(a.leads, lead)
	v := Verdict{}
	switch early := a.leads[:min(earlySeconds, len(a.leads)-1)]; {
	case a.usual.Known():
		v = a.verdict(a.figure(lead-a.usual.Level, offsetSpreads*a.usual.Spread))
	case len(early) == earlySeconds:
		low, high := slices.Min(early), slices.Max(early)
		v = a.verdict(a.figure(lead-(low+high)/2, 2*(high-low)))
	}
	if a.usual.Sample = lead; lead == 0 {
		a.usual.Sample = 1e-6 // 0 would be none
	}
	return v
}

// figure is how far the lead is away, in milliseconds, in limits, or where that is more in what it varies by. Time stamps of sound that lead more than they
// did have it presented later.
func (a *AVOffset) figure(away, varies float64) float64 {
	limit := a.Late
	if away < 0 {
		limit = a.Early
	}
	return math.Abs(away) / max(limit, varies)
}

// Describe tells what the figure is.
func (*AVOffset) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames | AudioBlocks, Unit: "", Summary: "Sound has moved against the pictures by %s times the limit", Window: (leadSeconds + 1) * time.Second, Gap: 2500 * time.Millisecond,
		// Of silence coders make so little that it waits for what it is sent with.
		Parents: []string{"no_signal", "track_missing", "silence"},
	}
}

// Validate tells what is wrong with the options.
func (a *AVOffset) Validate() error {
	switch {
	case !(a.Early > 0) || !finite(a.Early):
		return errPositive("early", a.Early)
	case !(a.Late > 0) || !finite(a.Late):
		return errPositive("late", a.Late)
	}
	return a.Options.Validate()
}
