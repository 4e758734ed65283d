package console_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser is a tab of a headless Chromium.
type browser struct {
	t   *testing.T
	ctx context.Context
	// console is what the page has written there since the start.
	console func(yield func(chromedp.ConsoleMessage, error) bool)
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this test looks at the page with Debian's Chromium: apt-get install -y --no-install-recommends chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("headless", "new"), chromedp.NoSandbox)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // a hang guard
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return &browser{t: t, ctx: ctx, console: chromedp.Console(ctx)}
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// script runs JavaScript for its effect.
func (b *browser) script(expression string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](expression))
}

// waitFor waits until the JavaScript condition holds.
func (b *browser) waitFor(condition string) {
	b.t.Helper()
	guard := chromedp.WithPollingTimeout(30 * time.Second)
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[chromedp.Void](condition, guard)); err != nil {
		b.screenshot("waiting.png")
		b.t.Fatalf("waited for %s: %v", condition, err)
	}
}

// text is the value of a JavaScript expression that gives a string.
func (b *browser) text(expression string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		b.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return text
}

// expectNoErrors reads the console up to now. It can be called once.
func (b *browser) expectNoErrors() {
	b.t.Helper()
	const end = "nothing more is read"
	b.script(`console.debug("` + end + `")`)
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

// screenshot is for people: go test -artifacts keeps it.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatalf("take %s: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
