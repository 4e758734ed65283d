// Package browsertest looks at pages in a real browser, for tests.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Browser is a tab of a headless Chromium. What goes wrong ends the test.
type Browser struct {
	// Context is that of chromedp's actions.
	Context context.Context

	t *testing.T
	// console is what the page has written there since the start.
	console func(yield func(chromedp.ConsoleMessage, error) bool)
}

// Open starts Debian's Chromium, which ends with the test.
func Open(t *testing.T) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this test looks at the page with Debian's Chromium: apt-get install -y --no-install-recommends chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("headless", "new"), chromedp.NoSandbox)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // a hang guard
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return &Browser{Context: ctx, t: t, console: chromedp.Console(ctx)}
}

// Do runs actions one after the other.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Context, actions...); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// Script runs JavaScript for its effect.
func (b *Browser) Script(expression string) {
	b.t.Helper()
	b.Do(chromedp.Evaluate[chromedp.Void](expression))
}

// WaitFor waits until the JavaScript condition holds, for half a minute at most.
func (b *Browser) WaitFor(condition string) {
	b.t.Helper()
	b.WaitLonger(condition, 30*time.Second)
}

// WaitLonger waits until the JavaScript condition holds; guard is how long before it is taken for hanging.
func (b *Browser) WaitLonger(condition string, guard time.Duration) {
	b.t.Helper()
	if _, err := chromedp.Run(b.Context, chromedp.Poll[chromedp.Void](condition, chromedp.WithPollingTimeout(guard))); err != nil {
		b.Screenshot("waiting.png")
		b.t.Fatalf("waited for %s: %v", condition, err)
	}
}

// Text is the value of a JavaScript expression that gives a string.
func (b *Browser) Text(expression string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.Context, chromedp.Evaluate[string](expression))
	if err != nil {
		b.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return text
}

// ExpectNoErrors reads the browser's console up to now. It can be called once.
func (b *Browser) ExpectNoErrors() {
	b.t.Helper()
	const end = "nothing more is read"
	b.Script(`console.debug("` + end + `")`)
	for message, err := range b.console {
		switch {
		case err != nil:
			b.t.Fatalf("read the browser's console: %v", err)
		case message.Text == end:
			return
		case message.Type == chromedp.ConsoleError || message.IsException():
			b.t.Errorf("in the browser's console: %s (%s)", message, message.URL)
		}
	}
}

// Screenshot is for people: go test -artifacts keeps it.
func (b *Browser) Screenshot(name string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name), b.Picture(), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// Picture is what is seen, as PNG.
func (b *Browser) Picture() []byte {
	b.t.Helper()
	png, err := chromedp.Run(b.Context, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatalf("take a picture: %v", err)
	}
	return png
}
