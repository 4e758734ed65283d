package lab

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Log is an empty log with the topics of the pipeline, written as the live edge writes it.
type Log interface {
	// Publish writes a stream's record without waiting. done is called once, from any goroutine, when it stands or cannot be written.
	Publish(stream string, f *schemas.Feature, done func(error))
	// Size is the bytes that all records take on the log as it is kept: in batches, compressed.
	Size(ctx context.Context) (int64, error)
	Close()
}

// topicStreams is how many streams write the log; fewer when the footage is shorter than as many seconds, since no two of them show the same
// second at the same time.
const topicStreams = 20

// topicBench is what pictures take on the topic.
type topicBench struct {
	streams, pictures int
	// bytes is a picture's mean value as it is encoded, topicBytes what the log grows by for each.
	bytes, topicBytes float64
}

// benchTopic plays the records of a file as many streams in real time for length, onto two logs: one gets all, the other gets no pictures. What
// the first takes more is what the pictures take.
func benchTopic(ctx context.Context, open func(ctx context.Context) (Log, error), tape []*schemas.Feature, length time.Duration) (topicBench, error) {
	whole, err := open(ctx)
	if err != nil {
		return topicBench{}, err
	}
	defer whole.Close()
	rest, err := open(ctx)
	if err != nil {
		return topicBench{}, err
	}
	defer rest.Close()

	b, airings, err := air(tape, time.Now().UnixMicro(), length)
	if err != nil {
		return b, err
	}
	p := &topicPlayer{begin: time.Now()}
	for _, a := range airings {
		if err := p.until(ctx, a.after); err != nil {
			return b, err
		}
		p.publish(whole, a)
		if a.feature.VideoFrame == nil {
			p.publish(rest, a)
		}
	}
	p.pending.Wait()
	if p.failed != nil {
		return b, fmt.Errorf("write the log: %w", p.failed)
	}
	all, err := whole.Size(ctx)
	if err != nil {
		return b, err
	}
	others, err := rest.Size(ctx)
	b.topicBytes = float64(all-others) / float64(b.pictures)
	return b, err
}

// topicPlayer writes records when their time has come. One goroutine.
type topicPlayer struct {
	begin   time.Time
	pending sync.WaitGroup

	mu     sync.Mutex
	failed error
}

// until waits for a time after the beginning.
func (p *topicPlayer) until(ctx context.Context, after time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(p.begin.Add(after))):
		return nil
	}
}

func (p *topicPlayer) publish(log Log, a airing) {
	p.pending.Add(1)
	log.Publish(a.stream, a.feature, func(err error) {
		p.mu.Lock()
		p.failed = cmp.Or(p.failed, err)
		p.mu.Unlock()
		p.pending.Done()
	})
}

// airing is a record and when it is sent.
type airing struct {
	stream  string
	feature *schemas.Feature
	after   time.Duration
}

// air gives the records of streams that have run for long, in the order in which they are sent from start on, microseconds since the Unix epoch.
func air(tape []*schemas.Feature, start int64, length time.Duration) (topicBench, []airing, error) {
	fleet, err := NewFleet(tape)
	if err != nil {
		return topicBench{}, nil, err
	}
	b := topicBench{streams: int(min(topicStreams, fleet.tapes[0].length/second))}
	var airings []airing
	var encoded []byte
	total, contract, veterans := 0, schemas.Baked(), map[string]*veteran{}
	for stream, f := range fleet.Records(b.streams, start, length) {
		v := veterans[stream]
		if v == nil {
			v = newVeteran(len(veterans))
			veterans[stream] = v
		}
		after := max(v.age(f), 0)
		airings = append(airings, airing{stream, f, time.Duration(after) * time.Microsecond})
		if f.VideoFrame == nil {
			continue
		}
		if encoded, err = schemas.Append(contract, schemas.Features, encoded[:0], f); err != nil {
			return b, nil, err
		}
		b.pictures++
		total += len(encoded)
	}
	if b.pictures == 0 {
		return b, nil, fmt.Errorf("play records onto a log: there are no pictures")
	}
	b.bytes = float64(total) / float64(b.pictures)
	slices.SortStableFunc(airings, func(a, b airing) int { return cmp.Compare(a.after, b.after) })
	return b, airings, nil
}

// Veterans makes a fleet's records those of streams that have run for long.
func Veterans(records iter.Seq2[string, *schemas.Feature]) iter.Seq2[string, *schemas.Feature] {
	return func(yield func(string, *schemas.Feature) bool) {
		veterans := map[string]*veteran{}
		for stream, f := range records {
			v := veterans[stream]
			if v == nil {
				v = newVeteran(len(veterans))
				veterans[stream] = v
			}
			v.age(f)
			if !yield(stream, f) {
				return
			}
		}
	}
}

// veteran makes a fleet's records those of a stream that has run for long, whose numbers are large and whose bytes come as networks bring them.
type veteran struct {
	// since is how long it has run, microseconds, and pictures and sounds are how many of them it had.
	since, pictures, sounds int64
	jitter                  *rand.Rand
}

// Each stream started at another time in the last month.
const (
	veteranSpacing = 31*3600*second + 271_828
	// jitter of arrivals, microseconds.
	veteranJitter = 10_000
)

func newVeteran(i int) *veteran {
	since := int64(i%topicStreams+1) * veteranSpacing
	return &veteran{since, since / 40_000, since / 100_000, rand.New(rand.NewPCG(uint64(i), 0))}
}

// age changes a record, and returns when it is sent, microseconds since the fleet's start.
func (v *veteran) age(f *schemas.Feature) int64 {
	sent, late := at(f), v.jitter.Int64N(veteranJitter)
	ticks := v.since * 9 / 100
	switch {
	case f.VideoFrame != nil:
		r := f.VideoFrame
		r.Session, r.Seq, r.At, r.PTS, r.Arrival = r.Session-v.since, r.Seq+v.pictures, r.At+v.since, r.PTS+ticks, late
		return sent + late
	case f.AudioBlock != nil:
		r := f.AudioBlock
		r.Session, r.Seq, r.At, r.PTS, r.Arrival = r.Session-v.since, r.Seq+v.sounds, r.At+v.since, r.PTS+ticks, late
		return sent + turn + late // at its end
	case f.StreamSecond != nil:
		r := f.StreamSecond
		r.Session, r.Seq, r.At = r.Session-v.since, r.Seq+v.since/second, r.At+v.since
	default:
		f.Inventory.Session, f.Inventory.At = f.Inventory.Session-v.since, f.Inventory.At+v.since
	}
	return sent
}
