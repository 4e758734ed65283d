package source_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// split is a sink whose sound goes to another.
type split struct {
	marked
	sound sink
	shift *int64
}

func (s *split) Sound() io.Writer { return &shifted{&s.sound, &s.shift} }

type shifted struct {
	*sink
	shift **int64
}

func (s *shifted) Shift(ticks int64) { *s.shift = &ticks }

// fetched fetches an MPD for so long and returns what was asked for, each with its second.
func fetched(t *testing.T, o *origin, w io.Writer, m *source.Meter, at *source.Position, length time.Duration) (asked string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	err = source.Fetch(ctx, source.Request{URL: "http://o/live.mpd", Client: o.client(), Position: at}, w, m)
	var list []string
	for _, r := range o.requests("") {
		list = append(list, fmt.Sprintf("%s@%g", strings.TrimPrefix(r.path, "/"), r.at.Seconds()))
	}
	return strings.Join(list, " "), err
}

// named answers a path with its name in angle brackets, and an MPD by mpd.
func named(mpd func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/live.mpd" {
			fmt.Fprint(w, mpd())
			return
		}
		fmt.Fprintf(w, "<%s>", strings.TrimSuffix(r.URL.Path[1:], ".m4s"))
	}
}

// ago is an availabilityStartTime of so long ago.
func ago(d time.Duration) string {
	return `type="dynamic" availabilityStartTime="` + time.Now().Add(-d).UTC().Format(time.RFC3339Nano) + `" `
}

// TestDASHNumbers has segments of 2 s by number, of which five are complete after 10.5 s: 5 to 9. It is entered three segments before the
// end, at 7, and then each segment is asked for the moment that it is complete: 10 at 12 s, which is 1.5 s on, and every 2 s from then. The
// MPD says to load it again every 3 s.
func TestDASHNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mpd := mpdOf(ago(10500*time.Millisecond)+`minimumUpdatePeriod="PT3S" timeShiftBufferDepth="PT1M"`, periodOf(`start="PT0S"`, numbers))
		o := newOrigin(named(func() string { return mpd }))
		var w marked
		var m source.Meter
		asked, err := fetched(t, o, &w, &m, nil, 5900*time.Millisecond)
		if want := "live.mpd@0 i@0 7.m4s@0 8.m4s@0 9.m4s@0 10.m4s@1.5 live.mpd@3 11.m4s@3.5 12.m4s@5.5"; asked != want || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("asked for %s, %v, want %s", asked, err, want)
		}
		if want := "|<i><7><8><9><10><11><12>"; w.String() != want {
			t.Errorf("wrote %s, want %s", w.String(), want)
		}
		s, _ := m.Playlist()
		if age := time.Since(s.Changed); age != 400*time.Millisecond || s.Target != 2*time.Second || s.MediaSequence != 5 || s.Length != 8 || s.Bandwidth != 9 || s.Variants != 1 || s.Segments != 6 {
			t.Errorf("age %v, %+v, want 0.4 s (5.5 to 5.9), 8 segments from number 5", age, s)
		}
	})
}

// TestDASHTimeline has a timeline of 4 s segments that grows as its MPD is loaded, every 4 s; the list keeps three.
func TestDASHTimeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		attributes := ago(13*time.Second) + `minimumUpdatePeriod="PT4S"`
		o := newOrigin(named(func() string {
			first := int(time.Since(began) / (4 * time.Second)) // 0 to 2 are complete after 13 s
			return mpdOf(attributes, periodOf(`start="PT0S"`, timed(fmt.Sprintf(`<S t="%d" d="360000" r="2"/>`, first*360000), ``)))
		}))
		var w marked
		var m source.Meter
		asked, _ := fetched(t, o, &w, &m, nil, 9*time.Second)
		if want := "live.mpd@0 i@0 0.m4s@0 360000.m4s@0 720000.m4s@0 live.mpd@4 1080000.m4s@4 live.mpd@8 1440000.m4s@8"; asked != want {
			t.Errorf("asked for %s, want %s", asked, want)
		}
		s, _ := m.Playlist()
		if age := time.Since(s.Changed); age != time.Second || s.Target != 4*time.Second || s.MediaSequence != 2 || s.Step != 1 || s.Length != 3 || s.Missed != 0 {
			t.Errorf("age %v, %+v, want 1 s (8 to 9), 3 segments from number 2, step 1", age, s)
		}
	})
}

