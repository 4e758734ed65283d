package console_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// hostile is a stream's name that would change the title if it were ever read as markup.
const hostile = `<img src=x onerror="document.title='owned'">`

// TestPage looks at the page with a real browser: what an operator would see of streams that go bad while the page is open.
func TestPage(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	now := time.Now().UnixMicro()
	fillWall(c, now)
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()

	b := openBrowser(t)
	b.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(server.URL))
	b.waitFor(`document.querySelectorAll(".tile").length === 4`)
	b.waitFor(`document.querySelector(".link").textContent === "Live"`)
	b.waitFor(`document.querySelector(".tile.firing img")?.naturalWidth === 320`)
	for expression, want := range map[string]string{
		`document.querySelector(".tile.firing .name").textContent`:     "news-uk",
		`document.querySelector(".tile.firing .why b").textContent`:    "Freeze",
		`document.querySelector(".tile.pending .name").textContent`:    "regional-3",
		`document.querySelector(".tile.stale .name").textContent`:      "regional-7",
		`document.querySelector(".tile.unknown .name").textContent`:    "lab-feed",
		`document.querySelector(".defect.ended .title").textContent`:   "Silence, track 1",
		`document.querySelector(".defect.ended .lasting").textContent`: "8.2 s",
		`document.title`: "(1) Framewatch",
		`document.querySelector(".calm span").textContent`: "The other 9 streams are OK.",
	} {
		if got := b.text(expression); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}

	// A stream turns black: the tile turns firing, moves up and gets a picture, in the same document.
	b.script(`window.sameDocument = true`)
	black := schemas.DefectEvent{ID: "b1", Revision: 1, State: "opened", Stream: "news-hd", Kind: "black", Severity: "critical",
		Onset: now - 42e6, End: now, Detected: now, Summary: "99.8 % of the picture is below luma 20"}
	c.Defect(&black)
	c.Health("news-hd", health("firing", now+60e6))
	b.waitFor(`document.querySelector(".tile.firing .name").textContent === "news-hd"`)
	b.waitFor(`document.querySelector(".tile.firing img")?.naturalWidth === 320`)
	b.waitFor(`document.querySelector(".defect.open.critical .stream").textContent === "news-hd"`)
	b.screenshot("wall.png")

	// Durations tick without any news.
	lasting := `document.querySelector(".defect.open.critical .lasting").textContent`
	b.waitFor(fmt.Sprintf("%s !== %q", lasting, b.text(lasting)))

	b.do(chromedp.Click[string](".tile.firing a"))
	b.waitFor(`document.querySelector("dialog[open] .figures")?.rows.length === 3`)
	b.waitFor(`document.querySelector("dialog[open] img")?.naturalWidth === 320`)
	b.waitFor(`document.querySelectorAll("dialog[open] .plot canvas").length === 1`)
	b.screenshot("detail.png")
	b.do(chromedp.KeyEvent("\x1b"))
	b.waitFor(`!document.querySelector("dialog")`)

	// By keys: the second of what is listed is focused and opened, closed again, and the list of keys is shown.
	b.script(`document.activeElement.blur()`)
	b.do(chromedp.KeyEvent("jjo"))
	b.waitFor(`document.querySelector("dialog[open] #detail-name")?.textContent === document.querySelectorAll(".tile .name")[1].textContent`)
	b.do(chromedp.KeyEvent("\x1b"))
	b.waitFor(`!document.querySelector("dialog")`)
	b.do(chromedp.KeyEvent("?"))
	b.waitFor(`document.querySelector("dialog.help[open] kbd") !== null`)
	b.do(chromedp.KeyEvent("\x1b"))
	b.waitFor(`!document.querySelector("dialog")`)

	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.waitFor(`document.documentElement.scrollWidth === 390`)
	b.screenshot("phone.png")
	b.do(chromedp.EmulateViewport(1440, 900))

	// It ends, and stays in sight for a while.
	black.Revision, black.State, black.Reason, black.End, black.Detected = 2, "closed", "resolved", now, now
	ended := black
	c.Defect(&ended)
	c.Health("news-hd", health("ok", now+60e6))
	b.waitFor(`document.querySelector(".tile.recovered .name")?.textContent === "news-hd"`)
	b.waitFor(`window.sameDocument === true`)
	if title := b.text(`document.title`); title != "(1) Framewatch" {
		t.Errorf("title is %q: did a stream's name run as script?", title)
	}
	b.expectNoErrors()

	c.Stream("sport-2", nil)
	b.waitFor(`document.querySelector(".calm span").textContent === "The other 7 streams are OK."`)

	// The server goes away: the page says so, and that what it shows is old.
	c.Close()
	server.Close()
	b.waitFor(`document.querySelector(".banner") !== null && document.querySelector(".link.lost") !== null`)
	b.screenshot("lost.png")
}

// fillWall gives the console thirteen streams in every state, one open defect and one that has ended. Roll-ups that should stay fresh
// during the test are dated ahead.
func fillWall(c *console.Console, now int64) {
	fresh := now + 60e6
	pending := health("pending", fresh)
	pending.Pending = []schemas.Pending{{Kind: "black_with_logo", Since: now - 2e6}}
	healths := map[string]*schemas.Health{
		"news-uk": health("firing", fresh), "regional-3": pending, "regional-7": health("ok", now-40e6), "lab-feed": nil,
	}
	for _, id := range []string{"news-hd", "sport-1", "sport-2", "sport-10", "kids", "movies-4k", "music", "a-channel-with-a-name-that-does-not-fit-on-its-tile", hostile} {
		healths[id] = health("ok", fresh)
	}
	for id, h := range healths {
		c.Stream(id, &schemas.StreamSpec{Labels: map[string]string{"site": "north", "cdn": "a"}})
		if h != nil {
			c.Health(id, h)
		}
	}
	c.Defect(&schemas.DefectEvent{ID: "s1", Revision: 2, State: "closed", Reason: "resolved", Stream: "sport-2", Kind: "silence", Part: "track 1", Severity: "warning",
		Onset: now - 754_000_000, End: now - 745_800_000, Detected: now - 744e6, Summary: "Both channels are below -60 dBFS"})
	c.Defect(&schemas.DefectEvent{ID: idOf(2), Revision: 1, State: "opened", Stream: "news-uk", Kind: "freeze", Severity: "warning",
		Onset: now - 95e6, End: now, Detected: now - 90e6, Summary: "The picture has not changed"})
}

// health is a roll-up made at that instant.
func health(lamp string, at int64) *schemas.Health {
	return &schemas.Health{Time: at, Lamp: lamp, State: "up", Edge: "http://edge", Figures: []schemas.Figure{
		{Name: "luma_mean", Min: 12.25, Mean: 61.5, Max: 140, Count: 250}, {Name: "bits_per_second", Min: 2_400_000, Mean: 3_125_000, Max: 5_200_000, Count: 10},
	}}
}

// testCard is a picture of 320x180 with coloured bars.
var testCard = sync.OnceValue(func() []byte {
	bars := []color.RGBA{{191, 191, 191, 255}, {191, 191, 0, 255}, {0, 191, 191, 255}, {0, 191, 0, 255}, {191, 0, 191, 255}, {191, 0, 0, 255}, {0, 0, 191, 255}}
	picture := image.NewRGBA(image.Rect(0, 0, 320, 180))
	for y := range 180 {
		for x := range 320 {
			picture.Set(x, y, bars[x*len(bars)/320])
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
})
