package source

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxMoment bounds every time and duration of an MPD, in microseconds: 142 years, so that the sum of some fits in 64 bits.
const maxMoment = 1 << 52

// numeral is the whole number that text is, bounded; otherwise when it is none.
func numeral(text string, otherwise int64) int64 {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseInt(text, 10, 64)
	if u, large := strconv.ParseUint(text, 10, 64); err != nil && large == nil {
		n, err = int64(min(u, 1<<62)), nil
	}
	if err != nil {
		return otherwise
	}
	return min(max(n, -1<<62), 1<<62)
}

// iso8601 is xs:duration.
var iso8601 = regexp.MustCompile(`^P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,18}(?:[.,]\d*)?)S)?)?$`)

// duration is the xs:duration that text is, in microseconds, a year of 365 and a month of 30 days; false when it is none.
func duration(text string) (int64, bool) {
	m := iso8601.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, false
	}
	const day = 24 * 3600
	seconds := 0.0
	for i, unit := range []float64{365 * day, 30 * day, day, 3600, 60, 1} {
		if n, err := strconv.ParseFloat(strings.Replace(m[i+1], ",", ".", 1), 64); err == nil {
			seconds += n * unit
		}
	}
	return int64(min(seconds*1e6+0.5, maxMoment)), true
}

// moment is the xs:dateTime that text is, in microseconds since 1970, UTC when it names no zone; false when it is none.
func moment(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05-0700", "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return min(max(t.UnixMicro(), -maxMoment), maxMoment), true
		}
	}
	return 0, false
}

// byteRange is the part that "first-last" names; false when text is none.
func byteRange(text string) (span, bool) {
	from, to, ok := strings.Cut(strings.TrimSpace(text), "-")
	first, last := numeral(from, -1), numeral(to, -1)
	if !ok || first < 0 || last < first || last > 1<<60 {
		return span{}, false
	}
	return span{first, last - first + 1}, true
}

// scaled is n ticks of a timescale in microseconds, rounded to the nearest and bounded.
func scaled(n, timescale int64) int64 {
	seconds, rest := n/timescale, n%timescale
	if seconds > maxMoment/1_000_000 || seconds < -maxMoment/1_000_000 {
		return min(max(n, -maxMoment), maxMoment)
	}
	// A timescale has at most 32 bits, so that this fits.
	return seconds*1_000_000 + (rest*1_000_000+timescale/2)/timescale
}

// ticks is a time in microseconds in ticks of a timescale, rounded down and bounded.
func ticks(us, timescale int64) int64 {
	seconds, rest := floor(us, 1_000_000), us-floor(us, 1_000_000)*1_000_000
	if most := int64(1<<61) / timescale; seconds > most || seconds < -most {
		return min(max(us, -1), 1) << 61
	}
	return seconds*timescale + rest*timescale/1_000_000
}

// floor is a / b rounded down; b is positive.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
