package replay

import (
	"encoding/json"
	"io"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// line is one record in NDJSON.
type line struct {
	Partition int32     `json:"partition"`
	Offset    int64     `json:"offset"`
	Time      time.Time `json:"time"`
	Key       string    `json:"key,omitempty"`
	// Value in Avro's JSON encoding; null for a tombstone.
	Value json.RawMessage `json:"value"`
	// Error tells why there is no value of a record that cannot be read.
	Error string `json:"error,omitempty"`
}

// NDJSON makes a handler for Read that writes each record to w as one line of JSON, in whatever version of its schema it was written.
func NDJSON(w io.Writer, g *schemas.Generic) func(Record) error {
	encoder := json.NewEncoder(w)
	return func(r Record) error {
		l := line{Partition: r.Partition, Offset: r.Offset, Time: r.Time.UTC(), Key: string(r.Key)}
		if r.Value != nil {
			value, err := g.JSON(r.Value)
			if err != nil {
				l.Error = err.Error()
			}
			l.Value = value
		}
		return encoder.Encode(l)
	}
}

// lines are files of NDJSON, where every record is a line.
type lines struct{ generic *schemas.Generic }

func newLines(_ *topology.Spec, c *schemas.Contract) (format, error) {
	return lines{schemas.NewGeneric(c)}, nil
}

func (l lines) place(Record) (string, any, error) { return "", nil, nil }

func (l lines) open(w io.Writer, _ string) (encoder, error) {
	return lineFile(NDJSON(w, l.generic)), nil
}

type lineFile func(Record) error

func (f lineFile) append(r Record, _ any) error { return f(r) }
func (f lineFile) close([]uint32) error         { return nil }
