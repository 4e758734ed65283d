package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// TestHeat gives roll-ups of the last day in no order, and reads the worst of each minute, and of each twelve minutes, off the strips.
func TestHeat(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	c.Stream("one", &schemas.StreamSpec{})
	minute := time.Minute.Microseconds()
	now := time.Now().UnixMicro()
	past := func(minutes int64, lamp string) {
		c.Past("one", &schemas.Health{Time: now - minutes*minute, Lamp: lamp, SpanMS: 10_000})
	}
	past(0, "ok")
	past(3, "firing")
	past(3, "ok")
	past(2, "pending")
	past(1, "unknown")
	past(23*60, "firing")
	past(30*60, "firing") // longer ago than a day
	c.Past("stranger", &schemas.Health{Time: now, Lamp: "firing"})
	type heat struct {
		Step    int64
		Streams map[string]string
	}
	// A minute may have ended between the roll-ups and the question.
	two := strings.TrimRight(decode[heat](t, get(c.Handler(), "/api/v1/heat")).Streams["one"], "-")
	if want := "fpuo"; strings.TrimLeft(two, "-") != want {
		t.Errorf("the last two hours are %q, want %q at the end", two, want)
	}
	day := decode[heat](t, get(c.Handler(), "/api/v1/heat?hours=24"))
	if s := day.Streams["one"]; len(s) != 120 || day.Step != 12*minute || strings.Count(s, "f") != 2 || strings.Count(s, "-") < 116 || len(day.Streams) != 1 {
		t.Errorf("the last day is %q, in steps of %d", s, day.Step)
	}
	if w := get(c.Handler(), "/api/v1/heat?hours=3"); w.Code != http.StatusBadRequest {
		t.Errorf("three hours are answered %d", w.Code)
	}
	c.Stream("one", nil)
	if n := len(decode[heat](t, get(c.Handler(), "/api/v1/heat")).Streams); n != 0 {
		t.Errorf("%d strips are left of a stream that is not monitored any more", n)
	}
}
