package console_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// wallOf is a console with so many streams at two sites that are all well, and a browser that looks at its wall.
func wallOf(t *testing.T, streams int, choices string) (*console.Console, *browser, *httptest.Server) {
	d := deps()
	d.Picture = func(context.Context, string, string, int64) (console.Picture, error) {
		return console.Picture{JPEG: testCard(), Instant: time.Now().UnixMicro(), Levels: "1:-20.5/-8.1,-5.0/-0.1"}, nil
	}
	c := console.New(console.Defaults(), d)
	for i := range streams {
		id := fmt.Sprintf("channel-%d", i)
		c.Stream(id, &schemas.StreamSpec{Labels: map[string]string{"site": []string{"north", "south"}[i%2]}})
		c.Health(id, health("ok", time.Now().UnixMicro()+60e6))
	}
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(c.Close)
	b := openBrowser(t)
	b.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(server.URL+"/#page=wall"+choices))
	b.waitFor(`document.querySelectorAll(".wall > li").length > 0`)
	return c, b, server
}

// fire has a stream turn black.
func fire(c *console.Console, id, stream string) {
	now := time.Now().UnixMicro()
	c.Defect(&schemas.DefectEvent{ID: id, Revision: 1, State: "opened", Stream: stream, Kind: "black", Severity: "critical", Onset: now - 42e6, End: now, Detected: now})
	c.Health(stream, health("firing", now+60e6))
}

