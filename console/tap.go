package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	// tapsAtOnce bounds the taps that are open.
	tapsAtOnce = 4
	// mostTapped and usuallyTapped are how many records one shows a second.
	mostTapped, usuallyTapped = 100, 10
)

// LogDeps are what the console asks of the log itself. A Refusal says what is wrong with what is asked for.
type LogDeps struct {
	// Topics are those of the log.
	Topics func() []LogTopic
	// Tap hands over the records of a topic as they come, and counts, until ctx ends or give fails, which is called by one goroutine at a time.
	Tap func(ctx context.Context, q TapQuery, give func(TapLine) error) error
	// Record is the one at an offset.
	Record func(ctx context.Context, topic string, partition int32, offset int64) (LogRecord, error)
	// Moment is what the log says of a stream of a lane (empty: its own) at an instant, microseconds since the Unix epoch; 0: lately.
	Moment func(ctx context.Context, stream, lane string, at int64) (Moment, error)
	// Pipeline is how the installation does, as the brokers and the log tell it.
	Pipeline func(ctx context.Context) (Pipeline, error)
}

// LogTopic is a topic of the log.
type LogTopic struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
	// Key says what the keys of its records are.
	Key string `json:"key"`
	// Records are the names of those that it carries.
	Records    []string `json:"records"`
	Partitions int32    `json:"partitions"`
}

// LogRecord is one record of the log as people may see it: secrets in its texts are masked.
type LogRecord struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	// Time is when it was written; microseconds since the Unix epoch.
	Time int64 `json:"time"`
	// Key is null for a record without one.
	Key     *string     `json:"key"`
	Headers []LogHeader `json:"headers"`
	// SchemaID is null where the value names none.
	SchemaID *int64 `json:"schema_id"`
	// Record is the name of the Avro record.
	Record string `json:"record"`
	// Bytes is the length of the value.
	Bytes int `json:"bytes"`
	// Value is null for a tombstone and for what cannot be read.
	Value     map[string]any `json:"value"`
	Tombstone bool           `json:"tombstone"`
	// Poison is why the value cannot be read; empty: it can.
	Poison string `json:"poison"`
	// Hidden are fields that are never shown.
	Hidden []string `json:"hidden,omitempty"`
	// Raw is the beginning of the value, hexadecimal; empty when not asked for, and where it would show what is hidden or masked.
	Raw string `json:"raw,omitempty"`
}

// LogHeader is one header of a record.
type LogHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// TapQuery says what is to be seen of a topic.
type TapQuery struct {
	Topic string
	// Partition; -1: all.
	Partition int32
	// Key that records must have; empty: any. Lane is that of the stream of this id, if there is one.
	Key, Lane string
	// Where is a condition on the value's fields; empty: none.
	Where string
	// From is the log time to begin at; zero: now.
	From time.Time
	// Rate is how many are shown a second.
	Rate int
	// Raw asks for the bytes as well.
	Raw bool
}

// TapLine is one line of a tap: either a record or a count.
type TapLine struct {
	Record *LogRecord `json:"record,omitempty"`
	Count  *TapCount  `json:"count,omitempty"`
	// End says why the tap ends, where it is not the client that ends it.
	End string `json:"end,omitempty"`
}

// TapCount is what a tap has come past since it began.
type TapCount struct {
	// Read are all records, Shown those that were shown, LeftOut those that were not looked at or not shown because there were too many; the others are not what was asked for.
	Read    int64 `json:"read"`
	Shown   int64 `json:"shown"`
	LeftOut int64 `json:"left_out"`
	// At is when the last one was written; microseconds since the Unix epoch, 0: none has come.
	At int64 `json:"at"`
}

// auditTopic is the topic of the changes that people have made, which admins may see.
const auditTopic = "audit"

// mayTap tells whether who asks may see a topic's records; else it has answered.
func mayTap(w http.ResponseWriter, r *http.Request, topic string) bool {
	allowed := topic != auditTopic || actorOf(r).Role.may(Admin)
	if !allowed {
		writeError(w, http.StatusForbidden, "the topic audit needs the role admin")
	}
	return allowed
}

