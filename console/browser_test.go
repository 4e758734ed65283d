package console_test

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/internal/browsertest"
)

// browser is a tab of a headless Chromium.
type browser struct {
	*browsertest.Browser
	t   *testing.T
	ctx context.Context
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	b := browsertest.Open(t)
	return &browser{b, t, b.Context}
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) { b.t.Helper(); b.Do(actions...) }
func (b *browser) script(expression string)                     { b.t.Helper(); b.Script(expression) }
func (b *browser) waitFor(condition string)                     { b.t.Helper(); b.WaitFor(condition) }
func (b *browser) text(expression string) string                { b.t.Helper(); return b.Text(expression) }
func (b *browser) expectNoErrors()                              { b.t.Helper(); b.ExpectNoErrors() }
func (b *browser) screenshot(name string)                       { b.t.Helper(); b.Screenshot(name) }
