package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
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
		for i := 0; i < len(chunks); {
			found, err := m.made(chunks[i], &made[i])
			if err != nil {
				return nil, err
			}
			if found {
				i++
				continue
			}
			n, err := m.stretch(ctx, chunks[i:], made[i:])
			if err != nil {
				return nil, err
			}
			i += n
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

// stretch makes chunks in one reading, as many from the first on as have not been made, and says how many.
func (m *making) stretch(ctx context.Context, chunks []Span, made []done) (int, error) {
	n := 1
	for ; n < len(chunks); n++ {
		if found, err := m.made(chunks[n], &made[n]); err != nil {
			return 0, err
		} else if found {
			break
		}
	}
	within := Range{From: m.plan.From, To: m.plan.To}
	i, current := 0, newChunk(m)
	next := func() error {
		result, err := current.finish()
		if err != nil {
			return err
		}
		made[i] = result
		if err := store(m.record(chunks[i]), result); err != nil {
			return err
		}
		i, current = i+1, newChunk(m)
		return nil
	}
	defer func() { current.abandon() }()
	m.log.gone = func(s Span) { current.result.Gone = append(current.result.Gone, s) }
	err := m.log.read(ctx, Span{chunks[0].Partition, chunks[0].Start, chunks[n-1].End}, func(r Record) error {
		for r.Offset >= chunks[i].End {
			if err := next(); err != nil {
				return err
			}
		}
		if !within.Holds(r.Time) || !m.sieve.Wants(r) {
			return nil
		}
		return current.take(r)
	})
	for err == nil && i < n {
		err = next()
	}
	return n, err
}

// mostFiles bounds how many files are open at a time. Records of 6 kinds and around the turn of an hour need 12; their time stamps are the producers'.
var mostFiles = 16

// chunk is the files of a stretch of offsets while they are being written.
type chunk struct {
	making *making
	result done
	// open are the directories of the files that are being written, in the order in which those were begun.
	open  []string
	files map[string]*output
	// finished ones have no names yet.
	finished []*output
	begun    int
}

func newChunk(m *making) *chunk { return &chunk{making: m, files: map[string]*output{}} }

// take hands the record to the file that it belongs into.
func (c *chunk) take(r Record) error {
	c.result.Selected++
	group, row, err := c.making.format.place(r)
	if errors.Is(err, errNoRow) {
		c.result.NoRow++
		return nil
	}
	if err != nil {
		return err
	}
	directory := path.Join(group, r.Time.UTC().Format("date=2006-01-02/hour=15"))
	file := c.files[directory]
	if file == nil {
		if file, err = c.begin(directory, group); err != nil {
			return err
		}
	}
	return file.append(r, row)
}

func (c *chunk) begin(directory, group string) (*output, error) {
	if len(c.open) == mostFiles {
		if err := c.end(); err != nil {
			return nil, err
		}
	}
	name := c.making.path(filepath.Join(unfinishedName, fmt.Sprintf("%d.%s", c.begun, c.making.Format)))
	file, err := begin(c.making.create, name, c.making.format, group)
	if err != nil {
		return nil, err
	}
	c.begun++
	c.files[directory], c.open = file, append(c.open, directory)
	return file, nil
}

// end finishes the file that was begun first.
func (c *chunk) end() error {
	directory := c.open[0]
	file := c.files[directory]
	if err := file.finish(); err != nil {
		return err
	}
	about := &file.about
	about.Path = path.Join(directory, fmt.Sprintf("part_%d_off_%d_%d.%s", about.Partition, about.FirstOffset, about.LastOffset, c.making.Format))
	delete(c.files, directory)
	c.open, c.finished = c.open[1:], append(c.finished, file)
	return nil
}

// finish gives the files their names.
func (c *chunk) finish() (done, error) {
	for len(c.open) > 0 {
		if err := c.end(); err != nil {
			return done{}, err
		}
	}
	for _, file := range c.finished {
		target := c.making.path(filepath.FromSlash(file.about.Path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return done{}, err
		}
		if err := os.Rename(file.path, target); err != nil {
			return done{}, err
		}
		c.result.Files = append(c.result.Files, file.about)
	}
	return c.result, nil
}

// abandon closes and removes what has no name.
func (c *chunk) abandon() {
	for _, file := range c.files {
		file.abandon()
	}
	for _, file := range c.finished {
		os.Remove(file.path)
	}
}

// group is the first directory of a file's path, if it is none of time.
func group(path string) string {
	first, _, _ := strings.Cut(path, "/")
	if strings.HasPrefix(first, "date=") {
		return ""
	}
	return first
}
