package replay

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/framewatch/framewatch/schemas"
)

// longestLine bounds a line of NDJSON that is read, in bytes: a record of a megabyte, each byte of which is a character of six.
const longestLine = 8 << 20

// lineRows reads the lines of a file. It belongs to one goroutine.
type lineRows struct {
	lines   *bufio.Scanner
	generic *schemas.Generic
	// ids of the schemas that the values may have been written with, in the order in which they are tried.
	ids []uint32
	n   int
}

// newLineRows reads a file of features. Lines do not tell their schema: the newest of ours that has what a line has is it, else one of the ids that the manifest
// names, if the contract knows it.
func newLineRows(r io.Reader, c *schemas.Contract, ids []uint32) *lineRows {
	rows := &lineRows{lines: bufio.NewScanner(r), generic: schemas.NewGeneric(c)}
	rows.lines.Buffer(nil, longestLine)
	var ours []uint32
	for _, version := range slices.Backward(schemas.Versions(schemas.Features.Text())) {
		ours = append(ours, version.ID())
	}
	for _, id := range append(ours, ids...) {
		if _, known := c.Text(id); known && !slices.Contains(rows.ids, id) {
			rows.ids = append(rows.ids, id)
		}
	}
	return rows
}

// Next reads the next record, and returns io.EOF after the last. Numbers are written so that they are read as they were, so the value is what it was; its bytes may
// be others, where maps are in another order. What could not be read when it was exported is a value of no bytes.
func (l *lineRows) Next(into *schemas.LogRecord) error {
	if !l.lines.Scan() {
		if err := l.lines.Err(); err != nil {
			return fmt.Errorf("line %d: %w", l.n+1, err)
		}
		return io.EOF
	}
	l.n++
	var row line
	if err := json.Unmarshal(l.lines.Bytes(), &row); err != nil {
		return fmt.Errorf("line %d: %w", l.n, err)
	}
	*into = schemas.LogRecord{Partition: row.Partition, Offset: row.Offset, Written: row.Time}
	if row.Key != "" {
		into.Key = []byte(row.Key)
	}
	switch {
	case row.Error != "":
		into.Value = []byte{}
		return nil
	case string(row.Value) == "null":
		return nil
	}
	var err error
	if into.Value, err = l.value(row.Value); err != nil {
		return fmt.Errorf("line %d: %w", l.n, err)
	}
	return nil
}

// value reads a value by the first schema that fits.
func (l *lineRows) value(text []byte) (value []byte, err error) {
	err = errors.New("there is no schema for it")
	for i, id := range l.ids {
		value, why := l.generic.Binary(id, text)
		if why == nil {
			return value, nil
		}
		if i == 0 {
			err = why
		}
	}
	return nil, err
}
