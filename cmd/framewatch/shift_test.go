package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/internal/browsertest"
	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// TestOperatorsShift is an operator's shift over the demo: a fault appears among what needs attention, is opened, looked at, acknowledged, confirmed and silenced, is over, and leaves. What
// the operator did stands on the log.
func TestOperatorsShift(t *testing.T) {
	const stream, kind = "bunny", "freeze"
	frozen := lab.Faults[slices.IndexFunc(lab.Faults, func(f lab.Fault) bool { return f.Kind == kind })]
	// Two faults, one after the other, are one that lasts for 15 s: time for what is done about it while it lasts.
	const from, to = 4, 4 + lab.FaultPieces
	s := newSite(t, nil, lab.DemoConfig{Streams: lab.Clips[:2], Plans: []lab.Plan{{Stream: stream, Fault: frozen, From: from, To: to}, {Stream: stream, Fault: frozen, From: to, To: to + lab.FaultPieces}}})
	s.start("all")
	s.begin(t.Context())
	s.awaitConsole()

	b := browsertest.Open(t)
	b.Do(chromedp.EmulateViewport(1440, 1000), chromedp.Navigate(s.console))
	b.WaitFor(`document.querySelector(".link")?.textContent === "Live"`)
	b.WaitLonger(fmt.Sprintf(`[...document.querySelectorAll(".attention .tile.firing .name")].some((n) => n.textContent === %q)`, stream), time.Minute)
	b.Screenshot("appears.png")
	b.WaitFor(`document.querySelector(".defect.open a.title")?.textContent === "Freeze"`)
	b.Script(`document.querySelector(".defect.open a.title").click()`)
	b.WaitFor(`document.querySelector("dialog[open] #defect-name")?.textContent === "Freeze"`)
	id := b.Text(`new URLSearchParams(location.hash.slice(1)).get("defect")`)
	b.Do(chromedp.KeyEvent("a"))
	b.WaitFor(`document.querySelector("dialog .facts").textContent.includes("by console")`)
	b.Do(chromedp.KeyEvent("c"))
	b.WaitFor(`document.querySelector('.opinions [aria-pressed="true"]:not(:disabled)')?.textContent.includes("Confirm")`)
	b.Do(chromedp.KeyEvent("m"))
	b.WaitFor(`document.querySelector('.opinions [role="status"]').textContent.startsWith("Muted")`)
	b.WaitFor(`document.querySelector("dialog .plot canvas") !== null && !document.querySelector("dialog .plot output").textContent.startsWith("nothing")`)
	// The filmstrip, and the clip, which the browser plays.
	b.WaitFor(`document.querySelector("dialog .evidence img")?.naturalWidth > 600`)
	b.WaitFor(`document.querySelector("dialog .evidence video")?.duration > 5`)
	b.Screenshot("opened.png")
	b.WaitFor(`document.querySelector("dialog .facts").textContent.includes("resolved")`)
	b.Do(chromedp.KeyEvent("\x1b"))
	b.WaitFor(fmt.Sprintf(`document.querySelector("dialog") === null && [...document.querySelectorAll(".attention .tile.recovered .name")].some((n) => n.textContent === %q)`, stream))
	b.Screenshot("over.png")

	s.wantOnLog(t, id, stream, kind)
	b.WaitLonger(`document.querySelector(".attention .tile") === null && document.querySelector(".calm.fine") !== null`, 90*time.Second)
	b.ExpectNoErrors()
}

// awaitConsole waits until the page is served and has read the log.
func (s *site) awaitConsole() {
	s.t.Helper()
	waitFor(s.t, "the console to be ready", func() bool {
		response, err := http.Get(s.console + "/-/ready")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// wantOnLog wants the acknowledgement of a defect, a confirmation of it, a silence of its kind on its stream, and who did that.
func (s *site) wantOnLog(t *testing.T, id, stream, kind string) {
	t.Helper()
	var found []string
	note := func(format string, what ...any) { found = append(found, fmt.Sprintf(format, what...)) }
	everything := kafka.ReadOptions{Bounded: true}
	err := kafka.Read(t.Context(), s.cluster, topology.Verdicts, everything, func(_ context.Context, r topology.Record[schemas.Verdict]) error {
		note("verdict %s %s %s by %s", r.Value.Label, r.Key, r.Value.Kind, r.Value.Author)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = kafka.Read(t.Context(), s.cluster, topology.NotifierState, everything, func(_ context.Context, r topology.Record[schemas.NotifierState]) error {
		if r.Value == nil {
			return nil
		}
		defect, ack, err := notifier.ReadAcknowledgement(notifier.Entry{Key: r.Key, Value: r.Value})
		if err != nil || defect != "" {
			note("acknowledgement of %s by %s", defect, ack.By)
			return err
		}
		if notifier.SilenceID(r.Key) != "" {
			silence, err := notifier.ReadSilence(r.Value)
			if err == nil {
				note("silence %s by %s", strings.Join(silence.Matchers, " "), silence.By)
			}
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = kafka.Read(t.Context(), s.cluster, topology.Audit, everything, func(_ context.Context, r topology.Record[schemas.Audit]) error {
		note("%s: %s at %s", r.Key, r.Value.Action, r.Value.Address)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	want := []string{
		"acknowledgement of " + id + " by console",
		"console: ack at console, loopback, 127.0.0.1", "console: silence add at console, loopback, 127.0.0.1", "console: verdicts add at console, loopback, 127.0.0.1",
		fmt.Sprintf("silence stream=%q kind=%q by console", stream, kind),
		fmt.Sprintf("verdict confirmed %s %s by console", stream, kind),
	}
	if !slices.Equal(slices.Compact(found), want) {
		t.Errorf("on the log stands\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}
