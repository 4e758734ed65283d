package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/framewatch/framewatch/internal/catalogue"
)

const (
	// largestVerdictFile and longestVerdictLine are in bytes.
	largestVerdictFile = 64 << 20
	longestVerdictLine = 64 << 10
)

// opinionFields are what a row of a file may say, by name; each takes the text of it.
var opinionFields = map[string]func(o *opinion, text string) error{
	"label":  func(o *opinion, text string) error { o.Label = text; return nil },
	"defect": func(o *opinion, text string) error { o.Defect = text; return nil },
	"stream": func(o *opinion, text string) error { o.Stream = text; return nil },
	"kind":   func(o *opinion, text string) error { o.Kind = text; return nil },
	"author": func(o *opinion, text string) error { o.Author = text; return nil },
	"note":   func(o *opinion, text string) error { o.Note = text; return nil },
	"start":  func(o *opinion, text string) error { return moment(&o.Start, text) },
	"end":    func(o *opinion, text string) error { return moment(&o.End, text) },
	"time":   func(o *opinion, text string) error { return moment(&o.Given, text) },
}

// opinionTimes are those that may be numbers in JSON.
var opinionTimes = []string{"start", "end", "time"}

// moment reads an instant.
func moment(at *time.Time, text string) error {
	if micros, err := strconv.ParseInt(text, 10, 64); err == nil {
		*at = time.UnixMicro(micros)
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("%.40q is neither a time such as 2026-11-23T20:15:00Z nor microseconds since the Unix epoch", text)
	}
	*at = t
	return nil
}

// set lays a field's text onto the opinion; an empty text says nothing.
func (o *opinion) set(field, text string) error {
	if text == "" {
		return nil
	}
	if err := opinionFields[field](o, text); err != nil {
		return &fieldError{field, err.Error()}
	}
	return nil
}

// opinionRow is one row of a file: what it says, and what of it cannot be read.
type opinionRow struct {
	line int
	opinion
	wrong []error
}

// take lays a field's text onto the row.
func (r *opinionRow) take(field, text string) {
	if err := r.set(field, text); err != nil {
		r.wrong = append(r.wrong, err)
	}
}

// verdictFormats read a file's rows, by the ending of its name.
var verdictFormats = map[string]func(io.Reader) ([]opinionRow, error){
	".csv":    readVerdictsCSV,
	".ndjson": readVerdictsNDJSON,
	".jsonl":  readVerdictsNDJSON,
}

// bounded reads no more than a file of verdicts may have.
type bounded struct {
	io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("it is larger than %d MiB: split it", largestVerdictFile>>20)
	}
	return n, err
}

// readVerdictsCSV reads a header and rows.
func readVerdictsCSV(r io.Reader) (rows []opinionRow, err error) {
	text := bufio.NewReader(r)
	if mark, _ := text.Peek(3); bytes.Equal(mark, []byte("\uFEFF")) {
		text.Discard(3)
	}
	table := csv.NewReader(text)
	header, err := table.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty: the first line names the columns, such as defect,label,note")
	}
	if err != nil {
		return nil, err
	}
	if err := checkHeader(header); err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	for {
		cells, err := table.Read()
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case errors.Is(err, csv.ErrFieldCount):
			return nil, fmt.Errorf("%w: the header has %d, this line %d", err, len(header), len(cells))
		case err != nil:
			return nil, err
		}
		line, _ := table.FieldPos(0)
		row := opinionRow{line: line}
		for i, name := range header {
			row.take(name, cells[i])
		}
		rows = append(rows, row)
	}
}

func checkHeader(header []string) error {
	known := slices.Sorted(maps.Keys(opinionFields))
	for i, name := range header {
		if opinionFields[name] == nil {
			return fmt.Errorf("the column %.40q is unknown%s", name, catalogue.Suggest(name[:min(len(name), 40)], known))
		}
		if slices.Contains(header[:i], name) {
			return fmt.Errorf("the column %q is there twice", name)
		}
	}
	if !slices.Contains(header, "label") {
		return errors.New("there is no column label: confirmed, false_alarm or missed")
	}
	return nil
}

// readVerdictsNDJSON reads an object a line, as `verdicts list -o json` prints them.
func readVerdictsNDJSON(r io.Reader) (rows []opinionRow, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestVerdictLine)
	number := 0
	for lines.Scan() {
		number++
		if text := bytes.TrimSpace(lines.Bytes()); len(text) > 0 {
			row := opinionRow{line: number}
			row.readJSON(text)
			rows = append(rows, row)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d is longer than %d KiB", number+1, longestVerdictLine>>10)
	}
	return rows, lines.Err()
}

// readJSON reads one object; null says nothing.
func (r *opinionRow) readJSON(line []byte) {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		r.wrong = append(r.wrong, fmt.Errorf("it is no JSON object: %w", err))
		return
	}
	if decoder.More() {
		r.wrong = append(r.wrong, errors.New("there is more than one JSON object in it"))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		r.takeJSON(name, fields[name])
	}
}

func (r *opinionRow) takeJSON(name string, value any) {
	text, ok := value.(string)
	if number, is := value.(json.Number); is && slices.Contains(opinionTimes, name) {
		text, ok = number.String(), true
	}
	switch {
	case opinionFields[name] == nil:
		known := slices.Sorted(maps.Keys(opinionFields))
		r.wrong = append(r.wrong, fmt.Errorf("the field %.40q is unknown%s", name, catalogue.Suggest(name[:min(len(name), 40)], known)))
	case ok:
		r.take(name, text)
	case value != nil:
		r.wrong = append(r.wrong, wrongField(name, "it is no text"))
	}
}
