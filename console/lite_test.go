package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// TestLite reads the page without script: every stream and defect is there, and a hostile name is text.
func TestLite(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	now := time.Now().UnixMicro()
	fillWall(c, now)
	c.Silenced("a", &console.Silence{ID: "a", Matchers: []string{`stream="news-uk"`}, By: "ann", Comment: "works", Start: now - 1, End: now + 60e6})
	c.Silenced("b", &console.Silence{ID: "b", Matchers: []string{`stream="news-hd"`}, By: "ann", Comment: "tomorrow", Start: now + 30e6, End: now + 60e6})
	page := get(c.Handler(), "/lite").Body.String()
	for _, want := range []string{"(1) Framewatch", "news-uk", "regional-3", "freeze", "The picture has not changed", "silence, track 1", "lasting", "&lt;img src=x", "works", "1 streams, 1 open defects"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	const again = `http-equiv="refresh" content="30"`
	if strings.Contains(page, "http-equiv") || !strings.Contains(get(c.Handler(), "/lite?refresh=30").Body.String(), again) {
		t.Error("the page loads itself again without being told to, or does not when it is")
	}
	for _, bad := range []string{"4", "3601", "x", `10"><script>`} {
		if w := get(c.Handler(), "/lite?refresh="+url.QueryEscape(bad)); w.Code != http.StatusBadRequest {
			t.Errorf("refresh=%s gives status %d, want 400", bad, w.Code)
		}
	}
	if strings.Contains(page, hostile) || strings.Contains(page, "tomorrow") || strings.Contains(page, "<script") {
		t.Error("the page has markup from a stream's name, a script, or a silence that is to come")
	}
	if n := strings.Count(page, `<th scope="row">`); n != 13+2+1 {
		t.Errorf("%d rows, want those of 13 streams, two defects and a silence", n)
	}
}

// TestLiteIsNarrowed: by a label, whose values are offered; an empty one means any.
func TestLiteIsNarrowed(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	now := time.Now().UnixMicro()
	for id, site := range map[string]string{"a": "north", "b": "south", "c": `"><script>`} {
		c.Stream(id, &schemas.StreamSpec{Labels: map[string]string{"site": site}})
		c.Defect(&schemas.DefectEvent{ID: "d" + id, Revision: 1, State: "opened", Stream: id, Kind: "black", Onset: now, End: now})
	}
	for query, rows := range map[string]int{"": 6, "?label.site=": 6, "?label.site=north": 2, "?label.site=north&label.cdn=x": 0, "?label.site=%22%3E%3Cscript%3E": 2} {
		page := get(c.Handler(), "/lite"+query).Body.String()
		if n := strings.Count(page, `<th scope="row">`); n != rows {
			t.Errorf("%q: %d rows, want %d", query, n, rows)
		}
		if strings.Contains(page, "<script") || !strings.Contains(page, `<select name="label.site">`) {
			t.Errorf("%q: the labels are not offered as text", query)
		}
	}
	if !strings.Contains(get(c.Handler(), "/lite?label.site=south").Body.String(), `href="lite?label.site=south&amp;refresh=10"`) {
		t.Error("the page that loads itself again is not narrowed")
	}
	if !strings.Contains(get(c.Handler(), "/lite?label.site=south").Body.String(), "<option selected>south</option>") {
		t.Error("what is chosen is not marked")
	}
	if w := get(c.Handler(), "/lite?site=south"); w.Code != http.StatusBadRequest {
		t.Errorf("a parameter that there is not: status %d, want 400", w.Code)
	}
}

// TestLiteForm chooses a label as a person does, which the security headers must let happen.
func TestLiteForm(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	for id, site := range map[string]string{"a": "north", "b": "south"} {
		c.Stream(id, &schemas.StreamSpec{Labels: map[string]string{"site": site}})
	}
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	b := openBrowser(t)
	b.do(chromedp.Navigate(server.URL + "/lite"))
	b.script(`document.querySelector("select").value = "south"`)
	b.do(chromedp.Click[string]("form button"), chromedp.WaitReady[string]("option[selected]"))
	if got := b.text(`location.search`); got != "?label.site=south" {
		t.Errorf("what is chosen leads to %s", got)
	}
}
