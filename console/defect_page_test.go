package console_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// TestDefectPage opens a defect from the list, looks at what its rule saw, and calls it a false alarm by a key.
func TestDefectPage(t *testing.T) {
	deps := deps()
	said := make(chan console.Opinion, 1)
	var verdicts []console.Verdict
	deps.Judge = func(_ context.Context, by console.Actor, o console.Opinion) (console.Verdict, error) {
		defect := o.Defect
		v := console.Verdict{Stream: "news-uk", Verdict: schemas.Verdict{Label: o.Label, Defect: &defect, Author: by.Name, Kind: "freeze"}}
		verdicts = append(verdicts, v)
		said <- o
		return v, nil
	}
	deps.Verdicts = func(context.Context, console.VerdictQuery) ([]console.Verdict, error) { return verdicts, nil }
	c := console.New(console.Defaults(), deps)
	now := time.Now().UnixMicro()
	fillWall(c, now)
	// At the same moment something begins elsewhere.
	c.Defect(&schemas.DefectEvent{ID: "n1", Revision: 1, State: "opened", Stream: "sport-10", Kind: "black", Severity: "critical", Onset: now - 93e6, End: now, Detected: now - 90e6})
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()

	b := openBrowser(t)
	b.do(chromedp.EmulateViewport(1440, 1100), chromedp.Navigate(server.URL))
	b.waitFor(`document.querySelectorAll(".defect.open").length === 2`)
	b.script(`[...document.querySelectorAll(".defect a.title")].find(a => a.textContent === "Freeze").click()`)
	b.waitFor(`document.querySelector("dialog[open] .plot canvas") !== null`)
	for expression, want := range map[string]string{
		`document.getElementById("defect-name").textContent`:                                        "Freeze",
		`document.querySelector("dialog .lead").textContent`:                                        "The picture has not changed",
		`document.querySelector("dialog .defects .title").textContent`:                              "Black",
		`document.querySelector("dialog .plot output").textContent`:                                 "0.00 to 100.0 share",
		`new URLSearchParams(location.hash.slice(1)).get("defect")`:                                 "f1",
		`document.activeElement.closest("dialog") === document.querySelector("dialog") ? "in" : ""`: "in",
	} {
		if got := b.text(expression); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
	b.do(chromedp.KeyEvent("f"))
	b.waitFor(`document.querySelector('.opinions [aria-pressed="true"]')?.textContent.includes("False alarm")`)
	if o := <-said; o.Label != "false_alarm" || o.Defect != "f1" {
		t.Errorf("it was called %+v", o)
	}
	b.screenshot("defect.png")
	b.expectNoErrors()
}