// TestDASHSound has pictures of 2 s and sound of 3 s. The pictures are entered at 6 s, three segments before the end at 12; the sound with the
// segment of then, which begins at 6 as well. Of 1 s of time stamps before the period's start (sound) less half a second (pictures) half a
// second is to be taken off the sound's: 45000.
func TestDASHSound(t *testing.T) {
	mpd := func() string {
		return mpdOf(ago(12*time.Second), `<Period start="PT0S">
			<AdaptationSet contentType="audio"><SegmentTemplate duration="3" startNumber="0" presentationTimeOffset="1" media="a$Number$" initialization="ai"/><Representation bandwidth="1"/></AdaptationSet>
			<AdaptationSet contentType="video"><SegmentTemplate timescale="10" duration="20" startNumber="0" presentationTimeOffset="5" media="v$Number$" initialization="vi"/><Representation bandwidth="1"/></AdaptationSet></Period>`)
	}
	synctest.Test(t, func(t *testing.T) {
		text := mpd()
		o := newOrigin(named(func() string { return text }))
		var w split
		var m source.Meter
		var at source.Position
		fetched(t, o, &w, &m, &at, 5*time.Second)
		if w.String() != "|<vi><v3><v4><v5><v6><v7>" || w.sound.String() != "<ai><a2><a3><a4>" {
			t.Errorf("wrote %s and %s", w.String(), w.sound.String())
		}
		if w.shift == nil || *w.shift != -45000 {
			t.Errorf("sound is shifted by %v, want -45000", w.shift)
		}
		if s, _ := m.Playlist(); s.DemuxedAudio || s.Segments != 8 {
			t.Errorf("%+v, want 8 segments and no sound apart that is not fetched", s)
		}
		// A second Fetch goes on where the first left off.
		w = split{}
		fetched(t, o, &w, &m, &at, 3900*time.Millisecond)
		if w.String() != "|<vi><v8><v9>" || w.sound.String() != "<ai><a5>" {
			t.Errorf("went on with %s and %s", w.String(), w.sound.String())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		text := mpd()
		var w marked
		var m source.Meter
		fetched(t, newOrigin(named(func() string { return text })), &w, &m, nil, time.Second)
		if s, _ := m.Playlist(); w.String() != "|<vi><v3><v4><v5>" || !s.DemuxedAudio {
			t.Errorf("without a way for sound: wrote %s, %+v", w.String(), s)
		}
	})
}

// TestDASHSoundFails has sound that is never there: the pictures go on.
func TestDASHSoundFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := `<Period><SegmentTemplate duration="2" startNumber="0" media="$RepresentationID$$Number$"/>
			<AdaptationSet contentType="audio"><Representation id="a"/></AdaptationSet><AdaptationSet contentType="video"><Representation id="v"/></AdaptationSet></Period>`
		o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/a") {
				http.NotFound(w, r)
				return
			}
			named(func() string { return mpdOf(`mediaPresentationDuration="PT10S"`, list) })(w, r)
		})
		var w split
		var m source.Meter
		_, err := fetched(t, o, &w, &m, nil, time.Minute)
		if s, _ := m.Playlist(); err != nil || w.String() != "|<v0><v1><v2><v3><v4>" || s.SegmentErrors != 5 || s.SegmentStatus != 200 {
			t.Errorf("wrote %s, %v, %+v, want all pictures and five errors", w.String(), err, s)
		}
	})
}

