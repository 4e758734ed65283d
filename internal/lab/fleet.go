package lab

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Fleet simulates many streams: each plays the same recorded records over and over, as one session of its own, from a second of its own.
type Fleet struct {
	tape []*schemas.Feature
	// length of the tape, microseconds: whole seconds.
	length int64
}

// NewFleet plays the records that ingest.Measure gave of a file: pictures, sounds, seconds and inventories. They are not changed.
func NewFleet(records []*schemas.Feature) (*Fleet, error) {
	f := &Fleet{}
	for _, r := range records {
		if r.StreamSecond != nil {
			f.length = max(f.length, r.StreamSecond.At)
		}
	}
	if f.length -= f.length % second; f.length == 0 {
		return nil, fmt.Errorf("simulate a fleet: the records hold less than a second")
	}
	for _, r := range records {
		if r.Tick == nil && r.Setting == nil && place(r) <= 2*f.length {
			f.tape = append(f.tape, r)
		}
	}
	slices.SortStableFunc(f.tape, func(a, b *schemas.Feature) int { return cmp.Compare(place(a), place(b)) })
	return f, nil
}

// second in microseconds.
const second = int64(time.Second / time.Microsecond)

// turn is the stretch of time that is played of one stream before the next has its turn: 0.1 s.
const turn = second / 10

// Records are those of all streams for length, by stream id, in turns. The sessions start at start, microseconds since the Unix epoch.
func (f *Fleet) Records(streams int, start int64, length time.Duration) iter.Seq2[string, *schemas.Feature] {
	players := make([]tapePlayer, streams)
	for i := range players {
		phase := f.length * int64(i) / int64(streams) / second * second
		next := slices.IndexFunc(f.tape, func(r *schemas.Feature) bool { return place(r) > 2*phase })
		players[i] = tapePlayer{fleet: f, session: start, shift: -phase, next: next, sounds: map[int32]int64{}}
	}
	return func(yield func(string, *schemas.Feature) bool) {
		for until := turn; until <= length.Microseconds(); until += turn {
			for i := range players {
				id := fmt.Sprintf("stream-%05d", i)
				for players[i].time() < until {
					if !yield(id, players[i].record()) {
						return
					}
				}
			}
		}
	}
}

// tapePlayer is one stream of a fleet.
type tapePlayer struct {
	fleet   *Fleet
	session int64
	// next is the record on the tape, shift what its time is behind the session's, microseconds.
	next  int
	shift int64
	// pictures and seconds are the sequence numbers to give, sounds those by track.
	pictures, seconds int64
	sounds            map[int32]int64
}

// time of the next record since session, microseconds.
func (p *tapePlayer) time() int64 { return at(p.fleet.tape[p.next]) + p.shift }

// record gives the next record and winds on.
func (p *tapePlayer) record() *schemas.Feature {
	r := p.copy(p.fleet.tape[p.next])
	if p.next++; p.next == len(p.fleet.tape) {
		p.next = 0
		p.shift += p.fleet.length
	}
	return r
}

// copy is r as a record of this stream.
func (p *tapePlayer) copy(r *schemas.Feature) *schemas.Feature {
	ticks := p.shift * 9 / 100
	switch {
	case r.VideoFrame != nil:
		v := *r.VideoFrame
		v.Session, v.Seq, v.At, v.PTS = p.session, p.pictures, v.At+p.shift, v.PTS+ticks
		p.pictures++
		return &schemas.Feature{VideoFrame: &v}
	case r.AudioBlock != nil:
		b := *r.AudioBlock
		b.Session, b.Seq, b.At, b.PTS = p.session, p.sounds[b.Track], b.At+p.shift, b.PTS+ticks
		p.sounds[b.Track]++
		return &schemas.Feature{AudioBlock: &b}
	case r.StreamSecond != nil:
		s := *r.StreamSecond
		s.Session, s.Seq, s.At = p.session, p.seconds, s.At+p.shift
		p.seconds++
		return &schemas.Feature{StreamSecond: &s}
	default:
		i := *r.Inventory
		i.Session, i.At = p.session, i.At+p.shift
		return &schemas.Feature{Inventory: &i}
	}
}

// place of a record on the tape, half microseconds: a StreamSecond stands at the end of its second, before what begins then.
func place(r *schemas.Feature) int64 {
	if r.StreamSecond != nil {
		return 2 * at(r)
	}
	return 2*at(r) + 1
}

// at is the time of a record since its session, microseconds.
func at(r *schemas.Feature) int64 {
	switch {
	case r.VideoFrame != nil:
		return r.VideoFrame.At
	case r.AudioBlock != nil:
		return r.AudioBlock.At
	case r.StreamSecond != nil:
		return r.StreamSecond.At
	default:
		return r.Inventory.At
	}
}
