package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
)

// TestLite reads the page without script: every stream and defect is there, and a hostile name is text.
func TestLite(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	fillWall(c, time.Now().UnixMicro())
	page := get(c.Handler(), "/lite").Body.String()
	for _, want := range []string{"(1) Framewatch", "news-uk", "regional-3", "freeze", "The picture has not changed", "silence, track 1", "lasting", "&lt;img src=x"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Contains(page, hostile) || strings.Contains(page, "<script") {
		t.Error("the page has markup from a stream's name, or a script")
	}
	if n := strings.Count(page, `<th scope="row">`); n != 13+2 {
		t.Errorf("%d rows, want those of 13 streams and two defects", n)
	}
}
