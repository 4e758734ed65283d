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
	// tapes are played by the streams in turn.
	tapes []*tape
}

// tape is the records of one file.
type tape struct {
	records []*schemas.Feature
	// length of the tape, microseconds: whole seconds.
	length int64
	// wrong is what is wrong when, and faulty how many of the records are of it.
	wrong  []Wrong
	faulty int
}

// Wrong is a stretch of a file in which a fault is on.
type Wrong struct {
	// Kind of the defect that it is.
	Kind string
	// From and To are times of the file, microseconds; To is after the stretch.
	From, To int64
}

// NewFleet plays the records that ingest.Measure gave of a file: pictures, sounds, seconds and inventories. They are not changed.
func NewFleet(records []*schemas.Feature) (*Fleet, error) {
	t, err := newTape(records)
	if err != nil {
		return nil, err
	}
	return &Fleet{[]*tape{t}}, nil
}

// Spoil has one in so many streams play other records, those of a file in which something is wrong at times.
func (f *Fleet) Spoil(every int, records []*schemas.Feature, wrong []Wrong) error {
	t, err := newTape(records)
	if err != nil {
		return err
	}
	t.wrong = wrong
	for _, r := range t.records {
		if slices.ContainsFunc(wrong, func(w Wrong) bool { return w.From <= at(r) && at(r) < w.To }) {
			t.faulty++
		}
	}
	for len(f.tapes) < every-1 {
		f.tapes = append(f.tapes, f.tapes[0])
	}
	f.tapes = append(f.tapes, t)
	return nil
}

// Faulty is the share of the records of so many streams that are of what is wrong, in the long run.
func (f *Fleet) Faulty(streams int) float64 {
	faulty, all := 0.0, 0.0
	for i := range streams {
		t := f.tapes[i%len(f.tapes)]
		faulty += float64(t.faulty) / float64(t.length)
		all += float64(len(t.records)) / float64(t.length)
	}
	return faulty / all
}

func newTape(records []*schemas.Feature) (*tape, error) {
	t := &tape{}
	for _, r := range records {
		if r.StreamSecond != nil {
			t.length = max(t.length, r.StreamSecond.At)
		}
	}
	if t.length -= t.length % second; t.length == 0 {
		return nil, fmt.Errorf("simulate a fleet: the records hold less than a second")
	}
	for _, r := range records {
		if r.Tick == nil && r.Setting == nil && place(r) <= 2*t.length {
			t.records = append(t.records, r)
		}
	}
	slices.SortStableFunc(t.records, func(a, b *schemas.Feature) int { return cmp.Compare(place(a), place(b)) })
	return t, nil
}

// second in microseconds.
const second = int64(time.Second / time.Microsecond)

// Turn is the stretch of time that a fleet plays of one stream before the next has its turn.
const Turn = 100 * time.Millisecond

// turn is the same in microseconds.
const turn = second / 10

// StreamID is the id of a fleet's i-th stream, from 0.
func StreamID(i int) string { return fmt.Sprintf("stream-%05d", i) }

// Records are those of all streams for length, by stream id, in turns. The sessions start at start, microseconds since the Unix epoch.
func (f *Fleet) Records(streams int, start int64, length time.Duration) iter.Seq2[string, *schemas.Feature] {
	players := make([]tapePlayer, streams)
	for i := range players {
		t, phase := f.phase(i, streams)
		next := slices.IndexFunc(t.records, func(r *schemas.Feature) bool { return place(r) > 2*phase })
		players[i] = tapePlayer{tape: t, session: start, shift: -phase, next: next, sounds: map[int32]int64{}}
	}
	return func(yield func(string, *schemas.Feature) bool) {
		for until := turn; until <= length.Microseconds(); until += turn {
			for i := range players {
				id := StreamID(i)
				for players[i].time() < until {
					if !yield(id, players[i].record()) {
						return
					}
				}
			}
		}
	}
}

// phase is the tape that the i-th of so many streams plays, and where on it it begins, microseconds.
func (f *Fleet) phase(i, streams int) (t *tape, phase int64) {
	t = f.tapes[i%len(f.tapes)]
	return t, t.length * int64(i) / int64(streams) / second * second
}

// Faults are those that Records plays for the same arguments. One that has begun before them need not be found.
func (f *Fleet) Faults(streams int, start int64, length time.Duration) (list []Injected) {
	for i := range streams {
		t, phase := f.phase(i, streams)
		for shift := -phase; shift < length.Microseconds(); shift += t.length {
			for _, w := range t.wrong {
				from, to := w.From+shift, min(w.To, t.length)+shift
				if w.From < t.length && to > 0 && from < length.Microseconds() {
					list = append(list, Injected{Stream: StreamID(i), Kind: w.Kind, Start: time.UnixMicro(start + from), End: time.UnixMicro(start + to), Optional: from < 0})
				}
			}
		}
	}
	return list
}

// FaultRate is the share of the streams that have faults, and every how many seconds one of them begins there.
func (f *Fleet) FaultRate() (share, every float64) {
	for _, t := range f.tapes {
		if n := len(t.wrong); n > 0 {
			share += 1 / float64(len(f.tapes))
			every = float64(t.length) / float64(second) / float64(n)
		}
	}
	return share, every
}

// tapePlayer is one stream of a fleet.
type tapePlayer struct {
	tape    *tape
	session int64
	// next is the record on the tape, shift what its time is behind the session's, microseconds.
	next  int
	shift int64
	// pictures and seconds are the sequence numbers to give, sounds those by track.
	pictures, seconds int64
	sounds            map[int32]int64
}

// time of the next record since session, microseconds.
func (p *tapePlayer) time() int64 { return at(p.tape.records[p.next]) + p.shift }

// record gives the next record and winds on.
func (p *tapePlayer) record() *schemas.Feature {
	r := p.copy(p.tape.records[p.next])
	if p.next++; p.next == len(p.tape.records) {
		p.next = 0
		p.shift += p.tape.length
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