// TestDASHLate has an encoder that is 0.7 s behind its own clock: each segment is asked for when it is due, and half a second later, a quarter of
// its duration, and again. One is never there: after its own duration it is given up.
func TestDASHLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mpd := mpdOf(ago(12*time.Second), periodOf(`start="PT0S"`, numbers))
		o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
			var n int
			fmt.Sscanf(r.URL.Path, "/%d.m4s", &n)
			// Number n is complete at 2 (n - 4) s of the presentation, which began 12 s before.
			if complete := time.Duration(2*(n-4)-12)*time.Second + 700*time.Millisecond; n > 10 && time.Since(began) < complete || n == 13 {
				http.NotFound(w, r)
				return
			}
			named(func() string { return mpd })(w, r)
		})
		var w marked
		var m source.Meter
		asked, _ := fetched(t, o, &w, &m, nil, 9500*time.Millisecond)
		want := "live.mpd@0 i@0 8.m4s@0 9.m4s@0 10.m4s@0 11.m4s@2 11.m4s@2.5 live.mpd@2 11.m4s@3 12.m4s@4 12.m4s@4.5 12.m4s@5 " +
			"13.m4s@6 13.m4s@6.5 13.m4s@7 13.m4s@7.5 13.m4s@8 13.m4s@8.5 14.m4s@8.5 14.m4s@9"
		var only []string
		for _, a := range strings.Fields(asked) {
			if !strings.HasPrefix(a, "live.mpd@") || a == "live.mpd@0" {
				only = append(only, a)
			}
		}
		want = strings.Replace(want, "live.mpd@2 ", "", 1)
		if got := strings.Join(only, " "); got != want {
			t.Errorf("asked for %s\nwant %s", got, want)
		}
		s, _ := m.Playlist()
		if w.String() != "|<i><8><9><10><11><12>|<14>" || s.Late != 4 || s.SegmentErrors != 1 {
			t.Errorf("wrote %s, %d late, %d errors, want all but 13, 4 late and 1 error", w.String(), s.Late, s.SegmentErrors)
		}
		// In doubt the MPD is loaded again, though it does not say that it will change; never twice in a second.
		last := -time.Second
		loads := o.requests(".mpd")
		for _, r := range loads {
			if r.at-last < time.Second {
				t.Errorf("loaded the MPD at %v and %v", last, r.at)
			}
			last = r.at
		}
		if len(loads) < 4 {
			t.Errorf("loaded the MPD %d times", len(loads))
		}
	})
}

// TestDASHPeriods plays a file of three periods. The second goes on in the decoder of the first, the third needs another.
func TestDASHPeriods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := func(id, init string) string {
			return periodOf(`duration="PT4S"`, `<SegmentTemplate duration="2" media="`+id+`$Number$" initialization="`+init+`"/>`)
		}
		mpd := mpdOf(``, of("a", "i"), of("b", "i"), of("c", "j"))
		o := newOrigin(named(func() string { return mpd }))
		var at source.Position
		for i, want := range []string{"|<i><a1><a2>|<b1><b2>", "|<j><c1><c2>"} {
			var w marked
			_, err := fetched(t, o, &w, &source.Meter{}, &at, time.Minute)
			if w.String() != want || (i == 0) != errors.Is(err, source.ErrReopen) || i == 1 && err != nil {
				t.Errorf("fetch %d: wrote %s, %v, want %s", i, w.String(), err, want)
			}
		}
		// In a loop each round has a decoder of its own.
		for i, want := range []string{"|<i><a1><a2>|<b1><b2>", "|<j><c1><c2>", "|<i><a1><a2>|<b1><b2>"} {
			var w marked
			if i == 0 {
				at = source.Position{}
			}
			err := source.Fetch(t.Context(), source.Request{URL: "http://o/live.mpd", Client: o.client(), Position: &at, Loop: true}, &w, &source.Meter{})
			if w.String() != want || !errors.Is(err, source.ErrReopen) {
				t.Errorf("round %d: wrote %s, %v, want %s", i, w.String(), err, want)
			}
		}
	})
}

// TestDASHLivePeriod has a live stream whose period ends at 16 s, which the MPD tells from 14 s on; the next has another decoder. Later the
// stream ends: its MPD is a file's.
func TestDASHLivePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		attributes := ago(12 * time.Second)
		o := newOrigin(named(func() string {
			one := func(more string) string {
				return periodOf(`id="a" start="PT0S"`+more, `<SegmentTemplate duration="2" media="a$Number$" initialization="i"/>`)
			}
			two := func(more string) string {
				return periodOf(`id="b" start="PT16S"`+more, `<SegmentTemplate duration="2" media="b$Number$" initialization="j"/>`)
			}
			switch since := time.Since(began); {
			case since < 2*time.Second:
				return mpdOf(attributes+`minimumUpdatePeriod="PT1S"`, one(``))
			case since < 10*time.Second:
				return mpdOf(attributes+`minimumUpdatePeriod="PT1S"`, one(``), two(``))
			}
			return mpdOf(strings.Replace(attributes, "dynamic", "static", 1)+`mediaPresentationDuration="PT22S"`, one(``), two(``))
		}))
		var at source.Position
		var w marked
		if _, err := fetched(t, o, &w, &source.Meter{}, &at, time.Minute); !errors.Is(err, source.ErrReopen) || w.String() != "|<i><a4><a5><a6><a7><a8>" || time.Since(began) != 4*time.Second {
			t.Errorf("wrote %s, %v after %v, want a4 to a8 and a new decoder after 4 s", w.String(), err, time.Since(began))
		}
		w = marked{}
		// b1 lasts from 16 to 18 s and is complete 6 s after the beginning.
		if _, err := fetched(t, o, &w, &source.Meter{}, &at, time.Minute); err != nil || w.String() != "|<j><b1><b2><b3>" || time.Since(began) != 10*time.Second {
			t.Errorf("wrote %s, %v after %v, want b1 to b3 and the end after 10 s", w.String(), err, time.Since(began))
		}
	})
}

