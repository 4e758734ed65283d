package console_test

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// firstLoad is how many bytes the first load of the page may take over the wire: that of a thousand streams, without their pictures, which come as they are looked at.
const firstLoad = 150_000

// TestFirstLoad opens the page with an empty cache and adds up what comes over the wire until it is live, of which nothing is of another host, and neither plots nor other pages are there.
func TestFirstLoad(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	now := time.Now().UnixMicro()
	fillWall(c, now)
	for i := range 1000 {
		id := fmt.Sprintf("channel-%04d", i)
		c.Stream(id, &schemas.StreamSpec{Labels: map[string]string{"site": "north", "cdn": "a"}})
		c.Health(id, health("ok", now+60e6))
	}
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()

	b := openBrowser(t)
	wire := watchWire(b)
	b.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(server.URL))
	b.waitFor(`document.querySelector(".link").textContent === "Live"`)
	wire.settle(b.ctx)
	// All modules are asked for at once: each that was loaded is named by the page itself, and each of those was needed.
	const modules = `performance.getEntriesByType("resource").map((e) => e.name).filter((n) => n.endsWith(".js") && !n.endsWith("/app.js")).sort().join()`
	if named, loaded := b.text(`[...document.querySelectorAll("link[rel=modulepreload]")].map((l) => l.href).sort().join()`), b.text(modules); named != loaded {
		t.Errorf("the page names the modules\n%s\nand loads\n%s", named, loaded)
	}

	all := 0.0
	for _, id := range slices.SortedFunc(maps.Keys(wire.urls), func(x, y network.RequestID) int { return int(wire.bytes[y] - wire.bytes[x]) }) {
		address, err := url.Parse(wire.urls[id])
		if err != nil {
			t.Fatal(err)
		}
		if address.Scheme != "blob" && address.Scheme != "data" && "http://"+address.Host != server.URL {
			t.Errorf("%s is of another host", address)
		}
		if strings.Contains(address.Path, "uplot") {
			t.Errorf("%s is loaded before there is a plot", address.Path)
		}
		if !isPicture(wire.urls[id]) {
			all += wire.bytes[id]
			t.Logf("%7.0f %s", wire.bytes[id], address.Path)
		}
	}
	t.Logf("%7.0f in all", all)
	if all > firstLoad || all < 10_000 {
		t.Errorf("the first load takes %.0f bytes, want at most %d and more than nothing", all, firstLoad)
	}
}

// wire is what a tab asks for, and how many bytes came of each answer.
type wire struct {
	mu      sync.Mutex
	urls    map[network.RequestID]string
	bytes   map[network.RequestID]float64
	ended   map[network.RequestID]bool
	changed chan struct{}
}

func watchWire(b *browser) *wire {
	b.t.Helper()
	w := &wire{urls: map[network.RequestID]string{}, bytes: map[network.RequestID]float64{}, ended: map[network.RequestID]bool{}, changed: make(chan struct{}, 1)}
	if err := chromedp.Listen(b.ctx, w.note); err != nil {
		b.t.Fatal(err)
	}
	return w
}

func (w *wire) note(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.urls[e.RequestID] = e.Request.URL
	case *network.EventDataReceived:
		w.bytes[e.RequestID] += float64(e.EncodedDataLength) // of what does not end; what ends says it exactly
	case *network.EventLoadingFinished:
		w.bytes[e.RequestID], w.ended[e.RequestID] = e.EncodedDataLength, true
	case *network.EventLoadingFailed:
		w.ended[e.RequestID] = true
	}
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// settle waits until everything has been answered that has an end.
func (w *wire) settle(ctx context.Context) {
	for !w.settled() {
		select {
		case <-w.changed:
		case <-ctx.Done():
			return
		}
	}
}

func (w *wire) settled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, address := range w.urls {
		if !w.ended[id] && !isPicture(address) && !strings.HasSuffix(address, "/api/v1/events") {
			return false
		}
	}
	return true
}

// isPicture tells whether that is a picture of a stream.
func isPicture(address string) bool {
	return strings.Contains(address, "/picture") || strings.HasPrefix(address, "blob:")
}

// TestPagesLeftBehind opens the page more often in one tab than a browser has connections to a host: those that were left, which it may keep to go back to, hold none.
func TestPagesLeftBehind(t *testing.T) {
	c := furnished(console.Defaults(), "")
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()
	b := openBrowser(t)
	for range 8 {
		b.openPage(server.URL + "/#defect=" + idOf(2))
	}
}
