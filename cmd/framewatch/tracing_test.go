package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/framewatch/framewatch/schemas"
)

// spans is a collector that keeps what it is sent.
type spans struct {
	mu  sync.Mutex
	all []*wire.Span
}

func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &request)
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" {
		http.Error(w, fmt.Sprint(err), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range request.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			s.all = append(s.all, scope.Spans...)
		}
	}
}

// of are the spans of a trace by name.
func (s *spans) of(trace string) map[string]*wire.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := map[string]*wire.Span{}
	for _, span := range s.all {
		if hex.EncodeToString(span.TraceId) == trace {
			list[span.Name] = span
		}
	}
	return list
}

// attributeOf is the text of an attribute.
func attributeOf(s *wire.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// TestDefectIsOneTrace runs everything over a stream that is black, and looks at what a collector gets of the defect.
func TestDefectIsOneTrace(t *testing.T) {
	dir, received := t.TempDir(), &spans{}
	server, told := httptest.NewServer(received), make(chan struct{}, 1)
	defer server.Close()
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case told <- struct{}{}:
		default:
		}
	}))
	defer hook.Close()
	clip := filepath.Join(dir, "black.ts")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=c=black:s=320x180:r=25:d=20", "-c:v", "libx264", "-preset", "ultrafast", clip).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	path := filepath.Join(dir, "framewatch.yaml")
	text := fmt.Sprintf(`data_dir: %[1]s
embedded: {listen: 127.0.0.1:0}
console: {listen: 127.0.0.1:0}
ingest: {access: {directories: [%[1]s]}}
tracing: {endpoint: %[2]s}
notifier: {receivers: {sink: {type: webhook, url: %[3]s}}, alertmanager: {route: {receiver: sink}}}
streams: [{id: news, url: %[4]s, loop: true}]
`, dir, server.URL, hook.URL, clip)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	log, ended, started := &spoken{}, make(chan error, 1), make(chan *app, 1)
	go func() { ended <- run(ctx, config, []string{allTargets}, log, func(a *app) { started <- a }) }()
	a := <-started
	guard := time.After(time.Minute)
	select {
	case <-told:
	case <-guard:
		t.Errorf("nobody is told of the defect")
	}
	// The attempt is noted once the answer of its target has come.
	waitFor(t, "the figure of the attempt", func() bool { return exemplar(t, a) != "" })
	trace := exemplar(t, a)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	list := received.of(trace)
	first := list["defect black"]
	if first == nil {
		t.Fatalf("of the trace %s the collector has got %v, of all %d spans\n%s", trace, list, len(received.all), log.text.String())
	}
	if len(first.ParentSpanId) != 0 || attributeOf(first, "defect_id") != trace || attributeOf(first, "stream_id") != "news" {
		t.Errorf("the first span is %v", first)
	}
	last := first.StartTimeUnixNano
	for _, name := range []string{"features", "detector transaction", "notification"} {
		span := list[name]
		switch {
		case span == nil:
			t.Errorf("the trace has no span %s", name)
			continue
		case string(span.ParentSpanId) != string(first.SpanId):
			t.Errorf("%s is not below the first span", name)
		case span.StartTimeUnixNano < last || span.EndTimeUnixNano < span.StartTimeUnixNano:
			t.Errorf("%s begins before what causes it, or ends before it begins", name)
		}
		last = span.StartTimeUnixNano
	}
	if span := list["notification"]; span != nil && attributeOf(span, "receiver") != "sink/webhook[0]" {
		t.Errorf("the notification's receiver is %q", attributeOf(span, "receiver"))
	}
}

// exemplar is the trace of a notification's delay; "": there is none yet.
func exemplar(t *testing.T, a *app) string {
	families, err := a.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "framewatch_notifier_delay_seconds" {
			continue
		}
		for _, b := range f.Metric[0].Histogram.Bucket {
			if e := b.Exemplar; e != nil {
				return e.Label[0].GetValue()
			}
		}
	}
	return ""
}

func TestTracesOfNoDefectAreNone(t *testing.T) {
	var none *tracing
	none.opened(opening{event: &schemas.DefectEvent{ID: "00112233445566778899aabbccddeeff"}}, 0, time.Now())
	none.stored("00112233445566778899aabbccddeeff", "news", time.Now(), time.Now(), errors.New("gone"))
	if err := none.close(); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"", "7", "00112233445566778899aabbccddeefg", "00000000000000000000000000000000"} {
		if c, ok := traceOf(id); ok {
			t.Errorf("the defect %q has the trace %v", id, c.TraceID())
		}
	}
	for c, want := range map[TracingConfig]string{
		{"localhost:4318", 1}:            "endpoint: it is no http or https URL",
		{"http://u:p@localhost:4318", 1}: "endpoint: it holds a user, which would be shown",
		{"http://localhost:4318", 0}:     "sample 0: it must be above 0",
		{"http://localhost:4318", 2}:     "sample 2: it must be above 0",
	} {
		if err := c.Validate(); err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
			t.Errorf("%+v: got %v, want %s", c, err, want)
		}
	}
}