// TestWall: of a thousand streams only those near the view are in the document, and all can be come to by keys.
func TestWall(t *testing.T) {
	c, b, _ := wallOf(t, 1000, "")
	fire(c, idOf(1), "channel-3")
	b.waitFor(`document.querySelector(".wall .tile.firing .name")?.textContent === "channel-3"`)
	b.waitFor(`document.querySelector(".wall .tile.firing .why b")?.textContent === "Black"`)
	b.waitFor(`document.querySelector(".wall .meters")?.getAttribute("aria-label") === "Sound: -5 dBFS, peak 0"`)
	b.waitFor(`document.querySelector(".wall img")?.naturalWidth === 320`)
	for expression, want := range map[string]string{
		`[...document.querySelectorAll(".wall .name")].slice(9, 12).map(n => n.textContent).join()`: "channel-9,channel-10,channel-11",
		`String(document.querySelectorAll(".wall .tile").length < 150)`:                             "true",
		`document.querySelector(".wall .tile").getAttribute("aria-setsize")`:                        "1000",
		`document.querySelector(".wall .bits").textContent`:                                         "3.1 Mb/s",
		`document.querySelector(".tools .shown").textContent`:                                       "1000 streams",
	} {
		if got := b.text(expression); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
	b.screenshot("wall.png")

	// By keys: back from nothing is the last, which is far below; from there one goes on.
	b.do(chromedp.KeyEvent("k"))
	b.waitFor(`document.activeElement.dataset.key === "stream channel-999" && scrollY > 1000`)
	b.do(chromedp.KeyEvent("k"))
	b.waitFor(`document.activeElement.dataset.key === "stream channel-998"`)
	// What has the focus keeps it when one scrolls away, and keys go on from there.
	b.script(`scrollTo(0, 0)`)
	b.waitFor(`document.querySelector('[data-key="stream channel-20"]') !== null`)
	b.do(chromedp.KeyEvent("k"))
	b.waitFor(`document.activeElement.dataset.key === "stream channel-997" && scrollY > 1000`)
	b.do(chromedp.KeyEvent("o"))
	b.waitFor(`document.querySelector("dialog[open] #detail-name")?.textContent === "channel-997"`)
	b.do(chromedp.KeyEvent("\x1b"))
	b.waitFor(`!document.querySelector("dialog") && document.activeElement.dataset.key === "stream channel-997"`)

	// The order changes: what had the focus has it still, and nothing scrolls.
	b.script(`location.hash = "page=wall&sort=worst"; window.stood = 0`)
	b.waitFor(`document.querySelector('[data-key="stream channel-3"]') === null`)
	b.script(`window.stood = scrollY`)
	fire(c, idOf(2), "channel-997")
	b.waitFor(`document.activeElement.dataset.key === "stream channel-997" && document.activeElement.closest(".tile").style.top === "0px" && scrollY === stood`)

	// The search, also where the browser's would be asked for, and a lamp.
	b.script(`scrollTo(0, 0); dispatchEvent(new KeyboardEvent("keydown", {key: "f", ctrlKey: true}))`)
	b.waitFor(`document.activeElement.id === "search"`)
	b.do(chromedp.KeyEvent("channel-99"))
	b.waitFor(`document.querySelectorAll(".wall .tile").length === 11 && document.querySelector(".tools .shown").textContent === "11 of 1000 streams"`)
	b.do(chromedp.Click[string](".chip.firing"))
	b.waitFor(`document.querySelectorAll(".wall .tile").length === 1 && location.hash.includes("lamp=firing")`)

	b.script(`location.hash = "page=wall&size=fit"`)
	b.waitFor(`document.querySelectorAll(".wall .tile").length > 150`)
	b.screenshot("fit.png")
	b.script(`location.hash = "page=wall"`)
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.waitFor(`document.documentElement.scrollWidth === 390`)
	b.waitFor(`document.querySelector(".wall .tile").offsetWidth < 180`)
	b.screenshot("wall-phone.png")
	b.expectNoErrors()
}

// TestWallGroups: groups by a label fold while all in them are well, show their worst lamp, and labels narrow what is shown.
func TestWallGroups(t *testing.T) {
	c, b, _ := wallOf(t, 200, "&group=site")
	c.Stream("alone", &schemas.StreamSpec{})
	fire(c, idOf(1), "channel-3")
	b.waitFor(`document.querySelectorAll(".wall .group").length === 2`)
	b.waitFor(`[...document.querySelectorAll(".wall .group")].map(g => g.className + g.querySelector("b").textContent + g.querySelector("button").ariaExpanded).join() ===
		"group oknorthfalse,group firingsouthtrue"`)
	b.waitFor(`document.querySelector(".group.firing .lamps").textContent === "1 Firing99 OK"`)
	b.waitFor(`document.querySelector(".group.firing + .tile .name").textContent === "channel-1"`)
	b.waitFor(`document.querySelector(".wall img")?.naturalWidth === 320`)
	b.screenshot("groups.png")

	// A group above the view unfolds: what is in view stays where it is.
	b.script(`scrollTo(0, 1200)`)
	b.waitFor(`document.querySelector('[data-key="stream channel-101"]') !== null`)
	b.script(`window.top101 = document.querySelector('[data-key="stream channel-101"]').getBoundingClientRect().top; window.stood = scrollY`)
	fire(c, idOf(2), "channel-0")
	b.waitFor(`scrollY > stood + 500 && Math.abs(document.querySelector('[data-key="stream channel-101"]').getBoundingClientRect().top - top101) < 1`)

	b.script(`scrollTo(0, 1e6)`)
	b.waitFor(`document.querySelector(".group.unknown b")?.textContent === "no site"`)

	// By hand a group folds whatever its lamps, and the address tells.
	b.script(`scrollTo(0, 0)`)
	b.waitFor(`document.querySelector(".wall .group b")?.textContent === "north"`)
	b.script(`document.querySelector(".wall .group button").click()`)
	b.waitFor(`document.querySelector(".group button").ariaExpanded === "false" && location.hash.includes("fold=north%3D0")`)

	b.script(`const s = document.querySelector(".tools select"); s.value = JSON.stringify(["site", "north"]); s.dispatchEvent(new Event("change", {bubbles: true}))`)
	b.waitFor(`document.querySelectorAll(".wall .group").length === 1 && location.hash.includes("labels=site%3Dnorth")`)
	b.do(chromedp.Click[string](".tools .asked"))
	b.waitFor(`document.querySelectorAll(".wall .group").length >= 2`)
	b.expectNoErrors()
}

// TestKiosk: nothing but the wall, as large as fits, also after a reload and while the console is away.
func TestKiosk(t *testing.T) {
	c, b, server := wallOf(t, 24, "&kiosk=1&stream=channel-3")
	fire(c, idOf(1), "channel-3")
	for range 2 {
		b.waitFor(`document.querySelector(".tile.firing .name")?.textContent === "channel-3"`)
		b.waitFor(`document.querySelectorAll(".wall .tile").length === 24`)
		b.waitFor(`document.querySelector(".wall img")?.naturalWidth === 320`)
		b.waitFor(`!document.querySelector("dialog, .bar, .tools") && document.documentElement.scrollHeight <= innerHeight && getComputedStyle(document.querySelector(".tile a")).cursor === "none"`)
		b.screenshot("kiosk.png")
		b.do(chromedp.Reload())
	}
	b.waitFor(`document.querySelectorAll(".wall .tile").length === 24`)
	b.expectNoErrors()
	c.Close()
	server.Close()
	b.waitFor(`document.querySelector(".banner") !== null && document.querySelectorAll(".wall .tile").length === 24`)
	b.do(chromedp.KeyEvent("\x1b"))
	b.waitFor(`document.querySelector(".bar") !== null && !location.hash.includes("kiosk") && [...document.querySelectorAll(".tools button")].some(x => x.textContent === "Kiosk")`)

	// The screen is kept awake for as long as it is one.
	b.script(`navigator.wakeLock.request = async (kind) => { window.awake = kind; return {released: false, release() { window.awake = ""; }}; }`)
	b.script(`[...document.querySelectorAll(".tools button")].find(x => x.textContent === "Kiosk").click()`)
	b.waitFor(`window.awake === "screen" && location.hash.includes("kiosk=1")`)
	b.do(chromedp.KeyEvent("\x1b"))
	b.waitFor(`window.awake === ""`)
}

// TestManyAreBad: when more streams are bad than anyone looks at one by one, the first page shows the worst and leads to the wall.
func TestManyAreBad(t *testing.T) {
	c, b, _ := wallOf(t, 260, "")
	b.script(`location.hash = ""`)
	b.waitFor(`document.querySelector(".calm.fine span")?.textContent === "All 260 streams are OK."`)
	for i := range 250 {
		fire(c, idOf(i), fmt.Sprintf("channel-%d", i))
	}
	b.waitFor(`document.querySelectorAll(".tile").length === 120 && document.querySelector("h2 .count").textContent === "250"`)
	b.waitFor(`document.querySelectorAll("aside .defect").length === 200 && document.querySelector(".calm span").textContent === "The other 10 streams are OK."`)
	b.waitFor(`document.querySelector(".rest").textContent === "130 more are on the wall."`)
	// Nothing moves under the pointer when the tiles above come near.
	const place = `String(Math.round(document.querySelector(".rest").getBoundingClientRect().top + scrollY))`
	far := b.text(place)
	b.script(`document.querySelector(".rest").scrollIntoView({block: "center"})`)
	b.waitFor(`document.querySelector(".attention .tile:nth-child(120) img")?.naturalWidth === 320`)
	if near := b.text(place); near != far {
		t.Errorf("what stands below the tiles is at %s px when it is seen, and was at %s before", near, far)
	}
	b.do(chromedp.Click[string](".rest a"))
	b.waitFor(`document.querySelector(".wall .tile.firing") !== null && location.hash.includes("sort=worst")`)
	b.expectNoErrors()
}
