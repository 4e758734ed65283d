package source_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// mpdOf is an MPD with these attributes and periods.
func mpdOf(attributes string, periods ...string) string {
	return `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" ` + attributes + `>` + strings.Join(periods, "") + `</MPD>`
}

// periodOf is a period of one representation of pictures whose segments are as segments says.
func periodOf(attributes, segments string) string {
	return `<Period ` + attributes + `><AdaptationSet mimeType="video/mp4"><Representation id="v" bandwidth="9">` + segments + `</Representation></AdaptationSet></Period>`
}

const (
	begun = `type="dynamic" availabilityStartTime="2026-01-01T00:00:00Z"`
	// numbers has segments of 2 s, numbered from 5.
	numbers = `<SegmentTemplate timescale="1000" duration="2000" startNumber="5" media="$Number$.m4s" initialization="i"/>`
)

// timed are segments by time in a timescale of 90 kHz; entries are its S elements.
func timed(entries, more string) string {
	return `<SegmentTemplate timescale="90000" media="$Time$.m4s" initialization="i" ` + more + `><SegmentTimeline>` + entries + `</SegmentTimeline></SegmentTemplate>`
}

func TestMPDListing(t *testing.T) {
	for _, c := range []struct {
		name, mpd string
		// after availabilityStartTime, seconds
		after float64
		want  string // lines joined by a space, without http://o/d/
		grows float64
	}{
		// Complete after 10.9 s are those that begin at 0, 2, 4, 6 and 8; of them the ones are kept that ended no more than 2 + 6 s ago, after 2.9,
		// and the next is there at 12.
		{"numbers, live", mpdOf(begun+` timeShiftBufferDepth="PT6S"`, periodOf(`start="PT0S"`, numbers)), 10.9, "6.m4s 2 +2 7.m4s 4 +2 8.m4s 6 +2 9.m4s 8 +2", 12},
		// At 12 the one that ends then is there, and the one that ended at 4 is not kept any more.
		{"numbers, live, on the second", mpdOf(begun+` timeShiftBufferDepth="PT6S"`, periodOf(`start="PT0S"`, numbers)), 12, "7.m4s 4 +2 8.m4s 6 +2 9.m4s 8 +2 10.m4s 10 +2", 14},
		// FFmpeg's first MPD says so.
		{"numbers, live, no depth", mpdOf(begun+` timeShiftBufferDepth="PT0.0S"`, periodOf(`start="PT0S"`, numbers)), 4.5, "6.m4s 2 +2", 6},
		// Parts of a segment may be asked for before it is complete; whole ones are not.
		{"numbers, live, low latency", mpdOf(begun+` timeShiftBufferDepth="PT6S"`, periodOf(`start="PT0S"`, strings.Replace(numbers, "timescale", `availabilityTimeOffset="1.5" availabilityTimeComplete="false" timescale`, 1))), 10.9, "6.m4s 2 +2 7.m4s 4 +2 8.m4s 6 +2 9.m4s 8 +2", 12},
		{"numbers, not begun", mpdOf(begun, periodOf(`start="PT1M"`, numbers)), 61.5, "", 62},
		// The period lasts to 5: the third segment, which begins at 4, is its last.
		{"numbers, live period that ended", mpdOf(begun, periodOf(`start="PT0S" duration="PT5S"`, numbers)), 60, "5.m4s 0 +2 6.m4s 2 +2 7.m4s 4 +2", 0},
		{"numbers, file", mpdOf(`mediaPresentationDuration="PT5S"`, periodOf(``, numbers)), 0, "5.m4s 0 +2 6.m4s 2 +2 7.m4s 4 +2", 0},
		{"numbers, file whose duration is rounded up by 3 ms", mpdOf(`mediaPresentationDuration="PT0H0M4.003S"`, periodOf(``, numbers)), 0, "5.m4s 0 +2 6.m4s 2 +2", 0},
		{"numbers to the last", mpdOf(`mediaPresentationDuration="PT1H"`, periodOf(``, strings.Replace(numbers, "startNumber", `endNumber="6" startNumber`, 1))), 0, "5.m4s 0 +2 6.m4s 2 +2", 0},
		// 900000 is the time stamp at the period's start, which is 10 s: 900000 + 180000 is 2 s later.
		{"times with an offset", mpdOf(``, periodOf(`start="PT10S" duration="PT6S"`, timed(`<S t="900000" d="180000" r="2"/>`, `presentationTimeOffset="900000"`))), 0,
			"900000.m4s 10 +2 1080000.m4s 12 +2 1260000.m4s 14 +2", 0},
		// Of a timeline that spans periods, those that end by the period's start (2 s) or begin at its end (6 s) are others'.
		{"times cut to the period", mpdOf(``, periodOf(`start="PT0S" duration="PT4S"`, timed(`<S t="0" d="180000" r="4"/>`, `presentationTimeOffset="180000"`))), 0,
			"180000.m4s 0 +2 360000.m4s 2 +2", 0},
		{"times, a gap", mpdOf(``, periodOf(`duration="PT9S"`, timed(`<S d="180000"/><S t="360000" d="90000" r="1"/>`, ``))), 0, "0.m4s 0 +2 360000.m4s 4 +1 450000.m4s 5 +1", 0},
		// 7 s have room for 2 + 2 + 2 + 1.
		{"repeated to the period's end", mpdOf(`mediaPresentationDuration="PT7S"`, periodOf(``, timed(`<S t="0" d="180000" r="-1"/>`, ``))), 0, "0.m4s 0 +2 180000.m4s 2 +2 360000.m4s 4 +2 540000.m4s 6 +2", 0},
		{"repeated to the next entry", mpdOf(`mediaPresentationDuration="PT5S"`, periodOf(``, timed(`<S t="0" d="180000" r="-1"/><S t="360000" d="90000"/>`, ``))), 0, "0.m4s 0 +2 180000.m4s 2 +2 360000.m4s 4 +1", 0},
		{"repeated to now", mpdOf(begun, periodOf(`start="PT0S"`, timed(`<S t="0" d="180000" r="-1"/>`, ``))), 5.5, "0.m4s 0 +2 180000.m4s 2 +2", 6},
		// What the MPD lists one by one is there, be the clock 10 s late; what is 4 to 6 s and more ahead of that is not.
		{"listed ahead of the clock", mpdOf(begun, periodOf(`start="PT10S"`, timed(`<S t="0" d="180000" r="9"/>`, ``))), 5.5, "0.m4s 10 +2 180000.m4s 12 +2", 0},
		// 7/2 = 3.5 s: the first period's second segment begins at 3 and is cut by the next period, whose numbers begin again.
		{"periods", mpdOf(`mediaPresentationDuration="PT8S"`, periodOf(`id="a"`, strings.Replace(numbers, "2000", "3000", 1)), periodOf(`id="b" start="PT3.5S"`, strings.Replace(numbers, `"i"`, `"j"`, 1))), 0,
			"5.m4s 0 +3 6.m4s 3 +3 -- 5.m4s 3.5 +2 6.m4s 5.5 +2 7.m4s 7.5 +2", 0},
		{"a period that goes on", mpdOf(`mediaPresentationDuration="PT4S"`, periodOf(`id="a" duration="PT2S"`, timed(`<S t="0" d="180000"/>`, ``)),
			periodOf(`id="b"`, timed(`<S t="180000" d="180000"/>`, `presentationTimeOffset="180000"`))), 0, "0.m4s 0 +2 180000.m4s 2 +2", 0},
		{"a period whose time stamps begin again", mpdOf(`mediaPresentationDuration="PT4S"`, periodOf(`id="a" duration="PT2S"`, timed(`<S t="0" d="180000"/>`, ``)),
			periodOf(`id="b"`, timed(`<S t="0" d="180000"/>`, ``))), 0, "0.m4s 0 +2 |0.m4s 2 +2", 0},
		{"a period that is elsewhere", mpdOf(begun, `<Period xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="http://o/remote" start="PT0S" duration="PT2S"/>`,
			periodOf(`start="PT2S" duration="PT2S"`, numbers), periodOf(`duration="PT2S"`, numbers)), 60, "5.m4s 2 +2 |5.m4s 4 +2", 0},
		{"a period whose start is not known yet", mpdOf(begun, periodOf(`start="PT0S"`, numbers), `<Period id="early"/>`), 4.5, "5.m4s 0 +2 6.m4s 2 +2", 6},
		{"list of byte ranges", mpdOf(`mediaPresentationDuration="PT4S"`, periodOf(``, `<BaseURL>all.mp4</BaseURL><SegmentList duration="2"><Initialization range="0-99"/><SegmentURL mediaRange="100-299"/><SegmentURL mediaRange="300-399"/></SegmentList>`)), 0,
			"all.mp4[100+200] 0 +2 all.mp4[300+100] 2 +2", 0},
		{"list by time", mpdOf(`mediaPresentationDuration="PT4S"`, periodOf(``, `<SegmentList><SegmentTimeline><S d="1"/><S d="3"/></SegmentTimeline><SegmentURL media="a"/><SegmentURL media="b"/></SegmentList>`)), 0, "a 0 +1 b 1 +3", 0},
		{"one segment without a duration", mpdOf(`mediaPresentationDuration="PT4S"`, periodOf(``, `<SegmentList><SegmentURL media="a"/></SegmentList>`)), 0, "a 0 +4", 0},
		{"identifiers", mpdOf(`mediaPresentationDuration="PT1S"`, periodOf(``, `<SegmentTemplate duration="1" startNumber="7" media="$RepresentationID$/$Bandwidth%04d$/$Number%05d$-$Time%d$$$.m4s"/>`)), 0, "v/0009/00007-0$.m4s 0 +1", 0},
		{"levels", mpdOf(`mediaPresentationDuration="PT1S"`, `<BaseURL>main/</BaseURL><Period><BaseURL>p/</BaseURL><SegmentTemplate media="$Number$" duration="9"/><AdaptationSet contentType="video"><BaseURL>../q/</BaseURL>
			<SegmentTemplate startNumber="0" timescale="9"/><Representation bandwidth="1"><BaseURL> r/ </BaseURL></Representation></AdaptationSet></Period>`), 0, "main/q/r/0 0 +1", 0},
		{"the highest bandwidth, not of trick play or layers", mpdOf(`mediaPresentationDuration="PT1S"`, `<Period><SegmentTemplate media="$RepresentationID$" duration="1"/>
			<AdaptationSet mimeType="video/mp4"><EssentialProperty schemeIdUri="http://dashif.org/guidelines/trickmode"/><Representation id="trick" bandwidth="99"/></AdaptationSet>
			<AdaptationSet mimeType="video/mp4"><EssentialProperty schemeIdUri="urn:mpeg:mpegB:cicp:TransferCharacteristics" value="16"/><Representation id="a" bandwidth="5"/><Representation id="b" bandwidth="7"/><Representation id="layer" dependencyId="b" bandwidth="9"/></AdaptationSet>
			<AdaptationSet contentType="image"><Representation id="thumbs" bandwidth="999"/></AdaptationSet></Period>`), 0, "b 0 +1", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(c.after * float64(time.Second)))
			lines, grows, err := source.Listing(parsed(t, "http://o/d/live.mpd"), []byte(c.mpd), now, 0)
			got := strings.ReplaceAll(strings.Join(lines, " "), "http://o/d/", "")
			if err != nil || got != c.want || grows != c.grows {
				t.Errorf("%s: got %s, grows at %g, %v\nwant %s, %g", c.name, got, grows, err, c.want, c.grows)
			}
		})
	}
}

