package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// making is an export under way. It belongs to one goroutine.
type making struct {
	Export
	plan   Plan
	format format
	log    *connection
	sieve  *Sieve
}

// all makes the chunks that have not been made, and is what all have become, in order.
func (m *making) all(ctx context.Context) ([]done, error) {
	if err := errors.Join(os.RemoveAll(m.path(unfinishedName)), os.MkdirAll(m.path(unfinishedName), 0o755), os.MkdirAll(m.path(chunksName), 0o755)); err != nil {
		return nil, err
	}
	var all []done
	for _, partition := range m.plan.Partitions {
		chunks := m.chunks(partition)
		made := make([]done, len(chunks))
		for i := 0; i < len(chunks); i++ {
			n, err := m.unmade(chunks[i:], made[i:])
			if err == nil && n > 0 {
				err = (&stretch{m, chunks[i : i+n], made[i : i+n], newChunk(m)}).run(ctx)
			}
			if err != nil {
				return nil, err
			}
			i += n // and the one after has been made
		}
		all = append(all, made...)
	}
	return all, nil
}

// chunks cuts the offsets of a partition at multiples of the chunk's length.
func (m *making) chunks(s Span) (chunks []Span) {
	for start := s.Start; start < s.End; {
		end := min(start-start%m.plan.Chunk+m.plan.Chunk, s.End)
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

// unmade is how many of the chunks, from the first on, have not been made. What the next one has become is filled in.
func (m *making) unmade(chunks []Span, made []done) (int, error) {
	for n := range chunks {
		if found, err := m.made(chunks[n], &made[n]); err != nil || found {
			return n, err
		}
	}
	return len(chunks), nil
}

// stretch is chunks that follow each other and are made in one reading.
type stretch struct {
	making *making
	// chunks are those that are not finished, of which the first is current; made is what they become.
	chunks  []Span
	made    []done
	current *chunk
}

func (s *stretch) run(ctx context.Context) error {
	defer func() { s.current.abandon() }()
	s.making.log.gone = func(gone Span) { s.current.result.Gone = append(s.current.result.Gone, gone) }
	first, last := s.chunks[0], s.chunks[len(s.chunks)-1]
	err := s.making.log.read(ctx, Span{first.Partition, first.Start, last.End}, s.take)
	for err == nil && len(s.chunks) > 0 {
		err = s.next()
	}
	return err
}

// take puts the record into its chunk, if it is wanted.
func (s *stretch) take(r Record) error {
	for r.Offset >= s.chunks[0].End {
		if err := s.next(); err != nil {
			return err
		}
	}
	within := Range{From: s.making.plan.From, To: s.making.plan.To}
	if !within.Holds(r.Time) || !s.making.sieve.Wants(r) {
		return nil
	}
	return s.current.take(r)
}

// next finishes the current chunk.
func (s *stretch) next() error {
	result, err := s.current.finish()
	if err != nil {
		return err
	}
	if err := store(s.making.record(s.chunks[0]), result); err != nil {
		return err
	}
	s.made[0] = result
	s.chunks, s.made, s.current = s.chunks[1:], s.made[1:], newChunk(s.making)
	return nil
}
