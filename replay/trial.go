package replay

import (
	"cmp"
	"context"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/schemas"
)

// Feed hands features to handle, one partition after another, each in order of offset: the same each time that it is called. A feature is
// handle's to keep.
type Feed func(ctx context.Context, handle func(Record, *schemas.Feature) error) error

// Recorded is a range of a log or an export, with what must be seen before and after it: the streams that the sieve chooses, and those that they are
// compared with.
func Recorded(from Records, r Range, c *schemas.Contract, sieve *Sieve) Feed {
	if !r.From.IsZero() {
		r.From = r.From.Add(-lookback())
	}
	if !r.To.IsZero() {
		r.To = r.To.Add(Settle())
	}
	known := sieve.patterns == nil && sieve.among == nil
	return func(ctx context.Context, handle func(Record, *schemas.Feature) error) error {
		if !known {
			if err := readAll(ctx, from, r, func(record Record) error { return sieve.settle(c, record) }); err != nil {
				return err
			}
			known = true
		}
		return readAll(ctx, from, r, func(record Record) error {
			feature := new(schemas.Feature)
			if !sieve.Wants(record) || record.Value == nil || schemas.Decode(c, schemas.Features, record.Value, feature) != nil {
				return nil
			}
			return handle(record, feature)
		})
	}
}

// readAll hands the records of a range to handle, partition after partition.
func readAll(ctx context.Context, from Records, r Range, handle func(Record) error) error {
	partitions, err := from.PartitionNumbers(ctx)
	for _, p := range partitions {
		if err = from.Read(ctx, p, r, handle); err != nil {
			break
		}
	}
	return err
}

// settle has the sieve also want the stream that one it wants is compared with, as a Setting says.
func (s *Sieve) settle(c *schemas.Contract, r Record) error {
	feature := new(schemas.Feature)
	if len(r.Key) == 0 && schemas.Decode(c, schemas.Features, r.Value, feature) == nil && feature.Setting != nil && s.stream(feature.Setting.Stream) {
		s.compares(feature.Setting)
	}
	return nil
}

// Trial is what several detectors tell of one recording, each with Settings changed its own way.
type Trial struct {
	// Lives of the defects that began in the range, by change: those that were not retracted, in order of onset.
	Lives [][]Life
	// Streams of the recording, in order of partition and id.
	Streams []*Monitored
}

// Monitored is one stream of a recording.
type Monitored struct {
	Stream    string
	Partition int32
	// Begin and End of what a detector can tell of: of before Begin too little is on the log.
	Begin, End time.Time
	// Length is how long it was monitored in between.
	Length time.Duration
}

// Model finds a version of a model, as detector.Config.Model does; several goroutines may ask at once. Nil: only those that come with the program are there.
type Model = func(name string, version int64) (*model.Trees, error)

// Try has a detector for each of the changes see a feed, all in one reading. What began within r is told of.
func Try(ctx context.Context, feed Feed, r Range, log *slog.Logger, find Model, changes []func(*schemas.Setting)) (*Trial, error) {
	t := trying{range_: r, log: log, model: find, changes: changes, lives: make([]Lives, len(changes)), since: map[int32]time.Time{}, streams: map[string]*Monitored{}}
	err := feed(ctx, t.take)
	t.fold()
	if err != nil {
		return nil, err
	}
	return t.trial(), nil
}

// foldedAtOnce is how many records are folded by one detector before the next has its turn.
const foldedAtOnce = 1024

// trying is a trial under way.
type trying struct {
	range_  Range
	log     *slog.Logger
	model   Model
	changes []func(*schemas.Setting)

	partition int32
	states    []*detector.Partition // by change
	lives     []Lives               // by change
	batch     []pending
	since     map[int32]time.Time
	streams   map[string]*Monitored
}

// pending is a record that is to be folded; what it causes counts when it is told.
type pending struct {
	detector.Input
	told bool
}

// take takes the next record.
func (t *trying) take(r Record, f *schemas.Feature) error {
	if t.states == nil || r.Partition != t.partition {
		t.fold()
		t.begin(r)
	}
	in := pending{detector.Input{Stream: string(r.Key), Offset: r.Offset, Feature: f}, !r.Time.Before(t.range_.From)}
	if f.StreamSecond != nil {
		t.see(in.Stream, f.StreamSecond)
	}
	if t.batch = append(t.batch, in); len(t.batch) == foldedAtOnce {
		t.fold()
	}
	return nil
}

