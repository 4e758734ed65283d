package replay

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// Records is where records of the features topic are read again: the log itself, or the files of an export.
type Records interface {
	// PartitionNumbers are those to be read, in this order.
	PartitionNumbers(ctx context.Context) ([]int32, error)
	// Read hands the records of a range that one partition has to handle, in order of offset. An error from handle ends the reading and is returned.
	Read(ctx context.Context, partition int32, r Range, handle func(Record) error) error
}

// Detection is the detector run again over a stretch of recorded features.
type Detection struct {
	Records Records
	// Range is what is told of: the records from the first that is not before From, nor below the first offset, up to the last offset or the first
	// record that is not before To. What the detector must have seen before is read besides, with its output muted.
	Range Range
	// Selection is of which streams is told; by Begin and End, of which of their defects: those that last at some time between.
	Selection Selection
	Contract  *schemas.Contract
	Log       *slog.Logger
	// Past is what was told before the range. Nil: a defect that was open before it is not known, unless it is still there to be seen, and what is
	// usual for a stream is learned anew.
	Past *Past
	// Model finds the models that Settings name, as detector.Config has it. Nil: there are only those that come with the program.
	Model func(name string, version int64) (*model.Trees, error)
	// Change, when not nil, changes each Setting before it is folded. It and Model may be called by several goroutines at once.
	Change func(*schemas.Setting)
	// Health has the roll-ups told as well, not only the defects.
	Health bool

	// begins, when not nil, is told of the first record of each partition, before what follows the partition is.
	begins func(Record)
	// atOnce is how many partitions are folded at a time; 0: as many as there are processors.
	atOnce int
	// most bounds how many defects a Redetection has; 0: any number.
	most int
}

// Folded is what a detection has read.
type Folded struct {
	// Records that were folded, muted ones included.
	Records int64
	// Seconds of streams that they are about, by heartbeats.
	Seconds int64
	// First and Last are the instants of the first and the last heartbeat, microseconds since the Unix epoch; 0: there was none.
	First, Last int64
}

// add counts what another has read besides.
func (f *Folded) add(other Folded) {
	if other.Seconds > 0 {
		if f.Seconds == 0 || other.First < f.First {
			f.First = other.First
		}
		f.Last = max(f.Last, other.Last)
	}
	f.Records, f.Seconds = f.Records+other.Records, f.Seconds+other.Seconds
}

// Span is from the first heartbeat to the last.
func (f Folded) Span() time.Duration { return time.Duration(f.Last-f.First) * time.Microsecond }

// Detect runs the detector over a range of a features topic again, partition after partition, and hands on what each record causes.
// Over a topic from its first record it gives what the live detector gave, byte for byte; from the middle on it does where Detection is told the past.
func Detect(ctx context.Context, s Records, r Range, c *schemas.Contract, log *slog.Logger, handle func(partition int32, out detector.Output) error) error {
	_, err := Detection{Records: s, Range: r, Contract: c, Log: log, Health: true}.Run(ctx, handle)
	return err
}

// lookback is how much of the log must be seen before what is told is what was told live.
func lookback() time.Duration { return detector.New(detector.Config{}).Lookback() }

