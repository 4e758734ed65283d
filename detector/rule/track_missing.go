package rule

import (
	"slices"
	"time"
)

// TrackMissing judges whether all kinds of media that the stream declares are there: pictures (part "video") and sound (part "audio"), while
// the other one is.
type TrackMissing struct {
	Options `yaml:",inline"`
	// Expect are the kinds that the stream is to have, declared or not: video, audio.
	Expect []string `yaml:"expect"`

	queue `yaml:"-"`
	// declared tells which kinds the newest Inventory has, at is when it came.
	declared map[string]bool
	at       int64
}

// kinds of media that are judged.
var mediaKinds = []string{"video", "audio"}

// NewTrackMissing is the rule with its documented defaults.
func NewTrackMissing() Rule {
	return &TrackMissing{Options: Options{
		// A second without any of it.
		Raise: 1, Clear: 1,
		// Tracks of one container are up to two seconds apart.
		For: 3 * time.Second, KeepFiringFor: 2 * time.Second,
		Severity: "critical",
	}, declared: map[string]bool{}, at: never}
}

// Judge reads the heartbeat. Where there is neither pictures nor sound there is no signal, which is another rule's.
func (t *TrackMissing) Judge(r *Record) (Verdict, bool) {
	if i := r.Inventory; i != nil {
		clear(t.declared)
		for _, track := range i.Tracks {
			t.declared[track.Kind] = true
		}
		t.at = r.Time
		return Verdict{}, false
	}
	s := r.StreamSecond
	if s == nil {
		return Verdict{}, false
	}
	t.waiting = t.waiting[:0]
	// What an older Inventory said is not known any more.
	declared := r.Time-t.at <= (inventoryEvery + 2*time.Second).Microseconds()
	for _, kind := range mediaKinds {
		here, other := s.FramesDecoded > 0 || known(s.FramesPassed) > 0, s.AudioBlocks > 0
		if kind == "audio" {
			here, other = other, here
		}
		v := Verdict{Part: kind}
		if s.State == "up" && s.Dropped == 0 && (declared || s.FramesDecoded > 0) {
			wanted := declared && t.declared[kind] || slices.Contains(t.Expect, kind)
			figure := 0.0
			if wanted && !here && other {
				figure = 1
			}
			v = t.verdict(figure)
			v.Part = kind
		}
		t.waiting = append(t.waiting, v.over(r.Time-time.Second.Microseconds(), r.Time))
	}
	return t.More()
}

// Describe tells what the figure is.
func (*TrackMissing) Describe() Description {
	return Description{
		Version: 1, Unit: "", Summary: "A track is missing", Window: inventoryEvery + 2*time.Second, Gap: 2500 * time.Millisecond, Parents: []string{"no_signal"},
	}
}

// Validate tells what is wrong with the options.
func (t *TrackMissing) Validate() error {
	return validated(&t.Options, "expect", t.Expect, mediaKinds)
}
