package source

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"
)

// resynchronise is how often a server's clock is asked for again.
const resynchronise = 5 * time.Minute

// serverClock is a clock that an MPD's times are by, as far as it is known: so much ahead of ours.
type serverClock struct {
	skew  time.Duration
	known bool
	asked time.Time
}

// Now is the server's time in microseconds since 1970.
func (c *serverClock) Now() int64 { return time.Now().Add(c.skew).UnixMicro() }

// Due is when the server's clock shows us, by ours.
func (c *serverClock) Due(us int64) time.Time { return time.UnixMicro(us).Add(-c.skew) }

// set takes a time that the server's clock showed at some moment between began and now, cut off to a resolution. Of the skews that this
// allows it takes the one nearest to none.
func (c *serverClock) set(shown time.Time, resolution time.Duration, began time.Time) {
	least, most := time.Until(shown), shown.Add(resolution).Sub(began)
	c.skew, c.known = min(max(0, least), max(most, least)), true
}

// synchronise asks the clocks that the MPD names for the time (ISO/IEC 23009-1 section 5.8.4.11), one after the other until one answers; without
// any the MPD's own answer tells when it was made. began is when that was asked for.
func (d *dash) synchronise(ctx context.Context, b *body, began time.Time) {
	if d.clock.known && time.Since(d.clock.asked) < resynchronise {
		return
	}
	d.clock.asked = time.Now()
	tries := 0
	for _, t := range d.p.timings {
		kind, ok := strings.CutPrefix(strings.ToLower(t.Scheme), "urn:mpeg:dash:utc:")
		if !ok {
			continue
		}
		kind, _, _ = strings.Cut(kind, ":")
		if kind == "direct" && d.clock.show(t.Value, began) {
			return
		}
		for _, reference := range strings.Fields(t.Value) {
			if tries++; strings.HasPrefix(kind, "http-") && kind != "http-ntp" && tries <= 4 && d.ask(ctx, b, kind, reference) {
				return
			}
		}
	}
	if date, err := http.ParseTime(b.Header.Get("Date")); err == nil {
		d.clock.set(date, time.Second, began)
	}
}

// ask asks one clock.
func (d *dash) ask(ctx context.Context, b *body, kind, reference string) bool {
	address, err := resolve(b.Request.URL, reference)
	if err != nil {
		return false
	}
	began := time.Now()
	answer, err := d.get(ctx, address, span{})
	if err != nil {
		return false
	}
	defer answer.Close()
	if kind == "http-head" {
		date, err := http.ParseTime(answer.Header.Get("Date"))
		if err == nil {
			d.clock.set(date, time.Second, began)
		}
		return err == nil
	}
	text, err := readAll(answer, 1000)
	return err == nil && d.clock.show(string(bytes.TrimSpace(text)), began)
}

// show takes a time that the server's clock showed, as xs:dateTime.
func (c *serverClock) show(text string, began time.Time) bool {
	us, ok := moment(text)
	if ok {
		resolution := time.Second
		if strings.Contains(text, ".") {
			resolution = time.Millisecond
		}
		c.set(time.UnixMicro(us), resolution, began)
	}
	return ok
}
