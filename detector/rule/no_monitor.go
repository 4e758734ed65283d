package rule

import "time"

const (
	// tickGap between two ticks says that the detector itself was away.
	tickGap = 3 * time.Second
	// absenceCap bounds the figure, and with it what the rule must remember.
	absenceCap = 10 * time.Second
)

// NoMonitor judges whether anybody monitors the stream: it is configured and time passes, but no heartbeat comes.
type NoMonitor struct {
	Options `yaml:",inline"`

	// tick is the newest tick and heard the tick at which the last heartbeat stood, microseconds; 0: none yet.
	tick, heard int64
	// beat is set by a heartbeat since the newest tick.
	beat bool
}

// NewNoMonitor is the rule with its documented defaults.
func NewNoMonitor() Rule {
	return &NoMonitor{Options: Options{
		// A supervisor sends one heartbeat a second; five missing in a row are no jitter.
		Raise: 5, Clear: 2,
		// The figure is itself a duration.
		For: 0,
		// Two heartbeats show that somebody is there again.
		KeepFiringFor: 2 * time.Second,
		// Whatever happens on the stream now is not seen.
		Severity: "critical",
	}}
}

// Judge counts the ticks since the last heartbeat, in seconds. After a gap in the ticks it counts anew.
func (n *NoMonitor) Judge(r *Record) (Verdict, bool) {
	switch {
	case r.StreamSecond != nil:
		n.beat = true
		return Verdict{}, false
	case r.Tick == nil:
		return Verdict{}, false
	}
	away := n.tick == 0 || r.Time-n.tick > tickGap.Microseconds()
	n.tick = r.Time
	if away || n.beat {
		n.heard = r.Time
	}
	if away && !n.beat {
		return Verdict{From: r.Time, To: r.Time}, true
	}
	n.beat = false
	silent := min(r.Time-n.heard, absenceCap.Microseconds())
	return n.verdict(float64(silent)/1e6).over(n.heard, r.Time), true
}

// Describe tells what the figure is.
func (*NoMonitor) Describe() Description {
	return Description{
		Version: 1, Records: StreamSeconds | Ticks, Unit: "s", Summary: "Nobody has monitored the stream for %s", Window: absenceCap, Gap: tickGap, Absence: true,
	}
}