// TestDASHRestarted has an encoder that begins anew, with another beginning of its time, which the MPD as it is loaded after 4 s tells: what was
// played, up to 3.5 s, is over.
func TestDASHRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		first, second := ago(12500*time.Millisecond), ago(-2*time.Second)
		o := newOrigin(named(func() string {
			if time.Since(began) < 3900*time.Millisecond {
				return mpdOf(first+`minimumUpdatePeriod="PT1S"`, periodOf(`id="0" start="PT0S"`, numbers))
			}
			return mpdOf(second+`minimumUpdatePeriod="PT1S"`, periodOf(`id="0" start="PT0S"`, strings.ReplaceAll(numbers, "$Number$", "new$Number$")))
		}))
		var at source.Position
		var w marked
		if _, err := fetched(t, o, &w, &source.Meter{}, &at, time.Minute); !errors.Is(err, source.ErrReopen) || w.String() != "|<i><8><9><10><11><12>" {
			t.Errorf("wrote %s, %v", w.String(), err)
		}
		w = marked{}
		if fetched(t, o, &w, &source.Meter{}, &at, 4500*time.Millisecond); w.String() != "|<i><new6><new7>" { // of after 3.5 s, complete at 6 and 8 s
			t.Errorf("went on with %s until %v", w.String(), time.Since(began))
		}
	})
}

// TestDASHFails lets the MPD fail for good, which is borne for three times minimumUpdatePeriod; then what is listed has been played.
func TestDASHFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attributes := ago(13*time.Second) + `minimumUpdatePeriod="PT4S"`
		loads := 0
		o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/live.mpd" {
				if loads++; loads > 1 {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
			}
			named(func() string {
				return mpdOf(attributes, periodOf(`start="PT0S"`, timed(`<S t="0" d="360000" r="2"/>`, ``)))
			})(w, r)
		})
		began := time.Now()
		var w marked
		_, err := fetched(t, o, &w, &source.Meter{}, nil, time.Minute)
		if want := "fetch http://o/live.mpd: MPD http://o/live.mpd: the server answered 503 Service Unavailable"; fmt.Sprint(err) != want || time.Since(began) != 12*time.Second {
			t.Errorf("%v after %v, want %s after 12 s", err, time.Since(began), want)
		}
	})
}

// TestDASHLocation has an MPD that is to be loaded from elsewhere the next time; what it names is still relative to where it was found.
func TestDASHLocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attributes := ago(12*time.Second) + `minimumUpdatePeriod="PT2S"`
		o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".mpd") {
				fmt.Fprint(w, mpdOf(attributes, `<Location>http://o/elsewhere/next.mpd</Location>`, periodOf(`start="PT0S"`, numbers)))
				return
			}
			fmt.Fprint(w, "<", r.URL.Path, ">")
		})
		asked, _ := fetched(t, o, &sink{}, &source.Meter{}, nil, 3*time.Second)
		if want := "live.mpd@0 i@0 8.m4s@0 9.m4s@0 10.m4s@0 elsewhere/next.mpd@2 elsewhere/11.m4s@2"; !strings.Contains(asked, "elsewhere/next.mpd@2") {
			t.Errorf("asked for %s, want %s", asked, want)
		}
	})
}

