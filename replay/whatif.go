package replay

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
)

// The first piece of a WhatIf is short, so that there is something to see at once; each one before it is twice as long, up to the longest, since all that is read
// beside a piece is read again for the next.
const (
	firstPiece   = 2 * time.Minute
	longestPiece = time.Hour
)

// ErrTooMany says that other settings tell of more defects than are wanted.
var ErrTooMany = errors.New("there are too many defects")

// WhatIf is what other settings would have told of a range of times, looked at twice. First piece by piece, the newest first, each as a detector tells of it that knows no
// more than its lookback. Then as a whole, from the oldest record on, which is what Redetect tells: that is what holds, since what depends on a longer memory
// (defects that come and go, what is usual) may be otherwise in a piece.
//
// A defect belongs to the piece in which it begins. Where that one ends before the defect does, it is joined with what the newer piece saw going on at its beginning.
type WhatIf struct {
	// Detection has both ends of its Range, the Change that is tried, and no Past.
	Detection
	// Recorded are the defects that were told, all that began within the range among them.
	Recorded []Life
	// Most bounds how many defects of a piece, or of the whole, are told; ErrTooMany is more.
	Most int
	// Progress, when not nil, is told how far the reading is, now and then, by one goroutine at a time.
	Progress func(Progress)
}

// Progress is how far a WhatIf is.
type Progress struct {
	// Whole says that the pieces are done.
	Whole bool
	// Share of what is to be read for the pieces, or for the whole, 0 to 1.
	Share float64
	// Records that were read, from the very beginning on.
	Records int64
}

// Piece is what would be otherwise in a part of the range, or in the whole.
type Piece struct {
	Whole bool
	Range Range
	*Difference
	// Unchanged are those that are told as they were.
	Unchanged []Life
}

// Run hands the pieces to tell, the newest first, and last the whole. An error from tell ends it and is returned. It folds with half of the processors at most: what happens
// meanwhile is to be detected, too.
func (w WhatIf) Run(ctx context.Context, tell func(Piece) error) error {
	partitions, err := w.Records.PartitionNumbers(ctx)
	if err != nil {
		return err
	}
	whole := w.Range
	reading := &watched{Records: w.Records, tell: w.Progress, partitions: len(partitions), whole: whole}
	w.Records, w.atOnce, w.most = reading, max(1, runtime.GOMAXPROCS(0)/2), w.Most
	var seam seam
	for _, r := range pieces(whole) {
		reading.begin(r, true)
		again, err := w.again(ctx, r)
		if err != nil {
			return err
		}
		seam.join(again.Lives, r.From)
		if err := tell(piece(again, w.Recorded, r)); err != nil {
			return err
		}
	}
	reading.begin(whole, false)
	again, err := w.again(ctx, whole)
	if err != nil {
		return err
	}
	p := piece(again, w.Recorded, whole)
	p.Whole = true
	return tell(p)
}

func (w WhatIf) again(ctx context.Context, r Range) (*Redetection, error) {
	d := w.Detection
	d.Range = r
	again, _, err := Redetect(ctx, d)
	return again, cmp.Or(err, ctx.Err())
}

// pieces cuts a range, the newest first.
func pieces(r Range) (all []Range) {
	length := firstPiece
	for end := r.To; end.After(r.From); {
		p := Range{From: end.Add(-length), To: end}
		if p.From.Before(r.From) {
			p.From = r.From
		}
		all, end, length = append(all, p), p.From, min(2*length, longestPiece)
	}
	return all
}

// piece compares what is told again of a range with what was told.
func piece(again *Redetection, recorded []Life, r Range) Piece {
	p := Piece{Range: r, Difference: again.Compare(recorded, r)}
	other := map[string]bool{}
	for _, l := range p.Added {
		other[l.ID] = true
	}
	for _, m := range p.Moved {
		other[m.After.ID] = true
	}
	p.Unchanged = slices.DeleteFunc(slices.Clone(again.Lives), func(l Life) bool {
		return l.Retracted || other[l.ID] || !r.Holds(l.Onset) || !again.sees(l)
	})
	return p
}

// thing is what defects are of: at most one is open of each.
type thing struct{ stream, kind, part string }

// seam is what goes on where the piece begins that was looked at last.
type seam map[thing]Life

// join gives the defects that go on beyond a piece the end that they have in the newer one, and keeps those that go on at its beginning for the older one.
func (s *seam) join(lives []Life, begin time.Time) {
	older := seam{}
	for i := range lives {
		l := &lives[i]
		if l.Retracted {
			continue
		}
		at := thing{l.Stream, l.Kind, l.Part}
		if beyond, ok := (*s)[at]; ok && l.Open && !beyond.Onset.After(lasts(*l)) && !beyond.End.Before(l.End) {
			l.End, l.Open, l.Severity = beyond.End, beyond.Open, worse(l.Severity, beyond.Severity)
		}
		if l.Onset.Before(begin) && !lasts(*l).Before(begin) {
			older[at] = *l
		}
	}
	*s = older
}

// worse is the higher of two severities.
func worse(a, b string) string {
	if slices.Index(rule.Severities, a) < slices.Index(rule.Severities, b) {
		return b
	}
	return a
}

// watched is records that are watched while they are read.
type watched struct {
	Records
	tell       func(Progress)
	partitions int
	whole      Range

	mu sync.Mutex
	// now is what is being read, in pieces or as a whole, reached how far each partition is.
	now      Range
	inPieces bool
	reached  map[int32]time.Time
	records  int64
}

// tellEvery is after how many records it is told how far the reading is.
const tellEvery = 20_000

// begin says what is read next. No reading is under way.
func (w *watched) begin(r Range, inPieces bool) {
	w.now, w.inPieces, w.reached = r, inPieces, map[int32]time.Time{}
}

// Read hands the records on.
func (w *watched) Read(ctx context.Context, partition int32, r Range, handle func(Record) error) error {
	var unseen int64
	var last time.Time
	err := w.Records.Read(ctx, partition, r, func(record Record) error {
		if unseen++; unseen == tellEvery {
			w.read(partition, record.Time, unseen)
			unseen = 0
		}
		last = record.Time
		return handle(record)
	})
	w.read(partition, last, unseen)
	return err
}

// read notes that so many records more have been read of a partition, up to an instant.
func (w *watched) read(partition int32, up time.Time, records int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records += records
	if up.After(w.reached[partition]) {
		w.reached[partition] = up
	}
	if w.tell == nil {
		return
	}
	length := func(r Range) float64 { return r.To.Sub(r.From).Seconds() }
	var done float64
	for _, at := range w.reached {
		done += min(max(at.Sub(w.now.From).Seconds()/length(w.now), 0), 1) / float64(w.partitions)
	}
	p := Progress{Whole: !w.inPieces, Records: w.records, Share: done}
	if w.inPieces {
		p.Share = (w.whole.To.Sub(w.now.To).Seconds() + done*length(w.now)) / length(w.whole)
	}
	w.tell(p)
}
