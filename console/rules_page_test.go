package console_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
)

// wouldBe is a what-if of a day whose newest hour is told at once, and the whole when the channel is closed.
func wouldBe(whole <-chan struct{}, asked chan<- console.WhatIf, left chan<- struct{}) func(context.Context, console.WhatIf, func(console.WhatIfLine) error) error {
	return func(ctx context.Context, q console.WhatIf, tell func(console.WhatIfLine) error) error {
		asked <- q
		end := time.Now().Add(-time.Minute).UnixMicro()
		begin := end - int64(q.Hours)*3600e6
		streams := []string{"news-hd", "news-uk", "sport-1", "zz" + hostile}
		span := func(at, length int64) *console.WhatIfSpan {
			return &console.WhatIfSpan{Defect: idOf(int(at / 1e6 % 1000)), Onset: end - at*1e6, End: end - (at-length)*1e6, Severity: "warning"}
		}
		piece := &console.WhatIfPiece{From: end - 3600e6, To: end, Same: 1, Added: 2, Removed: 1, Moved: 1, Changes: []console.WhatIfChange{
			{Change: "added", Stream: "news-hd", Kind: "black", After: span(3000, 400)}, {Change: "added", Stream: "news-hd", Kind: "black", After: span(1200, 90)},
			{Change: "removed", Stream: "news-uk", Kind: "black", Part: "service" + hostile, Before: span(2400, 200), Verdict: "false_alarm"},
			{Change: "moved", Stream: streams[3], Kind: "black", Before: span(1800, 300), After: span(1750, 150)},
			{Change: "same", Stream: "news-uk", Kind: "freeze", Before: span(700, 500), After: span(700, 500)}}}
		all := *piece
		all.From = begin
		for i := range int64(40) {
			all.Same++
			all.Changes = append(all.Changes, console.WhatIfChange{Change: "same", Stream: streams[i%2], Kind: "freeze", Before: span(5000+i*1900, 600), After: span(5000+i*1900, 600)})
		}
		for _, line := range []console.WhatIfLine{{Began: &console.WhatIfBegan{From: begin, To: end, Streams: streams, StreamsLeftOff: 5}}, {Piece: piece},
			{Progress: &console.WhatIfProgress{Share: 1. / 24, Records: 400_000, PerSecond: 206_000}}} {
			if err := tell(line); err != nil {
				return err
			}
		}
		select {
		case <-whole:
			return tell(console.WhatIfLine{Whole: &all})
		case <-ctx.Done():
			left <- struct{}{}
			return ctx.Err()
		}
	}
}

