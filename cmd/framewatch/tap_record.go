package main

import (
	"encoding/hex"
	"fmt"
	"maps"
	"strings"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

const (
	// largestShown bounds the values that are decoded for people, bytes; rawShown how much of one is shown as it is.
	largestShown, rawShown = 1 << 20, 4 << 10
	// longestShown bounds a key and a header, mostHeaders how many of them are shown.
	longestShown, mostHeaders = 1 << 10, 50
)

// closedTopics are those whose values are never shown as they are.
var closedTopics = map[string]bool{topology.Streams.Name: true, topology.Models.Name: true, topology.Audit.Name: true, topology.NotifierState.Name: true}

// showing makes of records what people may see of them: without secrets and weights. It is safe for concurrent use.
type showing struct {
	generic *schemas.Generic
	topic   *topology.Spec
}

// shown is one record as people may see it, and the fields of its value; raw: with its bytes, where they hide nothing.
func (s showing) shown(r topology.Raw, raw bool) (shown console.LogRecord, fields map[string]any) {
	shown = console.LogRecord{Topic: s.topic.Name, Partition: r.Partition, Offset: r.Offset, Time: r.Time.UnixMicro(), Bytes: len(r.Value), Tombstone: r.Value == nil,
		Headers: []console.LogHeader{}}
	if r.Key != nil {
		key := text(string(r.Key))
		shown.Key = &key
	}
	for _, h := range r.Headers[:min(len(r.Headers), mostHeaders)] {
		shown.Headers = append(shown.Headers, console.LogHeader{Name: text(h[0]), Value: text(h[1])})
	}
	if r.Value == nil {
		return shown, nil
	}
	if id, err := schemas.WireID(r.Value); err == nil {
		wide := int64(id)
		shown.SchemaID = &wide
	}
	open := !closedTopics[s.topic.Name]
	switch record, value, err := s.read(r.Value); {
	case err != nil:
		shown.Poison = text(err.Error())
		open = open && s.topic != &topology.DeadLetter.Spec
	default:
		fields, _ = value.(map[string]any)
		shown.Hidden = hide(s.topic, fields)
		secrets := redacted(fields)
		open = open && !secrets && len(shown.Hidden) == 0
		shown.Record, shown.Value = record, fields
	}
	if raw && open {
		shown.Raw = hex.EncodeToString(r.Value[:min(len(r.Value), rawShown)])
	}
	return shown, fields
}

// read decodes a value, whatever it holds.
func (s showing) read(value []byte) (record string, v any, err error) {
	if len(value) > largestShown {
		return "", nil, fmt.Errorf("%d bytes are too many to be shown", len(value))
	}
	defer func() {
		if trip := recover(); trip != nil {
			err = fmt.Errorf("decode: %v", trip)
		}
	}()
	return s.generic.Plain(value)
}

// hide takes out what is not for people, and names it.
func hide(topic *topology.Spec, fields map[string]any) (hidden []string) {
	field := map[*topology.Spec]string{&topology.Models.Spec: "weights", &topology.NotifierState.Spec: "payload", &topology.DeadLetter.Spec: "value"}[topic]
	about, _ := fields["topic"].(string)
	if field == "" || topic == &topology.DeadLetter.Spec && about != "" && !closedTopics[about] {
		return nil
	}
	if _, has := fields[field]; has {
		delete(fields, field)
		hidden = append(hidden, field)
	}
	return hidden
}

// redacted masks the secrets of all texts, and tells whether there were any.
func redacted(fields map[string]any) (any bool) {
	for name, v := range fields {
		var had bool
		fields[name], had = masked(v)
		any = any || had
	}
	if url, ok := fields["url"].(string); ok {
		fields["url"] = source.Redact(url)
	}
	return any
}

// masked is v without the secrets of its texts.
func masked(v any) (out any, had bool) {
	switch v := v.(type) {
	case string:
		told := source.RedactText(v)
		return told, told != v
	case []any:
		for i := range v {
			var one bool
			v[i], one = masked(v[i])
			had = had || one
		}
	case map[string]any:
		for name := range maps.Clone(v) {
			inner, one := masked(v[name])
			told := source.RedactText(name)
			if told != name {
				delete(v, name)
			}
			v[told] = inner
			had = had || one || told != name
		}
	}
	return v, had
}

// text is a key, a header or a reason without secrets, and no longer than is shown.
func text(s string) string {
	if len(s) > longestShown {
		s = s[:longestShown] + "…"
	}
	return source.RedactText(strings.ToValidUTF8(s, "�"))
}

// about is what a condition can ask of the record itself.
func about(r console.LogRecord) map[string]any {
	key := ""
	if r.Key != nil {
		key = *r.Key
	}
	headers := map[string]any{}
	for _, h := range r.Headers {
		headers[h.Name] = h.Value
	}
	return map[string]any{"record": r.Record, "key": key, "partition": r.Partition, "offset": r.Offset, "time": r.Time, "bytes": r.Bytes, "headers": headers,
		"poison": r.Poison != "", "tombstone": r.Tombstone}
}
