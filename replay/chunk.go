package replay

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// mostFiles bounds how many files of one chunk are open at a time. Records of 6 kinds and around the turn of an hour need 12; their time stamps are the producers'.
var mostFiles = 16

// chunk is the files of a stretch of offsets while they are being written.
type chunk struct {
	making *making
	span   Span
	result done
	// open are the directories of the files that are being written, in the order in which those were begun.
	open  []string
	files map[string]*output
	// finished ones have no names yet.
	finished []*output
	begun    int
}

func newChunk(m *making, span Span) *chunk {
	return &chunk{making: m, span: span, files: map[string]*output{}}
}

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
	name := c.making.path(filepath.Join(unfinishedName, fmt.Sprintf("%d-%d-%d.%s", c.span.Partition, c.span.Start, c.begun, c.making.Format)))
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
