package console_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// TestDefectPage opens a defect from the list, looks at what its rule saw, and calls it a false alarm by a key.
func TestDefectPage(t *testing.T) {
	deps := deps()
	acknowledged, muted := make(chan string, 1), make(chan []string, 1)
	var verdicts []console.Verdict // one request is answered at a time
	deps.Judge = func(_ context.Context, by console.Actor, o console.Opinion) (console.Verdict, error) {
		v := console.Verdict{Stream: "news-uk", Verdict: schemas.Verdict{Label: o.Label, Author: by.Name, Kind: "freeze"}}
		verdicts = append(verdicts, v)
		return v, nil
	}
	deps.Acknowledge = func(_ context.Context, by console.Actor, defect, _ string) (console.Acknowledgement, error) {
		acknowledged <- defect
		return console.Acknowledgement{By: by.Name}, nil
	}
	deps.Silence = func(_ context.Context, _ console.Actor, s console.Silence) (console.Silence, error) {
		muted <- s.Matchers
		return s, nil
	}
	deps.History = func(_ context.Context, id string, known *schemas.DefectEvent) (console.History, error) {
		if known == nil {
			known = &schemas.DefectEvent{ID: id, Revision: 2, State: "closed", Stream: "news-uk", Kind: "black", Summary: "It was dark"}
		}
		return console.History{Events: []*schemas.DefectEvent{known}, Verdicts: verdicts}, nil
	}
	deps.Share = func(_ context.Context, _ console.Actor, defect string) (string, time.Time, error) {
		return "/shared/defects/" + defect + "/filmstrip?signature=right", time.Now(), nil
	}
	strip := testCard()
	deps.Stored = func(context.Context, string, string, int64) ([]byte, error) { return strip, nil }
	c := console.New(console.Defaults(), deps)
	now := time.Now().UnixMicro()
	fillWall(c, now)
	// At the same moment something begins elsewhere.
	c.Defect(&schemas.DefectEvent{ID: idOf(7), Revision: 1, State: "opened", Stream: "sport-10", Kind: "black", Severity: "critical", Onset: now - 93e6, End: now, Detected: now - 90e6})
	edge := "http://edge"
	c.Evidence(idOf(2), &schemas.Evidence{Stream: "news-uk", ContentType: "video/mp4", Start: now - 99e6, End: now - 90e6, Bytes: int64(len(strip)), SHA256: sha256.Sum256(strip), Edge: &edge,
		Filmstrip: &schemas.Filmstrip{Bytes: int64(len(strip)), SHA256: sha256.Sum256(strip)}})
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
		`new URLSearchParams(location.hash.slice(1)).get("defect")`:                                 idOf(2),
		`document.activeElement.closest("dialog") === document.querySelector("dialog") ? "in" : ""`: "in",
	} {
		if got := b.text(expression); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
	b.do(chromedp.KeyEvent("f"))
	b.waitFor(`document.querySelector('.opinions [aria-pressed="true"]')?.textContent.includes("False alarm")`)
	b.do(chromedp.KeyEvent("a"))
	b.do(chromedp.KeyEvent("m"))
	b.waitFor(`document.querySelector('.opinions [role="status"]').textContent.startsWith("Muted")`)
	if id, matchers := <-acknowledged, <-muted; id != idOf(2) || !slices.Equal(matchers, []string{`stream="news-uk"`, `kind="freeze"`}) {
		t.Errorf("%q was acknowledged, %q muted", id, matchers)
	}
	// Somebody else's acknowledgement comes by itself.
	c.Acknowledged(idOf(2), &console.Acknowledgement{By: "ann", Note: "on it", Time: now})
	b.waitFor(`document.querySelector("dialog .facts").textContent.includes("by ann: on it") && document.querySelector(".opinions button").disabled`)

	// It is shared: by its address, which is shown where the browser lets nothing onto its clipboard.
	b.script(`navigator.clipboard.writeText = async (text) => { window.copied = text; }`)
	b.do(chromedp.KeyEvent("l"))
	b.waitFor(fmt.Sprintf(`window.copied === location.origin + "/#defect=%s" && document.querySelector(".share [role=status]").textContent.startsWith("Copied")`, idOf(2)))
	b.script(`navigator.clipboard.writeText = () => Promise.reject(new Error("no")); document.querySelectorAll(".share button")[1].click()`)
	b.waitFor(fmt.Sprintf(`document.querySelector(".share input")?.value === location.origin + "/shared/defects/%s/filmstrip?signature=right"`, idOf(2)))
	// The clip is none that a browser plays, and the page says so.
	b.waitFor(`document.querySelector(".evidence video") === null && document.querySelector(".evidence p:last-child").textContent.includes("does not play")`)
	b.screenshot("defect.png")

	// One that ended long ago is read from the log.
	b.script(`location.hash = "defect=` + idOf(9) + `"`)
	b.waitFor(`document.querySelector("dialog .lead")?.textContent === "It was dark"`)
	b.expectNoErrors()
}
