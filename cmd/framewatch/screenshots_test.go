package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/internal/browsertest"
	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/replay"
)

var screenshots = flag.String("screenshots", "", "the folder into which TestScreenshots photographs each page of the demo; empty: it does not")

// TestScreenshots is for people, who look at what it has photographed: make screenshots. The demo runs until faults have come and gone.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("no -screenshots")
	}
	if err := os.MkdirAll(*screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, nil, lab.DemoConfig{Length: 5 * time.Minute})
	s.start("all")
	s.begin(t.Context())
	s.awaitConsole()
	p := photographer{t, browsertest.Open(t), s.console}
	p.b.Do(chromedp.Navigate(s.console))
	p.b.WaitLonger(`document.querySelectorAll(".defect.ended .evidence").length >= 3 && document.querySelectorAll(".defect.open").length >= 2`, 2*time.Minute)
	p.take("attention", 1440, 900, "", "true")
	p.take("attention-phone", 390, 844, "", "true")
	id := p.b.Text(`[...document.querySelectorAll(".defect.ended")].filter((d) => d.querySelector(".evidence")).map((d) => d.querySelector("a.title"))
		.sort((x, y) => (x.textContent === "No signal") - (y.textContent === "No signal"))[0].hash.match(/defect=([0-9a-f]+)/)[1]`)
	const told = `document.querySelector("dialog .plot canvas") && document.querySelector("dialog .facts").textContent.includes("Detected") && !(document.querySelector("dialog video")?.readyState < 2)`
	p.take("defect", 1440, 1500, "defect="+id, told)
	p.take("defect-phone", 390, 844, "defect="+id, told)
	p.take("stream", 1440, 1200, "stream=bunny", `document.querySelectorAll("dialog .plot canvas").length > 2`)
	pages, err := chromedp.Run(p.b.Context, chromedp.Evaluate[[]string](`import("./pages.js").then(({pages}) => pages.map((p) => p.name).filter(Boolean))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pages {
		if name != "rules" {
			p.take(name, 1440, 900, "page="+name, "true")
		}
		p.take(name+"-phone", 390, 844, "page="+name, "true")
	}
	p.b.Do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(s.console+"/lite"))
	p.keep("lite")
	// What-if looks at what has been settled for so long.
	p.b.WaitLonger(fmt.Sprintf("Date.now() > %d", time.Now().Add(replay.Settle()).UnixMilli()), 2*time.Minute)
	tried := "page=rules&rule=black&hours=1&set=" + url.QueryEscape(`{"black":{"for":"7s"},"silence":{"disabled":true},"freeze":{"for":"5s"}}`)
	p.take("rules", 1440, 1500, tried, `document.querySelector(".whatif [role=status]")?.textContent.startsWith("Looked at as a whole")`)
}

// photographer takes pictures of the page.
type photographer struct {
	t    *testing.T
	b    *browsertest.Browser
	base string
}

// take turns to a place in a window of that size, and photographs it once everything is there that is going to be, and the condition holds.
func (p photographer) take(name string, width, height int64, place, condition string) {
	p.t.Helper()
	var options []chromedp.EmulateViewportOption
	if width < 500 {
		options = append(options, chromedp.EmulateMobile)
	}
	p.b.Do(chromedp.EmulateViewport(width, height, options...), chromedp.Navigate("about:blank"), chromedp.Navigate(p.base+"/#"+place))
	const seen = `(e) => e.getBoundingClientRect().width > 0 && e.getBoundingClientRect().top < innerHeight`
	p.b.WaitFor(`document.querySelector(".link")?.textContent === "Live" && document.querySelector("main") && !document.querySelector("[aria-busy=true]")`)
	p.b.WaitFor(`!/Loading …|Reading the log …/.test(document.body.innerText)`)
	p.b.WaitFor(`[...document.querySelectorAll(".picture")].filter(` + seen + `).every((p) => p.querySelector("img, .none"))`)
	p.b.WaitFor(condition)
	p.keep(name)
}

// keep photographs what is shown now.
func (p photographer) keep(name string) {
	p.t.Helper()
	quality := int64(82)
	shot, err := chromedp.Call(p.b.Context, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
	if err != nil {
		p.t.Fatalf("photograph %s: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".webp"), shot.Data, 0o644); err != nil {
		p.t.Fatal(err)
	}
	p.t.Logf("%s.webp: %d kB", name, len(shot.Data)/1000)
}
