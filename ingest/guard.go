package ingest

import (
	"fmt"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// maxFuture is how far a record of a running stream may be ahead of the wall, and maxStep how far one may be ahead of all before it
	// offline, in microseconds. The presentation clock keeps well within both.
	maxFuture = 15_000_000
	maxStep   = 60_000_000
	// maxTracks bounds the tracks that a stream may have.
	maxTracks = 256
)

// guard checks that what a worker sends can be true. It trusts nothing: a worker decodes hostile input. One goroutine.
type guard struct {
	session int64
	// now is microseconds since session on the wall; nil when presentation time is free, offline.
	now func() int64

	epoch, version int32
	frames         sequence
	blocks         map[int32]*sequence
	picture        int64
	furthest       int64
}

// sequence is what one track has sent last.
type sequence struct{ seq, at int64 }

func newGuard(session int64, now func() int64) *guard {
	return &guard{session: session, now: now, frames: sequence{seq: -1}, blocks: map[int32]*sequence{}}
}

// Record tells what is wrong with a record, nil when nothing is.
func (g *guard) Record(f *schemas.Feature) error {
	switch {
	case f.VideoFrame != nil:
		v := f.VideoFrame
		if v.Skipped < 0 || v.Skipped > passedMost || v.Duration < 0 || v.Duration > maxJump || v.Sampling < 0 || v.Sampling > passedMost || v.Format < 0 || v.Format > g.version {
			return fmt.Errorf("a picture skips %d, lasts %d, is one of %d and of format %d", v.Skipped, v.Duration, v.Sampling, v.Format)
		}
		return g.measured("picture", &g.frames, v.Session, v.Epoch, v.Seq, v.At)
	case f.AudioBlock != nil:
		b := f.AudioBlock
		if b.Skipped < 0 || b.Skipped > passedMost || b.Samples < 0 || b.Track < 0 || b.Track >= maxTracks || b.Format < 0 || b.Format > g.version {
			return fmt.Errorf("sound of track %d skips %d, has %d samples and is of format %d", b.Track, b.Skipped, b.Samples, b.Format)
		}
		s := g.blocks[b.Track]
		if s == nil {
			s = &sequence{seq: -1}
			g.blocks[b.Track] = s
		}
		return g.measured("sound", s, b.Session, b.Epoch, b.Seq, b.At)
	case f.Inventory != nil:
		i := f.Inventory
		if i.Session != g.session || i.Version < g.version || len(i.Tracks) > maxTracks {
			return fmt.Errorf("an inventory of session %d, version %d after %d, has %d tracks", i.Session, i.Version, g.version, len(i.Tracks))
		}
		g.version = i.Version
		return g.instant("inventory", i.At)
	}
	return fmt.Errorf("a record is none that a worker may make")
}

// Picture checks the instant of a picture.
func (g *guard) Picture(p *picture) error {
	if p.At < g.picture {
		return fmt.Errorf("a picture's at goes back from %d to %d", g.picture, p.At)
	}
	g.picture = p.At
	return g.instant("picture", p.At)
}

// Packet checks the instant of a packet. Packets come in the order of decoding, so instants may go back.
func (g *guard) Packet(p *packet) error { return g.instant("packet", p.At) }

func (g *guard) measured(what string, last *sequence, session int64, epoch int32, seq, at int64) error {
	switch {
	case session != g.session:
		return fmt.Errorf("a %s is of session %d, not %d", what, session, g.session)
	case epoch < g.epoch:
		return fmt.Errorf("a %s's epoch goes back from %d to %d", what, g.epoch, epoch)
	case seq <= last.seq:
		return fmt.Errorf("a %s's seq goes from %d to %d", what, last.seq, seq)
	case at < last.at:
		return fmt.Errorf("a %s's at goes back from %d to %d", what, last.at, at)
	}
	g.epoch, last.seq, last.at = epoch, seq, at
	return g.instant(what, at)
}

func (g *guard) instant(what string, at int64) error {
	if at < 0 {
		return fmt.Errorf("a %s is %d us before its session", what, -at)
	}
	limit := g.furthest + maxStep
	if g.now != nil {
		limit = g.now() + maxFuture
	}
	if at > limit {
		return fmt.Errorf("a %s is at %d us, later than %d can be", what, at, limit)
	}
	g.furthest = max(g.furthest, at)
	return nil
}