// Run tells what each record causes, partition after partition. An error from handle ends it and is returned. Several partitions are folded at once; what
// is told of the later ones waits.
func (d Detection) Run(ctx context.Context, handle func(partition int32, out detector.Output) error) (folded Folded, err error) {
	partitions, err := d.Records.PartitionNumbers(ctx)
	if err != nil {
		return folded, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	foldings := make([]*folding, len(partitions))
	for i, p := range partitions {
		foldings[i] = &folding{Detection: d, partition: p, batches: make(chan []detector.Output, waitingBatches)}
	}
	wait := d.start(ctx, foldings)
	defer wait()
	for _, f := range foldings {
		for batch := range f.batches {
			for _, out := range batch {
				if err == nil {
					err = handle(f.partition, out)
				}
			}
			if err != nil {
				stop()
			}
		}
		if err = cmp.Or(err, f.err); err != nil {
			stop()
		}
		if d.begins != nil && f.first != nil {
			d.begins(*f.first)
		}
		folded.add(f.folded)
	}
	return folded, err
}

// What is told of a partition waits, while another is before it, up to so many batches of so many outputs.
const (
	waitingBatches = 64
	batchOutputs   = 256
)

// start folds the partitions, as many at a time as there are processors, and each one's batches are closed when it is done. Who waits has started them all.
// They begin in order, so that the one that is told of is always among them. Reading that is bounded has one reader.
func (d Detection) start(ctx context.Context, foldings []*folding) (wait func()) {
	workers := cmp.Or(d.atOnce, runtime.GOMAXPROCS(0))
	if s, ok := d.Records.(Source); ok && s.Rate > 0 {
		workers = 1
	}
	var all sync.WaitGroup
	next := make(chan *folding)
	for range min(workers, len(foldings)) {
		all.Go(func() {
			for f := range next {
				f.err = cmp.Or(f.run(ctx), f.send(ctx))
				close(f.batches)
			}
		})
	}
	all.Go(func() {
		for _, f := range foldings {
			next <- f
		}
		close(next)
	})
	return all.Wait
}

var (
	// errEnough ends a reading that has found what it was for.
	errEnough = errors.New("enough was read")
	// errCompanion says that a partition must be read again: a stream is compared with one whose records were passed over.
	errCompanion = errors.New("a stream is compared with another")
)

// folding is one partition of a detection. It belongs to one goroutine until its batches are closed.
type folding struct {
	Detection
	partition int32
	folded    Folded
	err       error
	// first record that was read; nil: there was none.
	first *Record
	// batch is what has not been sent yet.
	batches chan []detector.Output
	batch   []detector.Output

	sieve  *Sieve
	reader *schemas.Reader[schemas.Feature]
	state  *detector.Partition
	// cut is the first offset whose output is told, told the last for which it was.
	cut, told int64
}

// send hands on what is waiting.
func (f *folding) send(ctx context.Context) error {
	if len(f.batch) == 0 {
		return nil
	}
	select {
	case f.batches <- f.batch:
		f.batch = nil
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run folds the partition. Where a stream that is wanted turns out to be compared with one that is not, it folds it again, with the records of that one,
// and goes on telling where it was.
func (f *folding) run(ctx context.Context) error {
	chosen := f.Selection
	chosen.Begin, chosen.End = 0, 0
	f.sieve = NewSieve(chosen, &topology.Features.Spec, f.Contract)
	f.reader = schemas.NewReader(f.Contract, schemas.Features)
	f.told = -1
	within, since, err := f.within(ctx)
	for err == nil {
		f.state = detector.New(detector.Config{Log: f.Log, Model: f.Model})
		if !since.IsZero() && f.Past != nil {
			if err := f.Past.restore(ctx, f.state, f.partition, f.cut, since); err != nil {
				return err
			}
		}
		err = f.Records.Read(ctx, f.partition, within, func(r Record) error {
			if f.first == nil {
				f.first = &r
			}
			return f.take(ctx, r)
		})
		if err == nil {
			return nil
		}
		if errors.Is(err, errCompanion) {
			err = nil
		}
	}
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// within is what must be read for the range, and since when the lookback that is part of it reaches back; zero: it begins with the partition.
func (f *folding) within(ctx context.Context) (within Range, since time.Time, err error) {
	within = f.Range
	if !f.Range.To.IsZero() {
		within.To = f.Range.To.Add(disorder) // it ends at the first record that is not before To, and no other is left out before that
	}
	if f.Range.From.IsZero() && f.Range.FromOffset == 0 && f.Range.Offsets[f.partition].Start == 0 {
		return within, since, nil
	}
	f.cut = -1
	var begin time.Time
	err = f.Records.Read(ctx, f.partition, f.Range, func(r Record) error {
		f.cut, begin = r.Offset, r.Time
		return errEnough
	})
	if err != nil && !errors.Is(err, errEnough) || f.cut < 0 {
		return within, since, err
	}
	since = begin.Add(-lookback())
	end := f.Range.Offsets[f.partition].End
	within.From, within.FromOffset, within.Offsets = since.Add(-disorder), 0, map[int32]Span{f.partition: {Partition: f.partition, End: end}}
	return within, since, nil
}

// take folds one record, if it can be read and is of a stream that is wanted. One that cannot be read was set aside when it was live.
func (f *folding) take(ctx context.Context, r Record) error {
	if f.cut < 0 || r.Offset >= f.cut && !f.Range.To.IsZero() && !r.Time.Before(f.Range.To) {
		return errEnough
	}
	if r.Value == nil || !f.sieve.Wants(r) {
		return nil
	}
	feature, err := f.reader.Read(r.Value)
	if err != nil {
		return nil
	}
	if feature.Setting != nil {
		if f.sieve.compares(feature.Setting) {
			f.told = max(f.told, r.Offset-1)
			return errCompanion
		}
		if f.Change != nil {
			f.Change(feature.Setting)
		}
	}
	f.count(feature)
	f.state.Fold(detector.Input{Stream: string(r.Key), Offset: r.Offset, Feature: feature}, func(out detector.Output) {
		if r.Offset >= f.cut && r.Offset > f.told && f.wants(out) {
			f.batch = append(f.batch, out)
		}
	})
	if len(f.batch) < batchOutputs {
		return nil
	}
	return f.send(ctx)
}

// count counts what is folded.
func (f *folding) count(feature *schemas.Feature) {
	f.folded.Records++
	if s := feature.StreamSecond; s != nil {
		at := s.Session + s.At
		if f.folded.Seconds == 0 || at < f.folded.First {
			f.folded.First = at
		}
		f.folded.Seconds++
		f.folded.Last = max(f.folded.Last, at)
	}
}

// wants tells whether an output is to be told.
func (f *folding) wants(out detector.Output) bool {
	if !f.sieve.Chooses(out.Stream) {
		return false
	}
	s, e := f.Selection, out.Defect
	return e == nil && f.Health || e != nil && e.End >= s.Begin && (s.End == 0 || e.Onset < s.End)
}
