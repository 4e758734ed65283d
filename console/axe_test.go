package console_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
)

// axeDir has axe-core, which finds what keeps people from using a page.
const axeDir = "testdata/axe"

// screens are the widths at which every page is looked at: a desk, and a phone.
var screens = []struct {
	name    string
	size    [2]int64
	options []chromedp.EmulateViewportOption
}{
	{"desk", [2]int64{1440, 900}, nil},
	{"phone", [2]int64{390, 844}, []chromedp.EmulateViewportOption{chromedp.EmulateMobile}},
}

// TestAccessibility looks at every page and dialog for what WCAG 2.2 A and AA forbid and can be seen by a program, with a page that is full and with one that is empty, and wants none of
// it; nor may anything be wider than the screen.
func TestAccessibility(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(axeDir, "axe.js"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*console.Console{"full": furnished(console.Defaults(), ""), "empty": console.New(console.Defaults(), deps())} {
		server := httptest.NewServer(c.Handler())
		defer server.Close()
		defer c.Close()
		b := openBrowser(t)
		for _, screen := range screens {
			b.do(chromedp.EmulateViewport(screen.size[0], screen.size[1], screen.options...))
			b.openPage(server.URL)
			for _, place := range b.places(name == "full") {
				where := fmt.Sprintf("%s, %s, %s", name, screen.name, place)
				b.script("location.hash = " + quoted(place))
				b.waitForPage(place)
				b.expectAccessible(string(source), where)
				if name == "full" {
					b.dialogs(func(what string) { b.expectAccessible(string(source), where+", "+what) })
				}
			}
			b.do(chromedp.Navigate(server.URL + "/lite"))
			b.expectAccessible(string(source), name+", "+screen.name+", /lite")
		}
	}
}

// openPage loads the page anew and waits until it is live.
func (b *browser) openPage(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(address))
	b.waitFor(`document.querySelector(".link")?.textContent === "Live"`)
}

// places are the addresses of all pages and, where there is something to show, of a stream and a defect in full.
func (b *browser) places(full bool) []string {
	b.t.Helper()
	pages, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`import("./pages.js").then(({pages}) => pages.map((p) => p.name && "page=" + p.name))`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("read the names of the pages: %v", err)
	}
	if full {
		pages = append(pages, "page=tap&topic=defects", "page=rules&profile=films&rule=black&set="+url.QueryEscape(`{"black":{"for":"4s"}}`), "stream=news-uk", "stream=lab-feed", "defect="+idOf(2), "defect="+idOf(9), "defect=none", "page=silences&silence=new", "page=streams&edit=%2B", "page=streams&edit=news-uk")
	}
	return pages
}

// waitForPage waits until what the address names is there.
func (b *browser) waitForPage(place string) {
	b.t.Helper()
	b.waitFor(`new URLSearchParams(location.hash.slice(1)).toString() === new URLSearchParams(` + quoted(place) + `).toString() &&
		document.querySelector("main") && !document.querySelector("[aria-busy=true]")`)
	b.waitFor(fmt.Sprintf(`Boolean(document.querySelector("dialog[open]")) === %t`, strings.HasPrefix(place, "stream=") || strings.HasPrefix(place, "defect=")))
}

// dialogs opens, one after the other, all that the page has a button for which says that it opens a dialog, and the list of keys.
func (b *browser) dialogs(look func(what string)) {
	b.t.Helper()
	const openers = `[...document.querySelectorAll("[aria-haspopup=dialog]:not(:disabled)")]`
	count, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](openers+".length"))
	if err != nil {
		b.t.Fatal(err)
	}
	before, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.querySelectorAll("dialog[open]").length`))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range count {
		b.script(fmt.Sprintf(`%s[%d]?.click()`, openers, i))
		b.waitFor(fmt.Sprintf(`document.querySelectorAll("dialog[open]").length > %d`, before))
		look(fmt.Sprintf("dialog %d", i))
		b.do(chromedp.KeyEvent("\x1b"))
		b.waitFor(fmt.Sprintf(`document.querySelectorAll("dialog[open]").length === %d`, before))
	}
	b.script(`document.activeElement?.blur()`)
	b.do(chromedp.KeyEvent("?"))
	b.waitFor(`document.querySelector("dialog.help[open]") !== null`)
	look("keys")
	b.do(chromedp.KeyEvent("\x1b"))
	b.waitFor(`document.querySelector("dialog.help") === null`)
}

// expectAccessible has axe-core look at what is shown. It is evaluated, since the page lets no foreign script in.
func (b *browser) expectAccessible(axe, where string) {
	b.t.Helper()
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(async () => {
		if (!window.axe) (0, eval)(`+quoted(axe)+`);
		const {violations} = await axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}, resultTypes: ["violations"]});
		return violations.map((v) => v.id + ": " + v.help + "\n" + v.nodes.slice(0, 5).map((n) => "    " + n.html.slice(0, 200) + "\n        " + n.failureSummary.replaceAll("\n", " ")).join("\n")).join("\n");
	})()`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: look for what keeps people out: %v", where, err)
	}
	if found != "" {
		b.t.Errorf("%s:\n%s", where, found)
	}
	if wide := b.text(`String(document.documentElement.scrollWidth - document.documentElement.clientWidth)`); wide != "0" {
		b.screenshot("wide.png")
		b.t.Errorf("%s: it is %s px wider than the screen", where, wide)
	}
}

// quoted is text as a literal of JavaScript.
func quoted(text string) string {
	literal, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(literal)
}