// begin begins a partition with its first record.
func (t *trying) begin(first Record) {
	t.partition, t.states = first.Partition, make([]*detector.Partition, len(t.changes))
	for i := range t.states {
		t.states[i] = detector.New(detector.Config{Log: t.log, Model: t.model})
	}
	t.since[first.Partition] = t.range_.From
	if whole := first.Time.Add(lookback()); first.Offset > 0 && whole.After(t.range_.From) {
		t.since[first.Partition] = whole // what stood before has been deleted
	}
}

// see notes that a stream was monitored for a second, if that is within the range.
func (t *trying) see(stream string, second *schemas.StreamSecond) {
	at := time.UnixMicro(second.Session + second.At)
	if !t.range_.Holds(at) {
		return
	}
	s := t.streams[stream]
	if s == nil {
		s = &Monitored{Stream: stream, Partition: t.partition}
		t.streams[stream] = s
	}
	if begin := at.Add(-time.Second); s.Begin.IsZero() || begin.Before(s.Begin) {
		s.Begin = begin
	}
	if at.After(s.End) {
		s.End = at
	}
	s.Length += time.Second
}

// fold has every detector fold the batch, several at a time.
func (t *trying) fold() {
	var group sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(t.states))
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(t.states); i += workers {
				t.foldOne(i)
			}
		})
	}
	group.Wait()
	clear(t.batch)
	t.batch = t.batch[:0]
}

func (t *trying) foldOne(i int) {
	for _, in := range t.batch {
		if s := in.Feature.Setting; s != nil {
			changed := *s // the others see it as well
			t.changes[i](&changed)
			in.Feature = &schemas.Feature{Setting: &changed}
		}
		t.states[i].Fold(in.Input, func(out detector.Output) {
			if out.Defect != nil && in.told {
				t.lives[i].Add(t.partition, out.Defect)
			}
		})
	}
}

// trial is what has come of it.
func (t *trying) trial() *Trial {
	out := &Trial{Lives: make([][]Life, len(t.lives))}
	for i := range t.lives {
		out.Lives[i] = slices.DeleteFunc(t.lives[i].List(), func(l Life) bool {
			return l.Retracted || !t.range_.Holds(l.Onset) || l.Onset.Before(t.since[l.Partition])
		})
	}
	for _, s := range t.streams {
		if since := t.since[s.Partition]; since.After(s.Begin) {
			s.Begin, s.Length = since, max(0, s.Length-since.Sub(s.Begin))
		}
		if s.Length > 0 {
			out.Streams = append(out.Streams, s)
		}
	}
	slices.SortFunc(out.Streams, func(a, b *Monitored) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Stream, b.Stream))
	})
	return out
}

// Known leaves of what is known of streams what the trial could tell of, and gives the number of faults that it could not.
func (t *Trial) Known(all *Truth) (known *Truth, left int) {
	streams := map[string]*Monitored{}
	for _, s := range t.Streams {
		streams[s.Stream] = s
	}
	seen := func(l Label) bool {
		s := streams[l.Stream]
		return s != nil && !l.Start.Before(s.Begin) && l.Start.Before(s.End)
	}
	known = all.Of(seen)
	return known, len(all.Faults) - len(known.Faults)
}

// Cases are the trial's streams as the change with that index has them told of, to be scored by what is known. With some only a part of all that is
// bad is known. A defect may begin so early before a fault that it stands for.
func (t *Trial) Cases(change int, known *Truth, some bool, early time.Duration) []Case {
	cases, index := make([]Case, len(t.Streams)), map[string]*Case{}
	for i, s := range t.Streams {
		cases[i] = Case{Name: s.Stream, Length: s.Length, Some: some, Early: early}
		index[s.Stream] = &cases[i]
	}
	for _, l := range known.Faults {
		if c := index[l.Stream]; c != nil {
			c.Labels = append(c.Labels, l)
		}
	}
	for _, l := range known.Sound {
		if c := index[l.Stream]; c != nil {
			c.Sound = append(c.Sound, l)
		}
	}
	for _, l := range t.Lives[change] {
		if c := index[l.Stream]; c != nil {
			d := l.Defect
			d.End = lasts(l)
			c.Defects = append(c.Defects, d)
		}
	}
	return cases
}
