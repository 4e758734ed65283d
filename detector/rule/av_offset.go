package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// settling is how long after a session's or an epoch's beginning times of arrival say nothing: connections begin with a burst, and what one
	// multiplexer has the one wait for the other another does not.
	settling = 12 * time.Second
	// offsetSpreads is how many of its spreads a stream's offset must be away from its level where that is more than the limit.
	offsetSpreads = 4
)

// AVOffset judges by how much sound is presented earlier or later against the pictures than is usual for the stream, as time stamps against times of
// arrival tell: an encoder that has lost the one against the other moves its time stamps and not its media. What was wrong from the beginning cannot be
// seen so, and a drift of less than 0.3 ms a second becomes usual. The figure is in limits.
type AVOffset struct {
	Options `yaml:",inline"`
	// Early and Late are the limits, in milliseconds, of sound that comes before or after its picture.
	Early float64 `yaml:"early"`
	Late  float64 `yaml:"late"`

	relative `yaml:"-"`
	began    bool
	// epoch and session of the newest heartbeat, and when the one or the other was new.
	epoch   int32
	session int64
	since   int64
}

// NewAVOffset is the rule with its documented defaults.
func NewAVOffset() Rule {
	return &AVOffset{Options: Options{
		// The limits of acceptance. Viewers detect 45 ms early, which is half of that, and 125 ms late.
		Raise: 1, Clear: 0.5,
		// A gap in one track's arrival is shorter.
		For: 10 * time.Second, KeepFiringFor: 5 * time.Second,
		Severity: "warning",
	},
		// ITU-R BT.1359-1, annex 2, figure 2.
		Early: 90, Late: 185}
}

// Judge reads the second's skew. Our own losses and thinning, and the time after a beginning, are unknown.
func (a *AVOffset) Judge(r *Record) (Verdict, bool) {
	s := r.StreamSecond
	if s == nil {
		return Verdict{}, false
	}
	if !a.began || s.Epoch != a.epoch || s.Session != a.session {
		a.began, a.epoch, a.session, a.since = true, s.Epoch, s.Session, r.Time
	}
	v := Verdict{}
	if skew, ok := a.skew(r.Time, s); ok {
		if a.usual.Known() {
			v = a.verdict(a.figure(skew))
		}
		if v.Sample = skew; skew == 0 {
			v.Sample = 1e-6 // 0 would be none
		}
	}
	return v.over(r.Time-time.Second.Microseconds(), r.Time), true
}

// skew is the lead of sound's time stamps in the middle of the second, in milliseconds; ok is false where it says nothing.
func (a *AVOffset) skew(t int64, s *schemas.StreamSecond) (skew float64, ok bool) {
	thinned := s.Dropped > 0 || s.Sampling != nil && *s.Sampling == 0
	if s.State != "up" || thinned || t-a.since < settling.Microseconds() || s.Timing == nil || s.Timing.SkewMin == nil || s.Timing.SkewMax == nil {
		return 0, false
	}
	return (float64(*s.Timing.SkewMin) + float64(*s.Timing.SkewMax)) / 2000, true
}

// figure is how far the skew is from what is usual, in limits. Time stamps of sound that lead more than usual have it presented later.
func (a *AVOffset) figure(skew float64) float64 {
	away, limit := skew-a.usual.Level, a.Late
	if away < 0 {
		limit = a.Early
	}
	return math.Abs(away) / max(limit, offsetSpreads*a.usual.Spread)
}

// Describe tells what the figure is.
func (*AVOffset) Describe() Description {
	return Description{
		Version: 1, Unit: "", Summary: "Sound is off the pictures by %s times the limit", Window: settling, Gap: 2500 * time.Millisecond,
		Parents: []string{"no_signal", "track_missing", "pts_error"},
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
