package source

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of the tags about cues: how many of a playlist are read, the bytes of one, and how many wait for the next segment that is to be had.
const (
	maxTags    = 4096
	maxTag     = 16 << 10
	maxWaiting = 64
)

// cueTag is a playlist's word on a cue of SCTE 35.
type cueTag struct {
	// message is the splice_info_section in it, nil when there is none.
	message []byte
	// out is whether it leads out of the network or back; nil when it is the message that says it, or nothing.
	out *bool
	// sequence is that of the segment at whose beginning it stands, here that this comes next: the time of the tag is known.
	sequence int64
	here     bool
	// name tells it from others of the stream.
	name string
}

// tagKinds are the tags about cues, with what they say of the way and the attributes that hold a message; "" is what stands behind the colon.
var tagKinds = []struct {
	tag      string
	out      *bool
	messages []string
}{
	{"#EXT-X-CUE-OUT-CONT", nil, []string{"SCTE35", "CUE"}},
	{"#EXT-X-CUE-OUT", &outward, []string{"SCTE35", "CUE"}},
	{"#EXT-X-CUE-IN", &homeward, []string{"SCTE35", "CUE"}},
	{"#EXT-OATCLS-SCTE35", nil, []string{""}},
	{"#EXT-X-SCTE35", nil, []string{"CUE"}},
}

var outward, homeward = true, false

// dateRangeCues are the attributes of EXT-X-DATERANGE that hold a message. (RFC 8216, 4.3.2.7.1.)
var dateRangeCues = []struct {
	attribute string
	out       *bool
}{{"SCTE35-OUT", &outward}, {"SCTE35-IN", &homeward}, {"SCTE35-CMD", nil}}

// tagsOf finds the tags about cues in a media playlist that was read as p. A tag belongs to the segment that follows it; an EXT-X-DATERANGE, which may
// stand anywhere, to the one that begins nearest to its time, if segments have dates.
func tagsOf(text []byte, p *playlist) (tags []cueTag) {
	sequence, announced := p.sequence, false
	for line := range bytes.Lines(text) {
		switch line = bytes.TrimSpace(line); {
		case len(tags) >= maxTags:
			return tags
		case len(line) == 0 || len(line) > maxTag:
		case line[0] != '#':
			if announced {
				sequence, announced = sequence+1, false
			}
		case bytes.HasPrefix(line, []byte("#EXTINF:")):
			announced = true
		case bytes.HasPrefix(line, []byte("#EXT-X-DATERANGE:")):
			tags = append(tags, dateRange(string(line), p, sequence)...)
		default:
			if t, ok := positioned(string(line), sequence); ok {
				tags = append(tags, t)
			}
		}
	}
	return tags
}

// positioned reads a tag that stands where it counts.
func positioned(line string, sequence int64) (t cueTag, ok bool) {
	tag, rest, _ := strings.Cut(line, ":")
	for _, k := range tagKinds {
		if tag != k.tag {
			continue
		}
		t = cueTag{out: k.out, sequence: sequence, name: strconv.FormatInt(sequence, 10) + line}
		values := attributes(rest)
		values[""] = rest
		for _, name := range k.messages {
			if t.message == nil {
				t.message = message(values[name])
			}
		}
		return t, true
	}
	return t, false
}

// dateRange reads what an EXT-X-DATERANGE says of cues. It is told by what it says and not by where it stands, since it stays while segments go.
func dateRange(line string, p *playlist, sequence int64) (tags []cueTag) {
	values := attributes(strings.TrimPrefix(line, "#EXT-X-DATERANGE:"))
	for _, c := range dateRangeCues {
		value, ok := values[c.attribute]
		if !ok {
			continue
		}
		t := cueTag{out: c.out, message: message(value), sequence: sequence, name: c.attribute + value + values["ID"] + values["START-DATE"]}
		if at, err := time.Parse(time.RFC3339Nano, values["START-DATE"]); err == nil {
			if c.out == &homeward {
				at = rangeEnd(at, values)
			}
			t.sequence = p.nearest(at, sequence)
		}
		tags = append(tags, t)
	}
	return tags
}

