package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"sync"
	"time"

	otel "go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
)

// TracingConfig is where traces go: one of each defect, from the measurement that it was found in to each attempt to tell of it.
type TracingConfig struct {
	// Endpoint is the base URL of a collector that takes OTLP over HTTP, such as http://localhost:4318; empty: there are no traces.
	Endpoint string `yaml:"endpoint"`
	// Sample is the share of defects that are traced, above 0 and at most 1. All processes choose the same ones.
	Sample float64 `yaml:"sample"`
}

// Validate checks that the endpoint is a URL and the share one.
func (c TracingConfig) Validate() error {
	u, err := url.Parse(c.Endpoint)
	if c.Endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("endpoint: it is no http or https URL such as http://localhost:4318")
	}
	if u.User != nil {
		return fmt.Errorf("endpoint: it holds a user, which would be shown and is not sent: take it out, and name a collector that asks for none, such as one on this machine that passes traces on")
	}
	if c.Sample <= 0 || c.Sample > 1 {
		return fmt.Errorf("sample %g: it must be above 0 and at most 1", c.Sample)
	}
	return nil
}

// flushTime is how long the last spans may take to be sent when the process ends.
const flushTime = 3 * time.Second

// tracing makes the spans of defects. A defect's id is the id of its trace, and its first half that of its first span, so that every process knows both with nothing added to a
// record: what is measured of frames costs the same with traces and without. A nil tracing makes none.
type tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// newTracing is nil without an endpoint. It starts to send when there is something to.
func newTracing(ctx context.Context, c TracingConfig, s self) (*tracing, error) {
	if c.Endpoint == "" {
		return nil, nil
	}
	at, err := url.JoinPath(c.Endpoint, "v1/traces") // the OTLP specification's
	if err != nil {
		return nil, fmt.Errorf("tracing.endpoint: %w", err)
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(at))
	if err != nil {
		return nil, fmt.Errorf("tracing.endpoint: %w", err)
	}
	of := resource.NewSchemaless(otel.String("service.name", "framewatch"), otel.String("service.version", s.version), otel.String("service.instance.id", s.client()))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(of), sdk.WithIDGenerator(traceIDs{}), sdk.WithSampler(sdk.TraceIDRatioBased(c.Sample)))
	return &tracing{provider, provider.Tracer("github.com/framewatch/framewatch")}, nil
}

// close sends what has not been sent.
func (t *tracing) close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// traceIDs gives the first span of a defect the id that every process derives, and others random ones.
type traceIDs struct{}

// firstSpan is the key of the context that asks for the first span of a defect.
type firstSpan struct{}

// NewIDs is sdk.IDGenerator's, for a span without a parent.
func (traceIDs) NewIDs(ctx context.Context) (id trace.TraceID, first trace.SpanID) {
	if c, ok := ctx.Value(firstSpan{}).(trace.SpanContext); ok {
		return c.TraceID(), c.SpanID()
	}
	rand.Read(id[:])
	rand.Read(first[:])
	return id, first
}

// NewSpanID is sdk.IDGenerator's, for a span with one.
func (traceIDs) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	rand.Read(id[:])
	return id
}

// traceOf is the first span of a defect; false: its id is none.
func traceOf(defect string) (c trace.SpanContext, ok bool) {
	id, err := hex.DecodeString(defect)
	if err != nil || len(id) != len(trace.TraceID{}) {
		return c, false
	}
	c = trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID(id), SpanID: trace.SpanID(id[:8]), TraceFlags: trace.FlagsSampled, Remote: true})
	return c, c.IsValid()
}

// span makes a finished span of a defect: its first one where the context asks for that, else below it.
func (t *tracing) span(ctx context.Context, name string, kind trace.SpanKind, from, to time.Time, failed error, attributes ...otel.KeyValue) {
	_, span := t.tracer.Start(ctx, name, trace.WithTimestamp(from), trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	if failed != nil {
		span.SetStatus(codes.Error, failed.Error())
	}
	span.End(trace.WithTimestamp(to))
}

// opening is a defect that has opened in a transaction that is not committed yet.
type opening struct {
	event *schemas.DefectEvent
	// record is when the record was written that it was found in, at which offset, and whose it is; folded is when that was folded.
	record time.Time
	offset int64
	folded time.Time
}

// opened makes the first spans of a defect, whose transaction was committed at to.
func (t *tracing) opened(f opening, partition int32, to time.Time) {
	first, ok := traceOf(f.event.ID)
	if t == nil || !ok {
		return
	}
	about := []otel.KeyValue{otel.String("defect_id", f.event.ID), otel.String("stream_id", f.event.Stream), otel.String("kind", f.event.Kind),
		otel.String("severity", f.event.Severity), otel.Int64("partition", int64(partition))}
	t.span(context.WithValue(context.Background(), firstSpan{}, first), "defect "+f.event.Kind, trace.SpanKindInternal, f.record, to, nil, about...)
	below := trace.ContextWithRemoteSpanContext(context.Background(), first)
	t.span(below, "features", trace.SpanKindConsumer, f.record, f.folded, nil, otel.String("stream_id", f.event.Stream), otel.Int64("messaging.kafka.offset", f.offset),
		otel.String("messaging.system", "kafka"), otel.Int64("messaging.destination.partition.id", int64(partition)))
	t.span(below, "detector transaction", trace.SpanKindProducer, f.folded, to, nil, otel.String("defect_id", f.event.ID))
}

// told makes the span of an attempt to tell of a defect.
func (t *tracing) told(a notifier.Attempt) {
	first, ok := traceOf(a.Event.ID)
	if t == nil || !ok {
		return
	}
	t.span(trace.ContextWithRemoteSpanContext(context.Background(), first), "notification", trace.SpanKindClient, a.Began, a.Ended, a.Err, otel.String("defect_id", a.Event.ID),
		otel.String("stream_id", a.Event.Stream), otel.String("what", a.What), otel.String("receiver", a.Receiver), otel.Int("attempt", a.Number))
}

// stored makes the span of telling where the evidence of a defect is.
func (t *tracing) stored(defect, stream string, from, to time.Time, failed error) {
	first, ok := traceOf(defect)
	if t == nil || !ok {
		return
	}
	t.span(trace.ContextWithRemoteSpanContext(context.Background(), first), "evidence", trace.SpanKindProducer, from, to, failed, otel.String("defect_id", defect), otel.String("stream_id", stream))
}

// openings are the defects that opened in each partition since its last commit. It is safe for concurrent use.
type openings struct {
	mu sync.Mutex
	of map[int32][]opening
}

// add takes one.
func (f *openings) add(partition int32, one opening) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[int32][]opening{}
	}
	f.of[partition] = append(f.of[partition], one)
}

// take gives those of a partition and forgets them.
func (f *openings) take(partition int32) []opening {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.of[partition]
	delete(f.of, partition)
	return list
}
