package console_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// TestStreamsPage adds a stream: what is at its address is looked at, its first picture is shown, it is saved and stands in the list; it is changed, and removed once its name was written.
func TestStreamsPage(t *testing.T) {
	deps := deps()
	var c *console.Console
	deps.Probe = func(_ context.Context, _ console.Actor, url string) (console.Probed, error) {
		if strings.Contains(url, "gone") {
			return console.Probed{URL: url, Problem: "open http://origin.example/gone.m3u8: 404 Not Found", Tracks: []schemas.Track{}}, nil
		}
		picture, sound := 0.42, 0.61
		return console.Probed{URL: url, Container: "mpegts", FirstPicture: &picture, FirstSound: &sound, Picture: testCard(), Tracks: []schemas.Track{
			{Index: 0, Kind: "video", Codec: "h264", Profile: "High", Video: &schemas.VideoFormat{Width: 1920, Height: 1080, PixelFormat: "yuv420p", FrameRateNum: 25, FrameRateDen: 1}},
			{Index: 1, Kind: "audio", Codec: "aac", Language: "eng", Audio: &schemas.AudioFormat{SampleRate: 48000, Layout: "stereo"}},
		}}, nil
	}
	saved := make(chan console.StreamText, 1)
	deps.SaveStream = func(_ context.Context, _ console.Actor, s console.StreamText, change bool) (console.StreamText, error) {
		if s.Profile == "none" {
			return s, console.Refusal{Reason: `profile: there is none called "none"`}
		}
		c.Stream(s.ID, &schemas.StreamSpec{URL: s.URL, Labels: s.Labels, Profile: s.Profile, Lane: s.Lane, Origin: "api"})
		saved <- s
		return s, nil
	}
	removed := make(chan string, 1)
	deps.RemoveStream = func(_ context.Context, _ console.Actor, id string) error {
		c.Stream(id, nil)
		removed <- id
		return nil
	}
	c = console.New(console.Defaults(), deps)
	for _, id := range []string{"news-hd", "news-uk", "kids"} {
		c.Stream(id, &schemas.StreamSpec{URL: "http://origin/" + id, Labels: map[string]string{"site": "north", "cdn": "a"}, Origin: "config"})
	}
	c.Stream(hostile, &schemas.StreamSpec{URL: "http://u:hunter2@h/x", Labels: map[string]string{"site": "south" + hostile}, Profile: "films", Lane: "pair", Origin: "api"})
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()

	b := openBrowser(t)
	b.do(chromedp.EmulateViewport(1440, 1100), chromedp.Navigate(server.URL))
	b.waitFor(`document.querySelector(".link").textContent === "Live"`)
	b.do(chromedp.KeyEvent("6"))
	b.waitFor(`document.querySelectorAll(".streams .row").length === 5`)
	fill := func(selector, text string) {
		b.script(`{const e = document.querySelector(` + quoted(selector) + `); e.focus(); e.value = ` + quoted(text) + `; e.dispatchEvent(new Event("input", {bubbles: true}))}`)
	}
	click := func(text string) {
		b.script(`[...document.querySelectorAll(".streams button")].find((x) => x.textContent === ` + quoted(text) + `).click()`)
	}
	click("Add a stream")
	b.waitFor(`document.querySelector(".stream-form") !== null`)
	fill(`.address input`, "https://origin.example/gone.m3u8")
	click("Look at it")
	b.waitFor(`document.querySelector(".found.bad")?.textContent.includes("404 Not Found") && document.querySelector(".stream-form .main").textContent === "Save all the same"`)
	fill(`.address input`, "https://origin.example/sport/index.m3u8")
	b.waitFor(`document.querySelector(".stream-form .main").textContent === "Look at it first" && !document.querySelector(".found")`)
	click("Look at it")
	b.waitFor(`document.querySelector(".found img")?.naturalWidth === 320 && document.querySelector(".found").textContent.includes("1920×1080 yuv420p, 25 pictures/s")`)
	fill(`.fields input`, "sport-3")
	click("Add a label")
	b.waitFor(`document.querySelector(".label") !== null`)
	fill(`.label input`, "site")
	fill(`.label input:nth-of-type(2)`, "east")
	fill(`.stream-form textarea`, "{nothing")
	click("Save")
	b.waitFor(`document.querySelector(".stream-form .problem")?.textContent.startsWith("Expectations: this is no JSON")`)
	fill(`.stream-form textarea`, `{"silent_tracks": [1]}`)
	b.screenshot("stream-form.png")
	click("Save")
	b.waitFor(`document.querySelectorAll(".streams .row").length === 6 && !document.querySelector(".stream-form") && document.querySelector(".said").textContent === "sport-3 is monitored from now on."`)
	if s := <-saved; s.ID != "sport-3" || s.URL != "https://origin.example/sport/index.m3u8" || len(s.Labels) != 1 || s.Labels["site"] != "east" || string(s.Expectations) != `{"silent_tracks":[1]}` {
		t.Errorf("saved is %+v, expected %s", s, s.Expectations)
	}
	// A change that leaves the address leaves it: what is masked does not reach the page.
	b.script(`[...document.querySelectorAll(".streams button")].find((x) => x.ariaLabel === "Change " + ` + quoted(hostile) + `).click()`)
	b.waitFor(`document.querySelector(".address input")?.placeholder === "http://u:***@h/x" && document.querySelector(".stream-form .main").textContent === "Save"`)
	click("Save")
	if s := <-saved; s.ID != hostile || s.URL != "" || s.Profile != "films" || s.Lane != "pair" || s.Labels["site"] != "south"+hostile {
		t.Errorf("changed is %+v", s)
	}
	b.waitFor(`!document.querySelector(".stream-form")`)
	fill("#search", "site=east")
	b.waitFor(`document.querySelectorAll(".streams .row").length === 2`)
	fill("#search", "")
	b.waitFor(`document.querySelectorAll(".streams .row").length === 6`)
	b.screenshot("streams.png")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.waitFor(`document.documentElement.scrollWidth === 390`)
	b.screenshot("streams-phone.png")
	b.do(chromedp.EmulateViewport(1440, 1100))

	b.script(`document.querySelector("[aria-label='Remove sport-3']").click()`)
	b.waitFor(`document.querySelector(".removal .danger")?.disabled === true`)
	fill(".removal input", "sport-3")
	b.waitFor(`document.querySelector(".removal .danger").disabled === false`)
	b.screenshot("stream-removal.png")
	b.script(`document.querySelector(".removal .danger").click()`)
	b.waitFor(`document.querySelectorAll(".streams .row").length === 5`)
	if id := <-removed; id != "sport-3" {
		t.Errorf("%s was removed", id)
	}
	if title := b.text(`document.title`); title != "Framewatch" {
		t.Errorf("title is %q: did a stream's name run as script?", title)
	}
	b.expectNoErrors()
	// What the API refuses is said in its words.
	b.script(`[...document.querySelectorAll(".streams button")].find((x) => x.textContent === "Change").click()`)
	b.waitFor(`document.querySelector(".stream-form .main")?.textContent === "Save"`)
	fill(`[list=profiles]`, "none")
	click("Save")
	b.waitFor(`document.querySelector(".stream-form .problem")?.textContent.startsWith("profile: there is none")`)
}