func TestDASHRecognised(t *testing.T) {
	mpd := mpdOf(`mediaPresentationDuration="PT4S"`, periodOf(``, numbers))
	for _, c := range []struct{ name, path, kind, text string }{
		{"path", "/a.MPD", "text/plain", " " + strings.TrimPrefix(mpd, `<?xml version="1.0"?>`)}, {"content type", "/a", "application/dash+xml; charset=utf-8", " " + strings.TrimPrefix(mpd, `<?xml version="1.0"?>`)},
		{"content", "/a", "", mpd}, {"content without a declaration", "/a", "", strings.TrimPrefix(mpd, `<?xml version="1.0"?>`)}, {"content behind a byte order mark", "/a", "", "\ufeff" + mpd},
	} {
		o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != c.path {
				named(nil)(w, r)
				return
			}
			w.Header().Set("Content-Type", c.kind)
			io.WriteString(w, c.text)
		})
		var w sink
		if err := source.Fetch(t.Context(), source.Request{URL: "http://o" + c.path, Client: o.client()}, &w, &source.Meter{}); err != nil || w.String() != "<i><5><6>" {
			t.Errorf("%s: wrote %q, %v", c.name, w.String(), err)
		}
	}
}

// TestDASHClock has servers whose clock is 7 s ahead of ours, so that 4 more segments of 2 s than by ours, or 3, are complete.
func TestDASHClock(t *testing.T) {
	for _, c := range []struct {
		name, timing string
		answer       func(w http.ResponseWriter, now time.Time)
		skew         time.Duration
	}{
		{"none", "", nil, 0},
		{"ISO 8601", `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/clock"/>`, func(w http.ResponseWriter, now time.Time) { fmt.Fprintln(w, now.Format("2006-01-02T15:04:05.000Z")) }, 7 * time.Second},
		{"xs:dateTime with a zone", `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="http://o/clock"/>`, func(w http.ResponseWriter, now time.Time) {
			fmt.Fprint(w, now.In(time.FixedZone("", 3600)).Format("2006-01-02T15:04:05.000Z07:00"))
		}, 7 * time.Second},
		{"Date of an answer", `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-head:2014" value="/clock"/>`, func(w http.ResponseWriter, now time.Time) { w.Header().Set("Date", now.Format(http.TimeFormat)) }, 7 * time.Second},
		{"told", `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2000-01-01T00:00:07.000Z"/>`, nil, 7 * time.Second},
		{"the second that answers", `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:ntp:2014" value="o"/><UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/missing.mpd file:///etc/hostname /clock"/>`,
			func(w http.ResponseWriter, now time.Time) { fmt.Fprintln(w, now.Format("2006-01-02T15:04:05.000Z")) }, 7 * time.Second},
		// To the second: 7.9 s are told as 7, which can be no less than that.
		{"to the second", `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/clock"/>`, func(w http.ResponseWriter, now time.Time) {
			fmt.Fprintln(w, now.Add(900*time.Millisecond).Format("2006-01-02T15:04:05Z"))
		}, 7 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			mpd := mpdOf(ago(2*time.Second), c.timing, periodOf(`start="PT0S"`, numbers))
			o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/clock":
					c.answer(w, time.Now().UTC().Add(7*time.Second))
				case "/missing.mpd":
					http.NotFound(w, r)
				default:
					named(func() string { return mpd })(w, r)
				}
			})
			var m source.Meter
			var w sink
			fetched(t, o, &w, &m, nil, 500*time.Millisecond)
			// Complete after 2 s is number 5; after 9 s numbers 5 to 8, of which three are taken.
			want := map[time.Duration]string{0: "<i><5>", 7 * time.Second: "<i><6><7><8>"}[c.skew]
			s, _ := m.Playlist()
			if w.String() != want || c.skew != 0 && (s.Skew == nil || *s.Skew != c.skew) || c.skew == 0 && s.Skew != nil {
				t.Errorf("%s: wrote %s, skew %v, want %s, %v", c.name, w.String(), s.Skew, want, c.skew)
			}
		})
	}
}

// TestDASHDate takes the clock of the MPD's own answer when no other is named; within its second it is right.
func TestDASHDate(t *testing.T) {
	for _, c := range []struct{ ahead, skew time.Duration }{{-40 * time.Second, -40*time.Second + time.Second}, {400 * time.Millisecond, 0}, {time.Minute, time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			mpd := mpdOf(ago(2*time.Second), periodOf(`start="PT0S"`, numbers))
			o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", time.Now().UTC().Add(c.ahead).Format(http.TimeFormat))
				named(func() string { return mpd })(w, r)
			})
			var m source.Meter
			fetched(t, o, &sink{}, &m, nil, 500*time.Millisecond)
			if s, _ := m.Playlist(); s.Skew == nil || *s.Skew != c.skew {
				t.Errorf("%v ahead: skew %v, want %v", c.ahead, s.Skew, c.skew)
			}
		})
	}
}

