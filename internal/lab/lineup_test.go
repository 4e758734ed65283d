package lab_test

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

// TestLineup has twenty streams play for an hour: each second is told but where nothing is heard, a lamp fires exactly while a defect is open, what opens closes, and it
// is the same another time.
func TestLineup(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	play := func() (story []string) {
		l := lab.NewLineup(20, 5, begin)
		open := map[string]*schemas.DefectEvent{}
		silent := 0
		for second := range 3600 {
			for i := range 20 {
				at := begin.Add(time.Duration(second) * time.Second)
				health, event := l.Told(i, at)
				stream := lab.StreamID(i)
				if event != nil {
					story = append(story, fmt.Sprintf("%s %d %s %s %s", event.ID, event.Revision, event.State, event.Stream, event.Kind))
					was := open[stream]
					if event.State == "closed" {
						delete(open, stream)
					} else {
						open[stream] = event
					}
					if event.Stream != stream || len(event.ID) != 32 || event.Onset > event.End || (was == nil) != (event.Revision == 1) || (was != nil && (was.ID != event.ID || was.Revision+1 != event.Revision)) {
						t.Fatalf("%s has, after %+v, %+v", stream, was, event)
					}
				}
				switch {
				case health == nil:
					silent++
				case health.Time != at.UnixMicro() || (health.Lamp == console.Firing) != (open[stream] != nil) || (health.Lamp == console.Pending) != (len(health.Pending) > 0):
					t.Fatalf("%s has %+v while %+v is open", stream, health, open[stream])
				}
			}
		}
		if silent == 0 || silent > 3600 {
			t.Errorf("%d seconds of 20 streams in an hour were not told, want some", silent)
		}
		return story
	}
	story := play()
	text := strings.Join(story, "\n")
	for _, word := range []string{"opened", "updated", "closed", "black", "silence"} {
		if !strings.Contains(text, word) {
			t.Errorf("nothing is %s in an hour", word)
		}
	}
	// Every half hour on average, of which one in seven is that nothing is heard.
	if n := strings.Count(text, "opened"); n < 15 || n > 60 {
		t.Errorf("%d defects of 20 streams in an hour, want about 30", n)
	}
	if strings.Join(play(), "\n") != text {
		t.Error("it is another story the second time")
	}
}

// A console takes what a line-up tells.
func TestLineupOnConsole(t *testing.T) {
	now := time.Now()
	l := lab.NewLineup(10, 1, now)
	c := lab.NewLineupConsole(l)
	l.Begin(c, now)
	for i := range 10 {
		l.Tell(c, i, now)
	}
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/streams?lamp=ok&label.site=oslo", nil))
	if n := strings.Count(w.Body.String(), `"bits_per_second":`); n != 2 || strings.Contains(w.Body.String(), `"bits_per_second":null`) {
		t.Errorf("%d streams of Oslo are OK, want 2: %s", n, w.Body)
	}
	w = httptest.NewRecorder()
	c.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/streams/stream-00003/picture", nil))
	if _, err := jpeg.Decode(bytes.NewReader(w.Body.Bytes())); err != nil || w.Header().Get("Framewatch-Levels") == "" || w.Body.Len() > 20_000 {
		t.Errorf("a picture of %d bytes with %v: %v", w.Body.Len(), w.Header(), err)
	}
}
