package topology

import (
	"fmt"
	"strings"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Header is one that records of a topic carry: UTF-8 text.
type Header struct {
	Name string
	// Doc is one sentence on what it holds.
	Doc string
	// Values are all that it may hold; none: any.
	Values []string
	// Format is one of JSON Schema's; empty: none.
	Format string
}

// attribute is one of CloudEvents, as an event of a defect has it.
type attribute struct {
	Header
	of func(source string, e *schemas.DefectEvent) string
}

// attributes make an event of a defect a CloudEvent 1.0 in the binary content mode of the Kafka binding. The key is not repeated as partitionkey:
// the binding has a header of that name only where it decides on the key.
var attributes = []attribute{
	{Header{Name: "ce_specversion", Doc: "Version of CloudEvents.", Values: []string{"1.0"}},
		func(string, *schemas.DefectEvent) string { return "1.0" }},
	{Header{Name: "ce_id", Doc: "The defect's id, a hyphen and the revision: an event that comes again has the same."},
		func(_ string, e *schemas.DefectEvent) string { return fmt.Sprintf("%s-%d", e.ID, e.Revision) }},
	{Header{Name: SourceHeader, Doc: "The installation's detector: /framewatch/detector under the default prefix.", Format: "uri-reference"},
		func(source string, _ *schemas.DefectEvent) string { return source }},
	{Header{Name: "ce_type", Doc: "What has happened to the defect, and the contract's major version.", Values: eventTypes()},
		func(_ string, e *schemas.DefectEvent) string { return eventType(e.State) }},
	{Header{Name: "ce_subject", Doc: "Stream id."},
		func(_ string, e *schemas.DefectEvent) string { return e.Stream }},
	{Header{Name: "ce_time", Doc: "Instant of the record that caused the event, as in detected.", Format: "date-time"},
		func(_ string, e *schemas.DefectEvent) string {
			return time.UnixMicro(e.Detected).UTC().Format("2006-01-02T15:04:05.000000Z07:00")
		}},
	{Header{Name: "content-type", Doc: "The value is Avro, after the five bytes of Confluent's header.", Values: []string{avroContent}},
		func(string, *schemas.DefectEvent) string { return avroContent }},
}

// avroContent is the media type of a value.
const avroContent = "application/avro"

// Event is an event of a defect as it is written, all in one transaction: the next in its stream, and the last of its defect. source is the
// installation's EventSource.
func Event(source string, e *schemas.DefectEvent) []Message {
	return []Message{EventIn(Defects, source, e), withHeaders(DefectsLatest.Message(e.ID, e), source, e)}
}

// EventIn is an event as it is written to a topic of events other than those of Event: the next in its stream.
func EventIn(t *Topic[schemas.DefectEvent], source string, e *schemas.DefectEvent) Message {
	return withHeaders(t.Message(e.Stream, e), source, e)
}

func withHeaders(m Message, source string, e *schemas.DefectEvent) Message {
	m.Headers = make([][2]string, len(attributes))
	for i, a := range attributes {
		m.Headers[i] = [2]string{a.Name, a.of(source, e)}
	}
	return m
}

// SourceHeader is the name of the header that holds an event's source.
const SourceHeader = "ce_source"

// ShadowSource is the CloudEvents source of what a candidate tells in the installation whose topics have the prefix.
func ShadowSource(prefix, candidate string) string {
	return strings.TrimSuffix(EventSource(prefix), "detector") + "shadow/" + candidate
}

// EventSource is the CloudEvents source of all events of the installation whose topics have the prefix: the same whichever process writes them.
func EventSource(prefix string) string {
	if name := strings.Trim(prefix, "."); name != "" {
		return "/" + name + "/detector"
	}
	return "/detector"
}

// eventHeaders are what the records of Event carry.
func eventHeaders() []Header {
	headers := make([]Header, len(attributes))
	for i, a := range attributes {
		headers[i] = a.Header
	}
	return headers
}

func eventType(state string) string { return "framewatch.defect." + state + ".v1" }

func eventTypes() []string {
	var types []string
	for _, state := range []string{"opened", "updated", "closed", "retracted"} {
		types = append(types, eventType(state))
	}
	return types
}
