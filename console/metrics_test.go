package console

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestRequestsAreCountedByRoute: an id in a path is no label, and what follows something can still be written to as it happens.
func TestRequestsAreCountedByRoute(t *testing.T) {
	r := prometheus.NewRegistry()
	c := New(Defaults(), Deps{Metrics: http.NotFoundHandler(), Meters: r, Log: slog.New(slog.DiscardHandler)})
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	get := func(path string) *http.Response {
		t.Helper()
		response, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
	for _, path := range []string{"/api/v1/streams/a", "/api/v1/streams/b", "/api/v1/me"} {
		get(path).Body.Close()
	}
	events := get("/api/v1/events")
	if _, err := events.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	want := `# HELP framewatch_console_event_streams Pages that follow what changes (/api/v1/events).
# TYPE framewatch_console_event_streams gauge
framewatch_console_event_streams 1
# HELP framewatch_console_requests_total Requests answered of who was let in, by route and status.
# TYPE framewatch_console_requests_total counter
framewatch_console_requests_total{code="200",route="GET /api/v1/me"} 1
framewatch_console_requests_total{code="404",route="GET /api/v1/streams/{id}"} 2
`
	if err := testutil.GatherAndCompare(r, strings.NewReader(want), "framewatch_console_event_streams", "framewatch_console_requests_total"); err != nil {
		t.Error(err)
	}
	events.Body.Close()
}
