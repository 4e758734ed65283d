package evidence_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/evidence"
)

func picture(at int64, size int) evidence.Picture {
	return evidence.Picture{At: at, JPEG: make([]byte, size)}
}

// instants asks for the newest picture not after each of from..to and lists the distinct answers, oldest first.
func instants(s *evidence.Pictures, stream string, from, to int64) (got []int64) {
	for at := from; at <= to; at++ {
		if p, err := s.Latest(stream, at); err == nil && (len(got) == 0 || got[len(got)-1] != p.At) {
			got = append(got, p.At)
		}
	}
	return got
}

func TestBounds(t *testing.T) {
	type add struct {
		stream string
		at     int64
		size   int
	}
	for _, c := range []struct {
		name   string
		config evidence.Config
		adds   []add
		want   map[string][]int64
	}{
		{"by number", evidence.Config{Keep: 2, StreamBytes: 100, TotalBytes: 100},
			[]add{{"a", 1, 1}, {"a", 2, 1}, {"a", 3, 1}}, map[string][]int64{"a": {2, 3}}},
		{"by the stream's bytes: 30+30 fit in 70, 90 do not", evidence.Config{Keep: 9, StreamBytes: 70, TotalBytes: 1000},
			[]add{{"a", 1, 30}, {"a", 2, 30}, {"a", 3, 30}, {"b", 1, 30}}, map[string][]int64{"a": {2, 3}, "b": {1}}},
		{"by all bytes: the oldest of anyone goes", evidence.Config{Keep: 9, StreamBytes: 1000, TotalBytes: 70},
			[]add{{"a", 1, 30}, {"b", 1, 30}, {"b", 2, 30}}, map[string][]int64{"a": nil, "b": {1, 2}}},
		{"one too large for its stream leaves nothing", evidence.Config{Keep: 9, StreamBytes: 10, TotalBytes: 100},
			[]add{{"a", 1, 5}, {"a", 2, 11}}, map[string][]int64{"a": nil}},
		{"late ones find their place", evidence.Config{Keep: 9, StreamBytes: 100, TotalBytes: 100},
			[]add{{"a", 3, 1}, {"a", 1, 1}, {"a", 2, 1}}, map[string][]int64{"a": {1, 2, 3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := evidence.New(c.config)
			for _, a := range c.adds {
				s.Add(a.stream, picture(a.at, a.size))
			}
			for stream, want := range c.want {
				got := instants(s, stream, 0, 10)
				if len(got) != len(want) {
					t.Fatalf("stream %s keeps %v, want %v", stream, got, want)
				}
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("stream %s keeps %v, want %v", stream, got, want)
					}
				}
			}
		})
	}
}

func TestHandler(t *testing.T) {
	s := evidence.New(evidence.Defaults())
	s.Add("news/hd 1", evidence.Picture{At: 1_000_000, JPEG: []byte("first")})
	s.Add("news/hd 1", evidence.Picture{At: 2_000_000, JPEG: []byte("second")})
	s.Add("gone", picture(1, 1))
	s.Remove("gone")
	s.Remove("never there")
	for _, c := range []struct {
		target   string
		status   int
		at, body string
	}{
		{"/pictures/news%2Fhd%201", 200, "2000000", "second"},
		{"/pictures/news%2Fhd%201?at=1999999", 200, "1000000", "first"},
		{"/pictures/news%2Fhd%201?at=2000000", 200, "2000000", "second"},
		{"/pictures/news%2Fhd%201?at=999999", 404, "", "the oldest picture"},
		{"/pictures/news%2Fhd%201?at=yesterday", 400, "", "microseconds"},
		{"/pictures/gone", 404, "", `"gone"`},
	} {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, c.target, nil))
		if w.Code != c.status || w.Header().Get(evidence.InstantHeader) != c.at || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("GET %s: %d, at %q, %q; want %d, at %q, %q", c.target, w.Code, w.Header().Get(evidence.InstantHeader), w.Body, c.status, c.at, c.body)
		}
		if w.Code == 200 && (w.Header().Get("Content-Type") != "image/jpeg" || w.Header().Get("Cache-Control") == "") {
			t.Errorf("GET %s: headers %v", c.target, w.Header())
		}
	}
}