// TestRulesPage changes an option, sees what would have been as it is told, cancels, comes back to it by its address, and publishes it; all by the keyboard.
func TestRulesPage(t *testing.T) {
	var done []string
	var failure error
	d := acting(&done, &failure)
	whole, asked, left := make(chan struct{}), make(chan console.WhatIf, 9), make(chan struct{}, 9)
	d.WhatIf = wouldBe(whole, asked, left)
	published := make(chan console.ProfileText, 1)
	d.PublishProfile = func(_ context.Context, _ console.Actor, name string, version int64, p console.ProfileText) (console.Profile, error) {
		if name == "films" && version != 7 {
			t.Errorf("published is version %d", version)
		}
		published <- p
		return console.Profile{Name: name, Version: 8, Origin: "api", ProfileText: p}, nil
	}
	c := console.New(console.Defaults(), d)
	fillWall(c, time.Now().UnixMicro())
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()

	b := openBrowser(t)
	b.do(chromedp.EmulateViewport(1440, 1100), chromedp.Navigate(server.URL))
	b.waitFor(`document.querySelector(".link")?.textContent === "Live"`)
	b.do(chromedp.KeyEvent("5"))
	b.waitFor(`document.querySelectorAll(".rules .option").length === 6`)
	b.script(`document.getElementById("option-for").focus(); document.getElementById("option-for").select()`)
	b.do(chromedp.KeyEvent("4 s\r"))
	b.waitFor(`document.querySelector("#option-for:invalid") !== null`)
	b.script(`document.getElementById("option-for").select()`)
	b.do(chromedp.KeyEvent("4s\r"))
	if q := <-asked; q.Profile != "default" || q.Hours != 24 || fmt.Sprint(q.Rules) != "map[black:map[for:4s]]" {
		t.Errorf("asked is %+v", q)
	}
	b.waitFor(`document.querySelectorAll(".timeline").length === 3 && document.querySelector(".standing")?.textContent.startsWith("Looked back 1 h 00 min of 24 h")`)
	b.screenshot("rules-running.png")
	for expression, want := range map[string]string{
		`[...document.querySelectorAll(".chip.sort b")].map(x => x.textContent).join()`:                                "+ 2,− 1,~ 1,= 1",
		`document.querySelector(".timeline").textContent.trim().replace(/\s+/g, " ")`:                                  "news-hd+2",
		`document.querySelector(".timeline svg").getAttribute("aria-label")`:                                           "news-hd: 2 added",
		`[...document.querySelectorAll(".changes tbody td:last-child")].map(x => x.textContent).filter(x => x).join()`: "false alarm",
		`new URLSearchParams(location.hash.slice(1)).get("set")`:                                                       `{"black":{"for":"4s"}}`,
		`document.querySelector(".kinds .edited").textContent`:                                                         "1 changed",
		`document.title`: "(1) Framewatch",
	} {
		if got := b.text(expression); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
	b.script(`[...document.querySelectorAll(".asked button")].find(x => x.textContent === "Cancel").click()`)
	b.waitFor(`document.querySelector(".whatif [role=status]").textContent.startsWith("Cancelled")`)
	<-left

	// The address brings all of it back, and what was changed of another profile is laid onto that one's own.
	close(whole)
	address := server.URL + "/#page=rules&profile=films&rule=black&hours=6&only=news-*&set=" + `%7B%22black%22%3A%7B%22for%22%3Anull%2C%22level%22%3A32%7D%7D`
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(address))
	if q := <-asked; q.Profile != "films" || q.Hours != 6 || fmt.Sprint(q.Streams) != "[news-*]" || fmt.Sprint(q.Rules) != "map[black:map[level:32]]" || fmt.Sprint(q.Matchers) != `[genre="film"]` {
		t.Errorf("asked is %+v", q)
	}
	b.waitFor(`document.querySelector(".whatif [role=status]")?.textContent.startsWith("Looked at as a whole") && document.querySelectorAll(".option.edited").length === 2`)
	b.screenshot("rules.png")
	b.script(`[...document.querySelectorAll(".acts button")].find(x => x.textContent.startsWith("Publish")).click()`)
	b.waitFor(`document.querySelector("dialog[open] .yaml") !== null`)
	want := "  films:\n    matchers: [\"genre=\\\"film\\\"\"]\n    rules:\n      black:\n−       for: 3s\n+       level: 32\n"
	if got := b.text(`document.querySelector("dialog .yaml").textContent`); got != want {
		t.Errorf("the difference is\n%s\nwant\n%s", got, want)
	}
	b.screenshot("rules-publish.png")
	b.script(`document.querySelector("dialog input").focus()`)
	b.do(chromedp.KeyEvent("\r"))
	if p := <-published; fmt.Sprint(p.Rules) != "map[black:map[level:32]]" || fmt.Sprint(p.Matchers) != `[genre="film"]` {
		t.Errorf("published is %+v", p)
	}
	b.waitFor(`!document.querySelector("dialog[open]") && !new URLSearchParams(location.hash.slice(1)).has("set") && document.querySelectorAll(".option.edited").length === 0`)

	// Another way to write a duration is no change, another duration is.
	for text, edited := range map[string]int{"3000ms": 0, "3001ms": 1} {
		b.script(`document.getElementById("option-for").focus(); document.getElementById("option-for").select()`)
		b.do(chromedp.KeyEvent(text + "\r"))
		b.waitFor(fmt.Sprintf(`document.activeElement === document.body && document.querySelectorAll(".option.edited").length === %d`, edited))
		b.script(`location.hash = "page=rules&profile=films&rule=black"`)
		b.waitFor(`document.querySelectorAll(".option.edited").length === 0`)
	}

	// What is of the configuration file is not published under its name.
	b.script(`location.hash = "page=rules&profile=sport&rule=black&set=" + encodeURIComponent('{"black":{"level":40}}')`)
	<-asked
	b.waitFor(`document.querySelector(".heading .of").textContent.includes("sport")`)
	b.script(`[...document.querySelectorAll(".acts button")].find(x => x.textContent.startsWith("Publish")).click()`)
	b.waitFor(`document.querySelector("dialog[open]")?.textContent.includes("is of the configuration file") && document.querySelector("dialog .primary").disabled`)
	b.screenshot("rules-file.png")
	b.do(chromedp.KeyEvent("\x1b"))
	b.waitFor(`!document.querySelector("dialog[open]")`)

	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.waitFor(`document.documentElement.scrollWidth === 390`)
	b.screenshot("rules-phone.png")
	b.script(`document.querySelector(".whatif").scrollIntoView()`)
	b.screenshot("rules-phone-whatif.png")
	b.expectNoErrors()
}
