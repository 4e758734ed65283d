package console_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
)

// TestSilencesPage makes a silence by the form, which tells beforehand what it mutes, extends it, ends it, makes one that comes back and removes that, and mutes a stream from its sheet.
func TestSilencesPage(t *testing.T) {
	deps := deps()
	var c *console.Console
	made := make(chan console.Silence, 1)
	deps.Silence = func(_ context.Context, by console.Actor, s console.Silence) (console.Silence, error) {
		s.ID, s.By = "5a3f", by.Name
		c.Silenced(s.ID, &s)
		made <- s
		return s, nil
	}
	change := func(id string, end int64) console.Silence {
		s := console.Silence{ID: id, Matchers: []string{`stream="news-uk"`}, By: "ann", Comment: "encoder is changed", Start: time.Now().UnixMicro() - 60e6, End: end}
		c.Silenced(id, &s)
		return s
	}
	deps.ExtendSilence = func(_ context.Context, _ console.Actor, id string, end time.Time) (console.Silence, error) {
		return change(id, end.UnixMicro()), nil
	}
	deps.EndSilence = func(_ context.Context, _ console.Actor, id string) (console.Silence, error) {
		return change(id, time.Now().UnixMicro()), nil
	}
	recurring := make(chan console.Recurrence, 1)
	deps.Recur = func(_ context.Context, by console.Actor, r console.Recurrence) (console.Recurrence, error) {
		r.ID, r.By = "7c1e", by.Name
		c.Recurring(r.ID, &r)
		recurring <- r
		return r, nil
	}
	deps.EndRecurrence = func(_ context.Context, _ console.Actor, id string) (console.Recurrence, error) {
		c.Recurring(id, nil)
		return console.Recurrence{ID: id, Matchers: []string{}}, nil
	}
	c = console.New(console.Defaults(), deps)
	now := time.Now().UnixMicro()
	fillWall(c, now)
	c.Silenced("11", &console.Silence{ID: "11", Matchers: []string{`stream="kids"`, `kind=~"black|freeze"`}, By: "bob", Comment: "slate until the programme begins", Start: now - 3000e6, End: now + 500e6})
	c.Silenced("12", &console.Silence{ID: "12", Matchers: []string{`stream="sport-1"`}, By: "bob", Comment: "off season", Start: now + 7200e6, End: now + 90000e6})
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()

	b := openBrowser(t)
	b.do(chromedp.EmulateViewport(1440, 1200), chromedp.Navigate(server.URL))
	b.waitFor(`document.querySelector(".link").textContent === "Live"`)
	b.do(chromedp.KeyEvent("4"))
	b.waitFor(`document.querySelectorAll(".silences .cards .card").length === 2`)
	b.waitFor(`document.querySelector(".ending b").textContent.includes("min")`) // 500 s are left of one
	fill := func(selector, text string) {
		b.script(`{const e = document.querySelector(` + quoted(selector) + `); e.focus(); e.value = ` + quoted(text) + `; e.dispatchEvent(new Event("input", {bubbles: true}))}`)
	}
	b.script(`document.querySelector(".page-head .main").click()`)
	fill(`.matcher input:last-of-type`, "news-uk")
	b.waitFor(`document.querySelector(".preview b")?.textContent === "1 stream, 1 open defect" && document.querySelector(".preview .named a").textContent === "Freeze"`)
	b.waitFor(`[...document.querySelectorAll("#values-0 option")].some((o) => o.value === "news-uk")`)
	b.screenshot("silence-once.png")
	b.script(`document.querySelector(".silence-form [type=submit]").click()`)
	b.waitFor(`document.querySelector(".silence-form") !== null && document.activeElement.matches(":invalid")`) // it is to be said why
	fill(`.silence-form .wide input`, "encoder is changed")
	b.script(`document.querySelector(".silence-form [type=submit]").click()`)
	b.waitFor(`document.querySelectorAll("[aria-labelledby=in-force] .card").length === 2 && !document.querySelector(".silence-form")`)
	if s := <-made; !slices.Equal(s.Matchers, []string{`stream="news-uk"`}) || s.End-s.Start != 7200e6 || s.Comment != "encoder is changed" {
		t.Errorf("what was made is %+v", s)
	}
	b.waitFor(`document.querySelector("[aria-labelledby=in-force] .cards").textContent.includes("Mutes 1 stream, 1 open defect")`)
	const mine = `[...document.querySelectorAll(".card")].find((c) => c.textContent.includes("encoder"))`
	b.script(mine + `.querySelector("[aria-label='Extend by 1 d']").click()`)
	b.waitFor(mine + `?.querySelector(".left").textContent.startsWith("1 d")`)

	b.script(`document.querySelector(".page-head .main").click()`)
	b.script(`[...document.querySelectorAll(".silence-form .chip")].find((x) => x.textContent === "Recurring").click()`)
	fill(`.matcher input:last-of-type`, "news-hd")
	fill(`.silence-form [list=zones]`, "Europe/Berlin")
	fill(`.silence-form .wide input`, "backup of the week")
	b.screenshot("silence-recurring.png")
	b.script(`document.querySelector(".silence-form [type=submit]").click()`)
	want := console.Schedule{Days: []string{"tue"}, From: "02:00", To: "04:00", Zone: "Europe/Berlin"}
	if r := <-recurring; !slices.Equal(r.Schedule.Days, want.Days) || r.Schedule.From != want.From || r.Schedule.To != want.To || r.Schedule.Zone != want.Zone || r.Comment != "backup of the week" {
		t.Errorf("what recurs is %+v, want %+v", r, want)
	}
	b.waitFor(`document.querySelector(".card.recurring .schedule")?.textContent === "Every Tuesday, 02:00 – 04:00 Europe/Berlin" && !document.querySelector(".silence-form")`)
	b.screenshot("silences.png")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.waitFor(`document.documentElement.scrollWidth === 390`)
	b.screenshot("silences-phone.png")
	b.script(`document.querySelector(".page-head .main").click()`)
	b.waitFor(`document.querySelector(".silence-form") && document.documentElement.scrollWidth === 390`)
	b.screenshot("silence-phone-form.png")
	b.do(chromedp.EmulateViewport(1440, 1200))
	b.script(`document.querySelector(".card.recurring .chip").click()`)
	b.waitFor(`document.querySelector(".card.recurring .danger")`)
	b.script(`document.querySelector(".card.recurring .danger").click()`)
	b.waitFor(`!document.querySelector(".card.recurring")`)

	b.script(mine + `.querySelector(".chips .chip:last-child").click()`)
	b.waitFor(`document.querySelector("[aria-labelledby=ended] .card")?.textContent.includes("encoder")`)

	b.script(`location.hash = "stream=news-uk"`)
	b.waitFor(`[...document.querySelectorAll("dialog .maintenance button")].some((x) => x.textContent === "Mute for 4 h")`)
	b.script(`[...document.querySelectorAll("dialog .maintenance button")].find((x) => x.textContent === "Mute for 4 h").click()`)
	b.waitFor(`document.querySelector(".maintenance [role=status]").textContent.startsWith("Muted until") && document.querySelector(".maintenance p").textContent.includes("by console: maintenance")`)
	if s := <-made; !slices.Equal(s.Matchers, []string{`stream="news-uk"`}) || s.End-s.Start > 14401e6 || s.End-s.Start < 14300e6 {
		t.Errorf("from the sheet %+v was made", s)
	}
	b.screenshot("maintenance.png")
	b.expectNoErrors()
}