// rangeEnd is when a date range is over that begins at start; its start when it does not say.
func rangeEnd(start time.Time, values map[string]string) time.Time {
	if end, err := time.Parse(time.RFC3339Nano, values["END-DATE"]); err == nil {
		return end
	}
	seconds, _ := strconv.ParseFloat(values["DURATION"], 64)
	return start.Add(lasts(seconds))
}

// nearest is the sequence of the segment that begins nearest to a date, that of the next one to be listed when it lies beyond, and otherwise when
// segments have no dates.
func (p *playlist) nearest(date time.Time, otherwise int64) int64 {
	for _, s := range p.segments {
		if s.date.IsZero() {
			return otherwise
		}
		if !s.date.Add(s.duration / 2).Before(date) {
			return s.sequence
		}
	}
	if n := len(p.segments); n > 0 {
		return p.segments[n-1].next
	}
	return otherwise
}

// attributes reads an attribute list; what is malformed is passed over.
func attributes(text string) map[string]string {
	values := map[string]string{}
	for text != "" {
		var name, value string
		name, text, _ = strings.Cut(text, "=")
		if quoted, ok := strings.CutPrefix(text, `"`); ok {
			value, text, _ = strings.Cut(quoted, `"`)
			_, text, _ = strings.Cut(text, ",")
		} else {
			value, text, _ = strings.Cut(text, ",")
		}
		values[strings.TrimSpace(name)] = value
	}
	return values
}

// message is a splice_info_section in hexadecimal or base 64; nil when it is neither.
func message(text string) []byte {
	decode := base64.RawStdEncoding.DecodeString
	if digits, ok := strings.CutPrefix(strings.ToLower(text), "0x"); ok {
		text, decode = digits, hex.DecodeString
	}
	b, err := decode(strings.TrimRight(text, "="))
	if err != nil || len(b) == 0 {
		return nil
	}
	return b
}

// tagTeller is a writer that is told of the playlist's tags about cues, each before the segment that it belongs to.
type tagTeller interface {
	// Tag is told the splice_info_section in a tag, nil without one; whether it leads out of the network or back, nil when only the message can say
	// that; and whether its time is that of what is written next. All nil: there are such tags.
	Tag(message []byte, out *bool, here bool)
	// Missed is told that segments, and tags with them, left the list unseen.
	Missed()
}

// tags hands out a list's tags as its segments come: those of a segment that has been passed over with the next one.
type tags struct {
	// told are the names of those that were handed out and are still listed.
	told map[string]bool
	// last is the segment that was handed out last, begun that there is one.
	last  int64
	begun bool
}

// due are the tags up to segment s. Before the first segment it is told that there are tags, if there are, and nothing of those that lie before it.
func (t *tags) due(list []cueTag, s segment) (due []cueTag) {
	if t.begun && s.sequence <= t.last { // a list that begins anew
		*t = tags{}
	}
	told := map[string]bool{}
	if len(list) > 0 && !t.begun {
		due = append(due, cueTag{})
	}
	for _, c := range list {
		if c.sequence > s.sequence {
			continue
		}
		if !t.told[c.name] && !told[c.name] && (t.begun || c.sequence == s.sequence) {
			c.here = !t.begun || c.sequence > t.last
			due = append(due, c)
		}
		told[c.name] = true
	}
	t.told, t.last, t.begun = told, s.sequence, true
	return due
}

// announcement is what a writer is to be told of tags before a segment.
type announcement struct {
	missed bool
	tags   []cueTag
}

// add adds what is due; the oldest are forgotten when there are too many.
func (a *announcement) add(missed bool, due []cueTag) {
	a.missed = a.missed || missed
	a.tags = slices.Concat(a.tags, due)
	a.tags = a.tags[max(0, len(a.tags)-maxWaiting):]
}

// tell tells w, if it wants to know.
func (a announcement) tell(w any) {
	t, ok := w.(tagTeller)
	if !ok {
		return
	}
	if a.missed {
		t.Missed()
	}
	for _, c := range a.tags {
		t.Tag(c.message, c.out, c.here)
	}
}
