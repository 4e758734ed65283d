package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Listing shows what an MPD lists of a track at a moment, one line a segment: its URL, its part if it has one, its start since
// availabilityStartTime and its duration in seconds. "--" begins what needs another decoder, "|" what does not go on. grows is when time adds
// a segment, in seconds likewise, 0 when it does not.
func Listing(at *url.URL, text []byte, now time.Time, track int) (lines []string, grows float64, err error) {
	m, err := parseMPD(text)
	if err != nil {
		return nil, 0, err
	}
	begin, _ := moment(m.AvailabilityStartTime)
	d := &dash{fetcher: &fetcher{client: &http.Client{Transport: nowhere{}}, meter: &Meter{}}, keys: map[string]bool{}, clock: serverClock{skew: time.Until(now)}, indexes: map[string]*resourceIndex{}}
	if d.p, err = present(at, m, 0); err != nil {
		return nil, 0, err
	}
	for i, group := range d.p.groups() {
		if i > 0 {
			lines = append(lines, "--")
		}
		if group[0].lacking != nil {
			return nil, 0, group[0].lacking
		}
		if track >= len(group[0].tracks) {
			continue
		}
		d.adopt(group)
		list, next, err := d.list(context.Background(), track)
		if err != nil {
			return nil, 0, err
		}
		for _, s := range list.segments {
			line := fmt.Sprintf("%s %g +%g", s.url, float64(s.sequence-begin)/1e6, s.duration.Seconds())
			if s.part.length > 0 {
				line = fmt.Sprintf("%s[%d+%d] %g +%g", s.url, s.part.offset, s.part.length, float64(s.sequence-begin)/1e6, s.duration.Seconds())
			}
			if s.discontinuity {
				line = "|" + line
			}
			lines = append(lines, line)
		}
		if next > 0 {
			grows = float64(next-begin) / 1e6
		}
	}
	return slices.Clip(lines), grows, nil
}

// nowhere is a transport that reaches no one.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("nowhere") }

// Index is what a segment index at offset 0 lists: "time +duration [offset+length]" in ticks and bytes, "index" for another index.
func Index(data []byte) (lines []string, timescale int64, err error) {
	x, err := parseIndex(data, 0)
	for _, e := range x.entries {
		line := fmt.Sprintf("%d +%d [%d+%d]", e.run.time, e.run.duration, e.part.offset, e.part.length)
		if e.nested {
			line = fmt.Sprintf("index [%d+%d]", e.part.offset, e.part.length)
		}
		lines = append(lines, line)
	}
	return lines, x.timescale, err
}

// Sealed tells whether a segment is encrypted after this initialisation section, and how it says so.
func Sealed(init, segment []byte) (name string, sealed bool) {
	c, guarded := scheme(init)
	return c.name, guarded && c.sealed(segment)
}

// Measure is how long a segment lasts after this initialisation section, in ticks of a timescale.
func Measure(init, segment []byte) (timescale, ticks int64) {
	r := newRuler(init)
	return r.timescale, r.measure(segment)
}
