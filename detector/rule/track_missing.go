package rule

import (
	"slices"
	"time"
)

// TrackMissing judges whether all kinds of media that the stream declares are there: pictures (part "video") and sound (part "audio"), while
// the other one is; and whether its Inventory lists each track that the stream must have (part e.g. "audio eng").
type TrackMissing struct {
	Options `yaml:",inline"`
	// Expect are the kinds that the stream is to have, declared or not: video, audio.
	Expect []string `yaml:"expect"`

	queue `yaml:"-"`
	// declared tells which kinds the newest Inventory has, at is when it came.
	declared map[string]bool
	at       int64
	// wanted are the tracks that the stream must have.
	wanted []wantedTrack
}

// wantedTrack is a track that the stream must have, and what the newest Inventory says of it.
type wantedTrack struct {
	WantedTrack
	part         string
	found, known bool
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
		for n := range t.wanted {
			t.wanted[n].found, t.wanted[n].known = t.wanted[n].in(i)
		}
		t.at = r.Time
		return Verdict{}, false
	}
	s := r.StreamSecond
	if s == nil {
		return Verdict{}, false
	}
	t.begin()
	// What an older Inventory said is not known any more.
	declared := r.Time-t.at <= (inventoryEvery + 2*time.Second).Microseconds()
	for _, kind := range mediaKinds {
		here, other := s.FramesDecoded > 0 || known(s.FramesPassed) > 0, s.AudioBlocks > 0
		if kind == "audio" {
			here, other = other, here
		}
		v := Verdict{}
		if s.State == "up" && s.Dropped == 0 && (declared || s.FramesDecoded > 0) {
			wanted := declared && t.declared[kind] || slices.Contains(t.Expect, kind)
			figure := 0.0
			if wanted && !here && other {
				figure = 1
			}
			v = t.verdict(figure)
		}
		t.say(kind, v.over(r.Time-time.Second.Microseconds(), r.Time))
	}
	t.judgeWanted(r, s.State == "up" && declared)
	return t.More()
}

// judgeWanted judges each track that the stream must have, where the newest Inventory tells.
func (t *TrackMissing) judgeWanted(r *Record, told bool) {
	for _, w := range t.wanted {
		v := Verdict{}
		if told && w.known {
			figure := 1.0
			if w.found {
				figure = 0
			}
			v = t.verdict(figure)
		}
		t.say(w.part, v.over(r.Time-time.Second.Microseconds(), r.Time))
	}
}

// Want takes the tracks that the stream must have.
func (t *TrackMissing) Want(w Wanted) {
	t.wanted = t.wanted[:0]
	for _, track := range w.Tracks {
		t.wanted = append(t.wanted, wantedTrack{WantedTrack: track, part: track.String()})
	}
}

// Describe tells what the figure is.
func (*TrackMissing) Describe() Description {
	return Description{
		Version: 1, Records: StreamSeconds | Inventories, Unit: "", Summary: "A track is missing", Window: inventoryEvery + 2*time.Second, Gap: 2500 * time.Millisecond, Parents: []string{"no_signal"},
	}
}

// Validate tells what is wrong with the options.
func (t *TrackMissing) Validate() error {
	return validated(&t.Options, "expect", t.Expect, mediaKinds)
}
