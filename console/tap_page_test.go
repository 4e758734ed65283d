package console_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// logTopics are two topics, as many as a test needs to choose one.
func logTopics() []console.LogTopic {
	return []console.LogTopic{
		{Name: "features", Doc: "What was measured, one record a picture.", Key: "stream id", Records: []string{"VideoFrame", "AudioBlock", "StreamSecond"}, Partitions: 4},
		{Name: "defects", Doc: "Every event in the life of every defect: the public contract.", Key: "stream id", Records: []string{"DefectEvent"}, Partitions: 4},
	}
}

// TestTapPage taps a topic: records come, one is looked at in full with what its schema says, bytes are shown, and pausing ends the request.
func TestTapPage(t *testing.T) {
	d := deps()
	d.Topics = logTopics
	d.Schemas = func() []console.Schema {
		return []console.Schema{{Subject: "defects-value", Version: 1, ID: 7, Text: schemas.DefectEvents.Text()}}
	}
	d.Record = func(_ context.Context, topic string, partition int32, offset int64) (console.LogRecord, error) {
		return console.LogRecord{Topic: topic, Partition: partition, Offset: offset, Headers: []console.LogHeader{}, Value: map[string]any{}, Raw: "000000000c6672656574f0"}, nil
	}
	asked, ended := make(chan console.TapQuery, 10), make(chan struct{}, 10)
	id, now := int64(7), time.Now().UnixMicro()
	d.Tap = func(ctx context.Context, q console.TapQuery, give func(console.TapLine) error) error {
		asked <- q
		defer func() { ended <- struct{}{} }()
		if q.Where == "knd" {
			return console.Refusal{Reason: `where: no record of the topic has a field "knd", did you mean "kind"?`}
		}
		for i := range int64(12) {
			key := []string{"news-hd", "sport-1", hostile}[i%3]
			r := console.LogRecord{Topic: q.Topic, Partition: int32(i % 4), Offset: 1000 + i, Time: now - (12-i)*1e6, Key: &key, SchemaID: &id, Record: "DefectEvent", Bytes: 212,
				Headers: []console.LogHeader{{Name: "ce_type", Value: "framewatch.defect.opened"}},
				Value:   map[string]any{"id": fmt.Sprintf("%032x", i), "kind": []string{"freeze", "black", "silence"}[i%3], "state": "opened", "severity": "warning", "stream": key, "onset": now - 5e6, "value": 0.9875, "threshold": 0.98, "labels": []map[string]string{{"name": "site", "value": "north"}}, "summary": "The picture has not changed for 5 s", "onset_refined": nil}}
			if i == 9 {
				r.Record, r.Value, r.Poison = "", nil, "decode: magic byte is 0x6e, not 0"
			}
			if err := give(console.TapLine{Record: &r}); err != nil {
				return err
			}
		}
		if err := give(console.TapLine{Count: &console.TapCount{Read: 48211, Shown: 12, LeftOut: 1204, At: now}}); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}
	c := console.New(console.Defaults(), d)
	fillWall(c, now)
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()

	b := openBrowser(t)
	b.do(chromedp.EmulateViewport(1440, 1000), chromedp.Navigate(server.URL))
	b.waitFor(`document.querySelectorAll(".tile").length > 0`)
	b.do(chromedp.KeyEvent("8"))
	b.waitFor(`document.querySelector(".tap-form select")?.options.length === 3`)
	b.script(`(() => { const s = document.querySelector(".tap-form select"); s.value = "defects"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	b.waitFor(`document.querySelectorAll(".tapped li").length === 12 && document.querySelector(".tap-bar [role=status]").textContent.includes("1,204 left out")`)
	if q := <-asked; q.Topic != "defects" || q.Partition != -1 {
		t.Errorf("asked is %+v", q)
	}
	// By keys: the newest one in full.
	b.script(`document.activeElement.blur()`)
	b.do(chromedp.KeyEvent("jj"))
	b.do(chromedp.KeyEvent("\r"))
	b.waitFor(`document.querySelector("details[open] .values .doc") !== null`)
	b.waitFor(`[...document.querySelectorAll("details[open] .value")].some(f => f.querySelector("dt").textContent === "onset" && f.querySelector(".doc").textContent.includes("Unix epoch"))`)
	b.script(`document.querySelector("details[open] .raw button").click()`)
	b.waitFor(`document.querySelector("details[open] pre")?.textContent.includes("000000  00 00 00 00 0c 66 72 65 65 74 f0") `)
	b.waitFor(`document.querySelector("details[open] pre").textContent.includes(".....freet.")`)
	b.screenshot("tap.png")
	// A pause ends the request; a condition begins another, and one that cannot be read is told of.
	b.do(chromedp.KeyEvent("p"))
	b.waitFor(`document.querySelector(".tap-bar .go").textContent.startsWith("Start")`)
	<-ended
	for _, where := range []string{`kind == "freeze"`, "knd"} {
		b.script(fmt.Sprintf(`(() => { const i = document.querySelector(".where input"); i.value = %q; i.dispatchEvent(new Event("change", {bubbles: true})); })()`, where))
		if q := <-asked; q.Where != where {
			t.Errorf("asked is %+v", q)
		}
	}
	b.waitFor(`document.querySelector(".tap-bar .wrong")?.textContent.includes('did you mean "kind"?')`)
	if got := b.text(`new URLSearchParams(location.hash.slice(1)).get("where")`); got != "knd" {
		t.Errorf("the address has %q", got)
	}
	if title := b.text(`document.title`); title != "(1) Framewatch" {
		t.Errorf("title is %q: did a key run as script?", title)
	}
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.script(`(() => { const i = document.querySelector(".where input"); i.value = ""; i.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	b.waitFor(`document.querySelectorAll(".tapped li").length === 12 && document.documentElement.scrollWidth === 390`)
	b.screenshot("tap-phone.png")
}
