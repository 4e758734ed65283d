package console_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

func TestMoment(t *testing.T) {
	d := deps()
	var failure error
	d.Moment = func(_ context.Context, stream, lane string, at int64) (console.Moment, error) {
		if stream != "news" || lane != "north" {
			t.Errorf("asked of %s in %s", stream, lane)
		}
		return console.Moment{At: at, Next: at + 40_000}, failure
	}
	c := console.New(console.Defaults(), d)
	c.Stream("news", &schemas.StreamSpec{Lane: "north"})
	h := c.Handler()
	got := decode[struct {
		At             int64
		Previous, Next *int64
		Records        []console.LogRecord
	}](t, get(h, "/api/v1/streams/news/records?at=5000000"))
	if got.At != 5_000_000 || got.Previous != nil || *got.Next != 5_040_000 || got.Records == nil {
		t.Errorf("it is %+v", got)
	}
	for path, want := range map[string]int{"news/records?at=x": http.StatusBadRequest, "news/records?at=-1": http.StatusBadRequest, "other/records": http.StatusNotFound, "news/records": http.StatusOK} {
		if w := get(h, "/api/v1/streams/"+path); w.Code != want {
			t.Errorf("%s is answered %d", path, w.Code)
		}
	}
	failure = errors.New("the broker at 10.0.0.1 is away")
	if w := get(h, "/api/v1/streams/news/records"); w.Code != http.StatusBadGateway {
		t.Errorf("a log that is away is answered %d %s", w.Code, w.Body)
	}
}

// featureSchema is the id under which the console serves the schema of features.
const featureSchema = 9

// logRecord is a feature as the log has it.
func logRecord(t *testing.T, f schemas.Feature) console.LogRecord {
	t.Helper()
	contract := schemas.Baked()
	src, err := schemas.Append(contract, schemas.Features, nil, &f)
	if err != nil {
		t.Fatal(err)
	}
	name, value, err := schemas.NewGeneric(contract).Plain(src)
	if err != nil {
		t.Fatal(err)
	}
	id, key := int64(featureSchema), "news-hd"
	return console.LogRecord{Topic: "features", Partition: 2, Offset: 77, Time: time.Now().UnixMicro(), Key: &key, Headers: []console.LogHeader{}, SchemaID: &id, Record: name, Bytes: len(src), Value: value.(map[string]any)}
}

