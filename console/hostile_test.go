package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
)

// nasty is what those who name streams, services and themselves, or make a decoder complain, might write: markup that would run, marks that turn the direction of writing, control
// characters, and more than fits on a line.
var nasty = hostile + "<script>document.title='owned'</script>\"'><svg/onload=document.title='owned'>${document.title='owned'}{{7*7}}\u202egnp.exe\u2066\u0007\x1b[31m\u2028" + strings.Repeat("W", 200)

// TestHostileText shows what is hostile in every text of every page and dialog: nothing of it runs, and nothing is pushed out of the window.
func TestHostileText(t *testing.T) {
	config := console.Defaults()
	config.TrustedProxy = &console.TrustedProxy{From: []string{"127.0.0.1/32"}, UserHeader: "X-User", RoleHeader: "X-Role"}
	c := furnished(config, nasty)
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()
	b := openBrowser(t)
	me := network.Headers{"X-User": hostile + strings.Repeat("W", 40), "X-Role": "admin"}
	if _, err := chromedp.Call(b.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: me}); err != nil {
		t.Fatal(err)
	}
	for _, screen := range screens {
		b.do(chromedp.EmulateViewport(screen.size[0], screen.size[1], screen.options...))
		b.openPage(server.URL)
		b.waitFor(`document.querySelector(".me")?.textContent.includes("onerror")`)
		places := slices.DeleteFunc(b.places(true), func(place string) bool { return place == "defect=none" }) // a browser writes of what is missing
		for _, place := range append(places, "stream="+url.QueryEscape("zz"+nasty), "defect="+idOf(3), "search="+url.QueryEscape(nasty)) {
			b.script("location.hash = " + quoted(place))
			b.waitForPage(place)
			b.expectHarmless(fmt.Sprintf("%s, %.60q", screen.name, place))
			b.dialogs(func(what string) { b.expectHarmless(fmt.Sprintf("%s, %.60q, %s", screen.name, place, what)) })
		}
		b.do(chromedp.Navigate(server.URL + "/lite"))
		b.expectHarmless(screen.name + ", /lite")
	}
	b.expectNoErrors()
}

// expectHarmless wants that what is shown has run nothing and stays within the window.
func (b *browser) expectHarmless(where string) {
	b.t.Helper()
	if title := b.text(`document.title`); strings.Contains(title, "owned") || !strings.Contains(title, "Framewatch") {
		b.t.Errorf("%s: the title is %q", where, title)
	}
	if found := b.text(`[...document.querySelectorAll("script:not([src]), img[src=x], [onerror], [onload]")].map((e) => e.outerHTML).join()`); found != "" {
		b.t.Errorf("%s: text has become markup: %s", where, found)
	}
	wide := b.text(`[document.documentElement, ...document.querySelectorAll("dialog[open]")].filter((e) => e.scrollWidth > e.clientWidth).map((e) => {
		const out = [...e.querySelectorAll("*")].find((x) => x.getBoundingClientRect().right > e.getBoundingClientRect().right + 1 && x.scrollWidth > 0 && !x.closest("svg, pre, .herald"));
		return e.tagName + " by " + (e.scrollWidth - e.clientWidth) + " px, for " + out?.parentElement.className + " > " + out?.outerHTML.slice(0, 150); }).join("; ")`)
	if wide != "" {
		b.screenshot("wide.png")
		b.t.Errorf("%s: it is wider than the window: %s", where, wide)
	}
}

// TestHostileRequests: what is wrong with a request is told as JSON, which no browser takes for a page, whatever the request says.
func TestHostileRequests(t *testing.T) {
	h := furnished(console.Defaults(), nasty).Handler()
	for _, path := range []string{"/api/v1/streams?" + url.QueryEscape(nasty) + "=1", "/api/v1/streams/" + url.PathEscape(nasty), "/api/v1/streams/" + url.PathEscape(nasty) + "/picture", "/api/v1/defects/" + url.PathEscape(nasty),
		"/api/v1/defects?state=" + url.QueryEscape(nasty), "/" + url.PathEscape(nasty), "/api/v1/series?from=" + url.QueryEscape(nasty), "/lite?refresh=" + url.QueryEscape(nasty)} {
		w := get(h, path)
		if kind := w.Header().Get("Content-Type"); w.Code < 400 || kind != "application/json" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%.60s: status %d, type %s: %.200s", path, w.Code, kind, w.Body)
		}
		if strings.Contains(w.Body.String(), "<") {
			t.Errorf("%.60s: markup stands in the answer: %.200s", path, w.Body)
		}
	}
	w := get(h, "/api/v1/defects/"+idOf(3)+"/clip")
	if as := w.Header().Get("Content-Disposition"); w.Code != http.StatusOK || as != `attachment; filename="framewatch-`+idOf(3)+`.mp4"` {
		t.Errorf("a clip is sent with status %d as %q", w.Code, as)
	}
}