// TestMPDSound picks sound: none beside pictures that carry it, the one marked as main, otherwise the first.
func TestMPDSound(t *testing.T) {
	set := func(id, more, role string) string {
		return `<AdaptationSet contentType="` + more + `">` + role + `<Representation id="` + id + `" bandwidth="1"/><Representation id="` + id + `+" bandwidth="2"/></AdaptationSet>`
	}
	main, other := `<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>`, `<Role schemeIdUri="urn:mpeg:dash:role:2011" value="dub"/>`
	for _, c := range []struct{ name, sets, want, sound string }{
		{"first", set("v", "video", "") + set("a", "audio", other) + set("b", "audio", other), "v+", "a+"},
		{"main", set("a", "audio", other) + set("b", "audio", main) + set("v", "video", main), "v+", "b+"},
		{"sound alone", set("a", "audio", "") + set("b", "audio", main), "b+", ""},
		{"in one container", set("a", "audio", main) + `<AdaptationSet mimeType="video/mp2t"><Representation id="v" bandwidth="1" codecs="avc1.640028,mp4a.40.2"/></AdaptationSet>`, "v", ""},
		{"of codecs alone", `<AdaptationSet><Representation id="v" bandwidth="1" codecs="avc1.640028"/></AdaptationSet><AdaptationSet><Representation id="a" bandwidth="1" codecs="mp4a.40.2"/></AdaptationSet>`, "v", "a"},
	} {
		mpd := []byte(mpdOf(`mediaPresentationDuration="PT1S"`, `<Period><SegmentTemplate media="$RepresentationID$" duration="1"/>`+c.sets+`</Period>`))
		for track, want := range []string{c.want, c.sound} {
			if want == "" {
				continue
			}
			got, _, err := source.Listing(parsed(t, "http://o/"), mpd, time.Now(), track)
			if want = "http://o/" + want + " 0 +1"; err != nil || len(got) != 1 || got[0] != want {
				t.Errorf("%s: track %d is %v, %v, want %s", c.name, track, got, err, want)
			}
		}
	}
}