// TestStreamSheet opens a stream: what it is made of, its transport and playlist, and the records of the instant that is clicked on in a plot.
func TestStreamSheet(t *testing.T) {
	d := deps()
	d.Schemas = func() []console.Schema {
		return []console.Schema{{Subject: "features-value", Version: 1, ID: featureSchema, Text: schemas.Features.Text()}}
	}
	now := time.Now().UnixMicro()
	session, video, audio := now-100e6, schemas.VideoFormat{Width: 1920, Height: 1080, SARNum: 1, SARDen: 1, PixelFormat: "yuv420p", Depth: 8, Range: "limited", Transfer: "bt709", Primaries: "bt709", FrameRateNum: 25, FrameRateDen: 1}, schemas.AudioFormat{SampleRate: 48000, Channels: 2, Layout: "stereo"}
	programmes := []schemas.Programme{{Number: 1, PMTPID: 256, PCRPID: 257, CASystems: []int32{}, Streams: []schemas.ElementaryStream{{PID: 257, Kind: "video", Captions: []schemas.CaptionService{{Kind: "cea708", Number: 1, Language: "eng"}}}}}}
	inventory := schemas.Inventory{Session: session, Version: 2, Container: "hls", Programmes: &programmes, Tracks: []schemas.Track{
		{Index: 0, Kind: "video", Codec: "h264", Profile: "High", ID: 257, Video: &video}, {Index: 1, Kind: "audio", Codec: "aac", Profile: "LC", Language: "eng", ID: 258, BitRate: 128_000, Audio: &audio}, {Index: 2, Kind: "audio", Codec: "ac3", Language: hostile, ID: 259, BitRate: 384_000, Audio: &audio},
	}}
	figure := func(name string, min, max, sum, last float64) console.MomentFigure {
		return console.MomentFigure{Name: name, Min: min, Max: max, Sum: sum, Last: &last, Count: 60}
	}
	asked := make(chan int64, 20)
	d.Moment = func(_ context.Context, _, _ string, at int64) (console.Moment, error) {
		asked <- at
		m := console.Moment{At: at, Seconds: 60, Figures: []console.MomentFigure{
			figure("bytes", 300_000, 420_000, 22e6, 390_000), figure("frames_decoded", 24, 25, 1499, 25), figure("frames_analysed", 24, 25, 1499, 25),
			figure("transport.packets", 1600, 2200, 120_000, 2000), figure("transport.sync_losses", 0, 0, 0, 0), figure("transport.continuity_errors.video", 0, 3, 7, 0), figure("transport.pcr_errors", 0, 1, 2, 0),
			figure("transport.pcr_gap_max", 36, 140, 0, 40), figure("transport.bit_rate", 2.9e6, 3.4e6, 0, 3.1e6),
			figure("playlist.age_ms", 0, 6100, 0, 2100), figure("playlist.target_ms", 6000, 6000, 0, 6000), figure("playlist.media_sequence", 4801, 4811, 0, 4811), figure("playlist.segment_errors", 0, 1, 1, 0), figure("playlist.throughput", 18e6, 42e6, 0, 30e6),
		}}
		if at == 0 {
			m.At = session + 100e6
		}
		m.Previous, m.Next = m.At-40_000, m.At+40_000
		peak := int32(-1234)
		m.Records = []console.LogRecord{
			logRecord(t, schemas.Feature{VideoFrame: &schemas.VideoFrame{Session: session, At: m.At - session, PTS: 9_000_000, Duration: 3600, Luma: &schemas.Luma{Mean: 61 * 256, Std: 4000, Min: 12, Max: 240}}}),
			logRecord(t, schemas.Feature{Inventory: &inventory}),
			logRecord(t, schemas.Feature{AudioBlock: &schemas.AudioBlock{Session: session, At: m.At - session, Track: 1, Samples: 4800, Channels: []schemas.Channel{{KEnergy: []byte{1, 2, 3, 4}, Energy: []byte{200}, Peak: &peak}}}}),
			logRecord(t, schemas.Feature{StreamSecond: &schemas.StreamSecond{Session: session, Epoch: 1, State: "up"}}),
		}
		return m, nil
	}
	c := console.New(console.Defaults(), d)
	fillWall(c, now)
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()

	b := openBrowser(t)
	b.do(chromedp.EmulateViewport(1440, 1100), chromedp.Navigate(server.URL+"/#stream=news-hd"))
	b.waitFor(`document.querySelector("dialog[open] .tracks")?.rows.length === 4`)
	b.waitFor(`document.querySelector("dialog[open] .plot canvas") !== null`)
	if at := <-asked; at != 0 {
		t.Errorf("at first %d is asked for", at)
	}
	row := func(section, name string) string {
		return `[...document.querySelectorAll("#` + section + ` ~ table tr")].find(r => r.cells[0].textContent === "` + name + `").textContent`
	}
	for expression, want := range map[string]string{
		`document.querySelector(".tracks").rows[1].textContent`:                                      "0 videoh264 High1920×1080 25/s 8 bit limited bt709–257",
		`document.querySelector(".tracks").rows[2].textContent`:                                      "1 audioaac LC48 kHz stereo 128 kbit/seng258",
		`document.querySelector(".tracks").rows[3].cells[3].textContent`:                             hostile,
		row("reception-transport-stream", "1.4 Continuity"):                                          "1.4 Continuity▲ 7 video 70",
		row("reception-transport-stream", "1.1 Synchrony lost"):                                      "1.1 Synchrony lost00",
		row("reception-transport-stream", "2.6 CAT"):                                                 "2.6 CATnot known",
		row("reception-transport-stream", "PCR interval"):                                            "PCR interval36 ms … 140 ms40 ms",
		row("reception-playlist", "Throughput"):                                                      "Throughput18.00 Mbit/s … 42.00 Mbit/s30.00 Mbit/s",
		`String(document.querySelector("dialog").textContent.includes("cea708 1 eng on PID 257"))`:   "true",
		`String(document.querySelector("dialog").textContent.includes("version 2 in this session"))`: "true",
		`String(document.querySelector("#reception-datagrams") === null)`:                            "true",
	} {
		if got := b.text(expression); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
	b.script(`document.querySelector("#inventory").scrollIntoView()`)
	b.screenshot("sheet-reception.png")
	// A click in a plot asks for that instant, and opens the picture's record.
	b.script(`document.querySelector(".plot").scrollIntoView({block: "center"})`)
	latest := b.text(`document.querySelector(".instant time").textContent`)
	b.do(chromedp.Click[string](".plot .u-over"))
	// The record of before opens at once; the steps are from what has been answered.
	b.waitFor(fmt.Sprintf(`document.querySelector(".instant time").textContent !== %q`, latest))
	b.waitFor(`document.querySelector(".instant details[open] .values .doc") !== null`)
	var at int64
	for at == 0 {
		at = <-asked
	}
	if at < now-300e6 || at > now+60e6 {
		t.Errorf("%d is asked for, and it is %d", at, now)
	}
	b.waitFor(`[...document.querySelectorAll(".instant .value")].some(f => f.querySelector("dt").textContent === "mean" && f.textContent.includes("15616") && f.querySelector(".doc").textContent.includes("1/256 level"))`)
	b.screenshot("sheet-record.png")
	b.script(`[...document.querySelectorAll(".instant button")].find(x => x.textContent.startsWith("Picture after")).click()`)
	for next := int64(0); next != at+40_000; {
		next = <-asked
	}
	b.script(`[...document.querySelectorAll(".instant button")].find(x => x.textContent === "Latest").click()`)
	b.waitFor(`new URLSearchParams(location.hash.slice(1)).get("at") === null && document.querySelector(".instant details[open]") === null`)
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.waitFor(`document.querySelector("dialog").scrollWidth === 390`)
	b.script(`document.querySelector("#inventory").scrollIntoView()`)
	b.screenshot("sheet-phone.png")
	b.expectNoErrors()
}
