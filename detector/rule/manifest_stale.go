package rule

import "time"

// ManifestStale judges whether a live playlist of HLS or DASH goes on: how many target durations ago it last changed. The playlist of sound beside
// the pictures is part "sound".
type ManifestStale struct {
	Options `yaml:",inline"`

	queue `yaml:"-"`
}

// NewManifestStale is the rule with its documented defaults.
func NewManifestStale() Rule {
	return &ManifestStale{Options: Options{
		// A server has 1.5 target durations for the next change (RFC 8216, 6.2.2). Who reloads after one, and then after each half of one (6.3.4), sees
		// a change that late after 2, so that 1.5, at which others warn, are reached by a server that keeps to the rules. After 3 a player that began
		// where it should (6.3.3) has nothing left to play.
		Raise: 3, Clear: 2,
		// Where the whole source is gone, pictures and sound end by then too, and that is told.
		For: 3 * time.Second, KeepFiringFor: 5 * time.Second,
		Severity: "warning",
	}}
}

// Judge looks how old the list is. A finished one does not get old, and of one that may be finished nothing is said.
func (m *ManifestStale) Judge(r *Record) (Verdict, bool) {
	s := r.StreamSecond
	if s == nil || s.Playlist == nil {
		return Verdict{}, false
	}
	p := s.Playlist
	if p.Ended == nil || *p.Ended || p.TargetMS <= 0 {
		return Verdict{}, false
	}
	m.begin()
	m.list("", p.AgeMS, s.State, p.TargetMS, r.Time)
	if p.SoundAgeMS != nil {
		m.list("sound", *p.SoundAgeMS, s.State, p.TargetMS, r.Time)
	}
	return m.More()
}

// list judges one list of age and target milliseconds in a second of state that ends at now. While the fault is ours nobody reloads it.
func (m *ManifestStale) list(name string, age int32, state string, target int32, now int64) {
	v := m.verdict(float64(age) / float64(target))
	if state == "fault" {
		v = Verdict{}
	}
	m.say(name, v.over(now-time.Second.Microseconds(), now))
}

// Describe tells what the figure is.
func (*ManifestStale) Describe() Description {
	return Description{
		Version: 1, Records: StreamSeconds, Unit: "target durations", Summary: "The playlist has not changed for %s", Window: time.Second, Gap: 2500 * time.Millisecond,
		Parents: []string{"no_signal"},
	}
}