func TestMPDRefused(t *testing.T) {
	static := `mediaPresentationDuration="PT10S"`
	for _, c := range []struct{ name, mpd, want string }{
		{"another XML", `<html><body/></html>`, `the answer is no MPD: it is XML of "html"`},
		{"cut off", `<MPD><Period>`, "the MPD is malformed: XML syntax error on line 1: unexpected EOF"},
		{"another character set", `<?xml version="1.0" encoding="UTF-16"?><MPD/>`, `the MPD is malformed: xml: opening charset "UTF-16": the character set "UTF-16" is not supported`},
		{"no period", mpdOf(static), "the MPD has no period that has begun or will"},
		{"no beginning", mpdOf(`type="dynamic"`, periodOf(``, numbers)), "the MPD of a live stream has no availabilityStartTime"},
		{"periods in no order", mpdOf(static, periodOf(`start="PT5S"`, numbers), periodOf(`start="PT1S"`, numbers)), "the MPD's periods are in no order"},
		{"nothing to see or hear", mpdOf(static, `<Period><AdaptationSet mimeType="application/ttml+xml"><Representation/></AdaptationSet></Period>`), "the MPD offers no pictures and no sound"},
		{"essential property", mpdOf(static, `<Period><AdaptationSet mimeType="video/mp4"><EssentialProperty schemeIdUri="urn:x"/><Representation/></AdaptationSet></Period>`),
			"the MPD offers no pictures and no sound without the property urn:x, which is not supported"},
		{"not of HTTP", mpdOf(static, periodOf(``, `<BaseURL>file:///etc/</BaseURL>`+numbers)), `the playlist names "file:///etc/", which is not HTTP`},
		{"unknown identifier", mpdOf(static, periodOf(``, `<SegmentTemplate duration="1" media="$SubNumber$"/>`)), `the MPD's template has the identifier "$SubNumber$", which is not supported`},
		{"no length", mpdOf(``, periodOf(``, numbers)), "the MPD does not say how long it lasts"},
		{"no segments", mpdOf(static, periodOf(``, `<SegmentList duration="0"/>`)), "the MPD lists no segments"},
		{"fewer URLs than times", mpdOf(static, periodOf(``, `<SegmentList><SegmentTimeline><S d="1" r="1"/></SegmentTimeline><SegmentURL media="a"/></SegmentList>`)), "the MPD lists fewer segments than it tells times of"},
		{"no duration", mpdOf(static, periodOf(``, timed(`<S t="0" d="0"/>`, ``))), "the MPD's SegmentTimeline has a segment without a duration"},
		{"many repetitions", mpdOf(static, periodOf(``, timed(`<S t="0" d="9" r="9223372036854775807"/>`, ``))), "the MPD's SegmentTimeline has too many segments"},
		{"many segments", mpdOf(`mediaPresentationDuration="P9Y"`, periodOf(``, numbers)), "the MPD lists more than 100000 segments"},
		{"many periods", mpdOf(static, slices.Repeat([]string{`<Period/>`}, 2001)...), "the MPD has 2001 periods, more than 2000"},
		{"many sets", mpdOf(static, `<Period>`+strings.Repeat(`<AdaptationSet/>`, 201)+`</Period>`), "a period of the MPD has 201 adaptation sets, more than 200"},
	} {
		if _, _, err := source.Listing(parsed(t, "http://o/d/live.mpd"), []byte(c.mpd), time.Now(), 0); fmt.Sprint(err) != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// FuzzMPD holds the parser and the arithmetic to what a hostile server must not do to us: crash us, make us list for ever or fetch by another
// protocol than HTTP.
func FuzzMPD(f *testing.F) {
	for _, text := range []string{
		mpdOf(begun+` timeShiftBufferDepth="PT6S" minimumUpdatePeriod="PT2S"`, `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2026-01-01T00:00:00Z"/>`, periodOf(`start="PT0S"`, numbers)),
		mpdOf(`mediaPresentationDuration="PT7S"`, `<BaseURL>b/</BaseURL>`, periodOf(`id="a" duration="PT2S"`, timed(`<S t="0" d="180000" r="-1"/><S t="9"/>`, `presentationTimeOffset="9"`)), periodOf(`id="b"`, numbers)),
		mpdOf(``, periodOf(`duration="PT4S"`, `<SegmentList duration="2"><Initialization range="0-99"/><SegmentURL mediaRange="100-299"/></SegmentList>`)),
		mpdOf(``, periodOf(`duration="PT4S"`, `<BaseURL>//o/a</BaseURL><SegmentBase indexRange="0-99"/>`)),
		mpdOf(`mediaPresentationDuration="PT1S"`, `<Period><SegmentTemplate media="$RepresentationID$$Number%05d$$Bandwidth$$Time$" duration="1" timescale="4294967295"/><AdaptationSet contentType="audio"><Role value="main"/><Representation id="$"/></AdaptationSet></Period>`),
	} {
		f.Add(text, 0.0)
		f.Add(text, 61.5)
	}
	f.Fuzz(func(t *testing.T, text string, after float64) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(after * float64(time.Second)))
		for track := range 2 {
			lines, _, err := source.Listing(parsed(t, "https://o/live/a.mpd"), []byte(text), now, track)
			if err != nil && len(lines) > 0 {
				t.Errorf("%v with %d lines", err, len(lines))
			}
			for _, l := range lines {
				if l = strings.TrimPrefix(l, "|"); l != "--" && !strings.HasPrefix(l, "http://") && !strings.HasPrefix(l, "https://") {
					t.Errorf("would fetch %q", l)
				}
			}
		}
	})
}

// FuzzBoxes holds what reads MP4 boxes to the same.
func FuzzBoxes(f *testing.F) {
	f.Add(box("sidx", numbersOf(0, 1, 1000, 0, 0, 2), numbersOf(5, 2000, 1<<31), numbersOf(7, 2000, 1<<31)))
	f.Add(slices.Concat(initOf("encv", 78, "cenc", 0), fragment(box("tfhd", numbersOf(0x20003, 1, 0, 0, 1)), box("sbgp", numbersOf(0), []byte("seig")))))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, timescale, err := source.Index(data)
		if err == nil && timescale <= 0 || len(lines) > 1<<16 {
			t.Errorf("%d lines in a timescale of %d", len(lines), timescale)
		}
		source.Sealed(data, data)
		source.Measure(data, data)
	})
}