// box is a box of ISO/IEC 14496-12.
func box(kind string, content ...[]byte) []byte {
	b := slices.Concat(content...)
	return slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(8+len(b))), []byte(kind), b)
}

// numbersOf are 32-bit numbers in a row.
func numbersOf(n ...uint32) (out []byte) {
	for _, v := range n {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	return out
}

// TestDASHIndex plays one file by its segment index: from where the MPD says or from where it is found.
func TestDASHIndex(t *testing.T) {
	head := box("ftyp", []byte("head"))
	// Two segments of 2 s in a timescale of 1000, 5 and 7 bytes, which follow at once.
	index := box("sidx", numbersOf(0, 1, 1000, 0, 0, 2), numbersOf(5, 2000, 1<<31), numbersOf(7, 2000, 1<<31))
	file := string(head) + string(index) + "<one><two-2>"
	exact := fmt.Sprintf(`<SegmentBase indexRange="%d-%d"><Initialization range="0-%d"/></SegmentBase>`, len(head), len(head)+len(index)-1, len(head)-1)
	for _, c := range []struct{ name, file, segments, want string }{
		{"where the MPD says", file, exact, string(head) + "<one><two-2>"},
		{"found", file, "", string(head) + "<one><two-2>"},
		{"none: all is one segment", "all there is", "", "all there is"},
	} {
		mpd := mpdOf(`mediaPresentationDuration="PT4S"`, periodOf(``, `<BaseURL>all.mp4</BaseURL>`+c.segments))
		var w sink
		_, err := fetched(t, newOrigin(files(map[string]string{"/live.mpd": mpd, "/all.mp4": c.file})), &w, &source.Meter{}, nil, time.Minute)
		if err != nil || w.String() != c.want {
			t.Errorf("%s: wrote %q, %v, want %q", c.name, w.String(), err, c.want)
		}
	}
}

func TestIndex(t *testing.T) {
	long := slices.Concat(numbersOf(1<<24, 1, 90000), numbersOf(0, 9), numbersOf(0, 100), numbersOf(2)) // version 1, from 9, after 100 bytes
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		// The box has 8 + 32 + 2 x 12 = 64 bytes; 100 more are passed over.
		{"64 bits, behind a gap, one another index", box("sidx", long, numbersOf(1<<31|50, 90000, 0), numbersOf(70, 180000, 0)), "index [164+50] 90009 +180000 [214+70]"},
		{"cut off", box("sidx", long, numbersOf(50)), "malformed"},
		{"no box", []byte("not a box"), "malformed"},
		{"no timescale", box("sidx", numbersOf(0, 1, 0, 0, 0, 0)), "malformed"},
		{"empty segment", box("sidx", numbersOf(0, 1, 1, 0, 0, 1), numbersOf(0, 1, 0)), "malformed"},
	} {
		lines, _, err := source.Index(c.data)
		if got := strings.Join(lines, " "); c.want == "malformed" && err == nil || c.want != "malformed" && (err != nil || got != c.want) {
			t.Errorf("%s: got %s, %v, want %s", c.name, got, err, c.want)
		}
	}
}

// TestDASHBegins has a stream that has begun a second ago: its first segment is not complete until the next.
func TestDASHBegins(t *testing.T) {
	for _, entries := range []string{numbers, timed(`<S t="0" d="180000" r="-1"/>`, `startNumber="5"`)} {
		synctest.Test(t, func(t *testing.T) {
			mpd := mpdOf(ago(time.Second)+`minimumUpdatePeriod="PT500S"`, periodOf(`start="PT0S"`, strings.Replace(entries, "$Time$", "$Number$", 1)))
			var w marked
			asked, _ := fetched(t, newOrigin(named(func() string { return mpd })), &w, &source.Meter{}, nil, 4*time.Second)
			if want := "live.mpd@0 i@1 5.m4s@1 6.m4s@3"; asked != want {
				t.Errorf("asked for %s, want %s", asked, want)
			}
		})
	}
}