// getTopics lists the topics of the log: GET /api/v1/topics.
func (c *Console) getTopics(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Topics []LogTopic `json:"topics"`
	}{append([]LogTopic{}, c.deps.Topics()...)})
}

// getRecord shows one record: GET /api/v1/topics/{topic}/records/{partition}/{offset}.
func (c *Console) getRecord(w http.ResponseWriter, r *http.Request) {
	partition, err := strconv.ParseInt(r.PathValue("partition"), 10, 32)
	offset, wrong := strconv.ParseInt(r.PathValue("offset"), 10, 64)
	if err != nil || wrong != nil || partition < 0 || offset < 0 {
		writeError(w, http.StatusNotFound, "partition and offset are whole numbers from 0")
		return
	}
	if !mayTap(w, r, r.PathValue("topic")) {
		return
	}
	c.answer(w, r, "read a record", http.StatusOK, func(ctx context.Context) (any, error) {
		return c.deps.Record(ctx, r.PathValue("topic"), int32(partition), offset)
	})
}

// getTap shows the records of a topic as they come, one JSON object a line: GET /api/v1/tap?topic=&partition=&key=&where=&from=&rate=&raw=. It ends with the
// client.
func (c *Console) getTap(w http.ResponseWriter, r *http.Request) {
	q, problem := tapQuery(r)
	if problem != "" {
		writeError(w, http.StatusBadRequest, problem)
		return
	}
	if !mayTap(w, r, q.Topic) {
		return
	}
	if q.Key != "" {
		q.Lane = cmp.Or(c.board.lane(q.Key), q.Key)
	}
	if !takePlace(w, c.tapping, "10", fmt.Sprintf("%d taps are open, and no more may be: pause one", tapsAtOnce)) {
		return
	}
	defer func() { <-c.tapping }()
	ctx, end := c.untilClosed(r.Context())
	defer end()
	out := newLines(w)
	err := c.deps.Tap(ctx, q, func(l TapLine) error { return out.write(l) })
	switch {
	case ctx.Err() != nil:
	case out.begun:
		c.deps.Log.Warn("a tap ends", "topic", q.Topic, "error", err)
		_ = out.write(TapLine{End: "the log cannot be read now: the console's log says why"})
	case err != nil:
		c.failed(w, "tap", err)
	}
}

// tapParameters are those of a tap.
var tapParameters = []string{"topic", "partition", "key", "where", "from", "rate", "raw"}

// tapQuery reads what is asked for.
func tapQuery(r *http.Request) (q TapQuery, problem string) {
	values := r.URL.Query()
	for name, given := range values {
		switch {
		case !slices.Contains(tapParameters, name):
			return q, fmt.Sprintf("%.40q is no parameter of this: %v", name, tapParameters)
		case len(given) > 1 || len(given[0]) > longestFilter:
			return q, fmt.Sprintf("%s is given more than once, or has more than %d bytes", name, longestFilter)
		}
	}
	q = TapQuery{Topic: values.Get("topic"), Partition: -1, Key: values.Get("key"), Where: values.Get("where"), Rate: usuallyTapped, Raw: values.Get("raw") == "true"}
	if q.Topic == "" {
		return q, "topic: which one?"
	}
	number := func(name string, least, most int64, take func(int64)) {
		if text := values.Get(name); text != "" && problem == "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < least || n > most {
				problem = fmt.Sprintf("%s is to be a whole number from %d to %d", name, least, most)
				return
			}
			take(n)
		}
	}
	number("partition", 0, 1<<20, func(n int64) { q.Partition = int32(n) })
	number("rate", 1, mostTapped, func(n int64) { q.Rate = int(n) })
	number("from", 1, 1<<60, func(n int64) { q.From = time.UnixMicro(n) })
	if raw := values.Get("raw"); raw != "" && raw != "true" && raw != "false" {
		problem = "raw is true or false"
	}
	return q, problem
}
