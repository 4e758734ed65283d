package detector

import (
	"fmt"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// defaultPreRoll and defaultPostRoll: a picture fades before the splice, and encoders come back late by a second of buffer.
	defaultPreRoll, defaultPostRoll = time.Second, 2 * time.Second
	// outlasting is how long the last heartbeat's word on an ad break counts.
	outlasting = 3 * time.Second
	// foretold is how long before its time a cue is remembered, and how old a picture may be that tells when that is: as long as a rule remembers.
	foretold = 15 * time.Second
	// mostCues is how many breaks to come are remembered: the newest word counts.
	mostCues = 8
	// clockTurn is one turn of the 33 bits of a PTS.
	clockTurn = 1 << 33
)

// expected is what a stream's expectations cover now. Planned times are judged by the records' own; ad breaks by what its cues have said.
type expected struct {
	text, refused string
	Expectations
	breakKinds        []string
	preRoll, postRoll int64
	silent            []string // the parts of SilentTracks
	breaks            breaks
}

// use takes other expectations. Those that cannot be used change nothing.
func (x *expected) use(text string) error {
	e, err := ParseExpectations(text)
	if err != nil {
		return err
	}
	x.text, x.Expectations = text, e
	x.breakKinds, x.silent = nil, nil
	if b := e.AdBreaks; b != nil {
		x.breakKinds = breakKinds
		if len(b.Kinds) > 0 {
			x.breakKinds = b.Kinds
		}
		x.preRoll, x.postRoll = roll(b.PreRoll, defaultPreRoll), roll(b.PostRoll, defaultPostRoll)
	}
	for _, track := range e.SilentTracks {
		x.silent = append(x.silent, fmt.Sprintf("track %d", track))
	}
	return nil
}

func roll(chosen *time.Duration, fallback time.Duration) int64 {
	if chosen != nil {
		return chosen.Microseconds()
	}
	return fallback.Microseconds()
}

// covers tells whether a bad verdict of a rule, on the record at t, is expected. It is so for as long after the expected time as the rule remembers.
func (x *expected) covers(j *judge, part string, t int64) bool {
	memory := j.description.Window.Microseconds()
	if slices.Contains(x.silent, part) && slices.Contains(silentKinds, j.kind) {
		return true
	}
	if slices.Contains(x.breakKinds, j.kind) && x.breaks.cover(t, x.preRoll, max(x.postRoll, memory)) {
		return true
	}
	for _, p := range x.Planned {
		if p.From == nil || p.To == nil || t < p.From.UnixMicro() || t-memory >= p.To.UnixMicro() {
			continue
		}
		if slices.Contains(p.Kinds, j.kind) || p.Kinds[0] == allKinds && j.kind != "no_monitor" {
			return true
		}
	}
	return false
}

// breaks is what the stream's SCTE-35 cues say of ad breaks, not longer ago than a rule may remember. It is forgotten with the session and when
// the heartbeat is missing.
type breaks struct {
	// out is the last heartbeat's word, heard when it was folded; left is when it was last that we are out.
	out         bool
	heard, left int64
	// pts of the newest picture, 90 kHz, and its time; shown says that there was one.
	pts, at int64
	shown   bool
	// cues are the breaks that are to come, as they were told, the oldest word first.
	cues []cue
}

// cue tells of a break that is to come: the id of its event, -1 for none, its pts, and when it was told.
type cue struct{ id, pts, told int64 }

// see takes a record's word.
func (b *breaks) see(t int64, f *schemas.Feature) {
	if v := f.VideoFrame; v != nil {
		b.pts, b.at, b.shown = v.PTS, t, true
		return
	}
	s := f.StreamSecond
	if s == nil || s.Splice == nil {
		return
	}
	b.out, b.heard = s.Splice.Out, t
	if b.out {
		b.left = t
	}
	if s.Splice.Events == nil {
		return
	}
	for _, e := range *s.Splice.Events {
		c := cue{id: -1, told: t}
		if e.EventID != nil {
			c.id = *e.EventID
		}
		begins := e.Out != nil && *e.Out && e.PTS != nil
		if !e.Cancelled && !begins {
			continue
		}
		// Another word on the same event is in place of the earlier one.
		b.cues = slices.DeleteFunc(b.cues, func(o cue) bool { return o.id == c.id || t-o.told > foretold.Microseconds() })
		if begins && !e.Cancelled {
			c.pts = *e.PTS
			b.cues = append(b.cues[max(0, len(b.cues)-mostCues+1):], c)
		}
	}
}

// cover tells whether t is in a break, or so long before or after one, in microseconds.
func (b *breaks) cover(t, pre, post int64) bool {
	switch {
	case b.out && t-b.heard <= outlasting.Microseconds():
		return true
	case b.left > 0 && t-b.left <= post:
		return true
	case !b.shown || t-b.at > foretold.Microseconds():
		return false
	}
	return slices.ContainsFunc(b.cues, func(c cue) bool {
		ahead := (c.pts - b.pts) & (clockTurn - 1)
		if ahead >= clockTurn/2 {
			ahead -= clockTurn
		}
		splice := b.at + ahead*100/9
		return t-c.told <= foretold.Microseconds() && t >= splice-pre && t <= splice+outlasting.Microseconds()
	})
}
