package console_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/crypto/bcrypt"

	"github.com/framewatch/framewatch/console"
)

// TestViewerIsOfferedNothing opens a defect as somebody who may only look: they are named, and there is nothing to press.
func TestViewerIsOfferedNothing(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("rosebud"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	config := console.Defaults()
	config.Users = map[string]console.User{"ann": {PasswordHash: string(hash), Role: console.Viewer}}
	var done []string
	var failure error
	c := console.New(config, acting(&done, &failure))
	fillWall(c, time.Now().UnixMicro())
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()

	b := openBrowser(t)
	b.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(strings.Replace(server.URL, "//", "//ann:rosebud@", 1)+"/lite"))
	b.do(chromedp.Navigate(server.URL + "/#defect=" + idOf(2))) // a page whose address has a password may not fetch
	b.waitFor(`document.querySelector(".me")?.textContent === "ann"`)
	b.waitFor(`document.querySelectorAll(".opinions button").length === 4 && [...document.querySelectorAll(".opinions button")].every(x => x.disabled)`)
}
