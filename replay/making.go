package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// make makes the chunks that have not been made, several at a time and all at one pace, and is what all have become, in order.
func (e Export) make(ctx context.Context, plan Plan, pace pace) ([]done, error) {
	if err := errors.Join(os.RemoveAll(e.path(unfinishedName)), os.MkdirAll(e.path(unfinishedName), 0o755), os.MkdirAll(e.path(chunksName), 0o755)); err != nil {
		return nil, err
	}
	var chunks []Span
	for _, partition := range plan.Partitions {
		chunks = append(chunks, plan.chunks(partition)...)
	}
	made := make([]done, len(chunks))
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(e.Jobs, len(chunks)) {
		m, err := e.maker(plan, pace)
		if err != nil {
			return nil, errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			defer m.log.close()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(chunks) {
					return nil
				}
				if err := m.chunk(ctx, chunks[i], &made[i]); err != nil {
					return err
				}
			}
		})
	}
	return made, group.Wait()
}

// making is an export under way, as one goroutine has it: one chunk after another, each made whole.
type making struct {
	Export
	plan   Plan
	format format
	log    *connection
	sieve  *Sieve
}

func (e Export) maker(plan Plan, pace pace) (*making, error) {
	format, err := newFormat(e.Format, e.Topic, e.Contract)
	if err != nil {
		return nil, err
	}
	log := e.Source.connect()
	log.pace = pace
	return &making{Export: e, plan: plan, format: format, log: log, sieve: NewSieve(plan.Selection, e.Topic, e.Contract)}, nil
}

// chunks cuts the offsets of a partition at multiples of the chunk's length.
func (p Plan) chunks(s Span) (chunks []Span) {
	for start := s.Start; start < s.End; {
		end := min(start-start%p.Chunk+p.Chunk, s.End)
		chunks = append(chunks, Span{s.Partition, start, end})
		start = end
	}
	return chunks
}

// made finds what a chunk has become.
func (m *making) made(chunk Span, into *done) (bool, error) {
	found, err := load(m.record(chunk), into)
	if err != nil || !found {
		return false, err
	}
	if into.there(m.Directory) != nil {
		*into = done{}
		return false, nil
	}
	return true, nil
}

// record is the file that says what a chunk has become.
func (m *making) record(chunk Span) string {
	return m.path(filepath.Join(chunksName, fmt.Sprintf("%d-%d.json", chunk.Partition, chunk.Start)))
}

// chunk makes one, unless it has been made.
func (m *making) chunk(ctx context.Context, span Span, into *done) error {
	if found, err := m.made(span, into); err != nil || found {
		return err
	}
	c := newChunk(m, span)
	defer c.abandon()
	m.log.gone = func(gone Span) { c.result.Gone = append(c.result.Gone, gone) }
	within := Range{From: m.plan.From, To: m.plan.To}
	err := m.log.read(ctx, span, func(r Record) error {
		if !within.Holds(r.Time) || !m.sieve.Wants(r) {
			return nil
		}
		return c.take(r)
	})
	if err != nil {
		return err
	}
	if *into, err = c.finish(); err != nil {
		return err
	}
	return store(m.record(span), *into)
}
