package receiver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/framewatch/framewatch/schemas"
)

// How much of a text a message for people has at most, in characters.
const (
	nameLimit    = 120
	summaryLimit = 300
	noteLimit    = 200
	kindLimit    = 8
)

// severities are from the least to the worst.
var severities = []string{"info", "warning", "critical"}

// line tells a change in one line, in the same words on every medium:
//
//	CRITICAL news-hd: black — Picture is black, since 12:00:01 UTC
func line(c *Change) string {
	return headline(c) + ", " + span(c) + aside(c)
}

// headline is the beginning of a line, without times and people.
func headline(c *Change) string {
	text := strings.TrimSpace(word(c) + " " + subject(c.Event))
	if summary := strings.TrimRight(clean(c.Event.Summary, summaryLimit), "."); summary != "" {
		text += " — " + summary
	}
	return text
}

// word is what has become of the defect.
func word(c *Change) string {
	severity := strings.ToUpper(clean(c.Event.Severity, nameLimit))
	switch {
	case c.What == Updated:
		return "NOW " + severity
	case c.What == Repeated:
		return "STILL " + severity
	case c.What == Closed && (c.Event.Reason == "resolved" || c.Event.Reason == ""):
		return "RESOLVED"
	case c.What == Closed:
		return "CLOSED (" + clean(c.Event.Reason, nameLimit) + ")"
	case c.What != Opened:
		return strings.ToUpper(clean(c.What, nameLimit))
	}
	return severity
}

// subject is where the defect is, and which.
func subject(ev *schemas.DefectEvent) string {
	text := clean(ev.Stream, nameLimit) + ": " + clean(ev.Kind, nameLimit)
	if ev.Part != "" {
		text += " (" + clean(ev.Part, nameLimit) + ")"
	}
	return text
}

// span is since when the defect stands, or from when to when it stood.
func span(c *Change) string {
	start, end := onset(c.Event), time.UnixMicro(c.Event.End).UTC()
	if !c.Over() {
		// A defect that is told again may be days old.
		return "since " + clock(start, c.What == Repeated) + " UTC"
	}
	far := start.Format(time.DateOnly) != end.Format(time.DateOnly)
	return fmt.Sprintf("%s to %s UTC (%s)", clock(start, far), clock(end, far), lasted(end.Sub(start)))
}

// onset is the best estimate of the defect's start.
func onset(ev *schemas.DefectEvent) time.Time {
	if ev.OnsetRefined != nil {
		return time.UnixMicro(*ev.OnsetRefined).UTC()
	}
	return time.UnixMicro(ev.Onset).UTC()
}

func clock(t time.Time, dated bool) string {
	if dated {
		return t.Format(time.DateTime)
	}
	return t.Format(time.TimeOnly)
}

// lasted is a duration as people say it: in tenths of a second below ten, else the two largest units.
func lasted(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// aside is who did it and what was said to it.
func aside(c *Change) string {
	var text strings.Builder
	if c.By != "" {
		text.WriteString(", by " + clean(c.By, nameLimit))
	}
	if !c.Until.IsZero() {
		text.WriteString(" until " + clock(c.Until.UTC(), true) + " UTC")
	}
	if c.Note != "" {
		text.WriteString(": " + clean(c.Note, noteLimit))
	}
	if c.What == Retracted {
		text.WriteString(", explained by another defect")
	}
	if c.Event.Flapping != nil && *c.Event.Flapping && !c.Over() {
		text.WriteString(", comes and goes")
	}
	if c.Escalation > 0 {
		fmt.Fprintf(&text, " (escalation %d: nobody has taken it up)", c.Escalation)
	}
	return text.String()
}

// title tells a message in one short line.
func title(m *Message) string {
	if m.Digest != nil {
		return storm(m.Digest)
	}
	worst := m.worst()
	if len(m.Changes) == 1 {
		return headline(worst)
	}
	return fmt.Sprintf("%s %s and %d more", word(worst), subject(worst.Event), len(m.Changes)-1)
}

// lines tells the changes that are not told yet, at most limit of them, a line each.
func lines(m *Message, limit int) []string {
	var all []string
	more := 0
	for i := range m.Changes {
		switch {
		case m.Changes[i].Told:
		case len(all) < limit:
			all = append(all, line(&m.Changes[i]))
		default:
			more++
		}
	}
	if more > 0 {
		all = append(all, fmt.Sprintf("… and %d more", more))
	}
	return all
}

// news is what a message tells, a line each: the storm, or the changes that are not told yet, at most limit of them.
func news(m *Message, limit int) []string {
	all := lines(m, limit)
	if m.Digest != nil {
		all = append([]string{storm(m.Digest)}, all...)
	}
	return all
}

// standing is how many defects of the group are open.
func standing(m *Message) string {
	switch m.Open {
	case 0:
		return "None is open any more."
	case 1:
		return "1 defect is open."
	}
	return fmt.Sprintf("%d defects are open.", m.Open)
}

// storm tells what a digest counts:
//
//	Storm: 214 defects on 180 streams since 12:00:01 UTC: no_signal 180, freeze 34
func storm(d *Digest) string {
	var text strings.Builder
	text.WriteString("Storm: " + count(d.Opened, "defect"))
	if d.Over > 0 {
		fmt.Fprintf(&text, " began and %d ended", d.Over)
	}
	fmt.Fprintf(&text, " on %s since %s UTC", count(d.Streams, "stream"), clock(d.Since.UTC(), false))
	kinds := slices.SortedFunc(maps.Keys(d.Kinds), func(a, b string) int {
		if by := d.Kinds[b] - d.Kinds[a]; by != 0 {
			return by
		}
		return strings.Compare(a, b)
	})
	separator := ":"
	for i, kind := range kinds {
		if i == kindLimit {
			text.WriteString(" and " + count(len(kinds)-i, "more kind"))
			break
		}
		fmt.Fprintf(&text, "%s %s %d", separator, clean(kind, nameLimit), d.Kinds[kind])
		separator = ","
	}
	return text.String()
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// badness orders changes: above 0 by severity while the defect goes on, below when it is over.
func badness(c *Change) int {
	if c.Over() {
		return slices.Index(severities, c.Event.Severity) - len(severities)
	}
	return slices.Index(severities, c.Event.Severity) + 1
}

// worst is the change of the worst defect that goes on, else of the worst that is over.
func (m *Message) worst() *Change {
	worst := &m.Changes[0]
	for i := range m.Changes {
		if badness(&m.Changes[i]) > badness(worst) {
			worst = &m.Changes[i]
		}
	}
	return worst
}

// clean is text from outside as one line of at most limit characters: without control characters, and without those that turn the direction of what
// follows.
func clean(text string, limit int) string {
	plain := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, text)
	return shorten(strings.Join(strings.Fields(plain), " "), limit)
}

// shorten cuts text to limit characters, of which the last say how many are missing.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	long := utf8.RuneCountInString(text)
	if long <= limit {
		return text
	}
	// The number of what is cut has no more digits than that of all.
	room := limit - utf8.RuneCountInString(fmt.Sprintf("… (%d characters cut)", long))
	if room < 0 {
		return first(text, limit)
	}
	return fmt.Sprintf("%s… (%d characters cut)", first(text, room), long-room)
}

// first is the first n characters of a text that has more.
func first(text string, n int) string {
	for at := range text {
		if n == 0 {
			return text[:at]
		}
		n--
	}
	return text
}

// Text is what receivers say of a message, as plain text.
func Text(m *Message) string {
	return strings.Join(append(news(m, len(m.Changes)), standing(m)), "\n")
}
