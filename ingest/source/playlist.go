package source

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/Eyevinn/hls-m3u8/m3u8"
)

// Bounds of a playlist's text in bytes, of what it lists, and of its target duration in seconds, and of its numbers.
const (
	maxPlaylist = 4 << 20
	maxSegments = 100_000
	maxTarget   = 3600
	maxSequence = 1 << 62
)

// playlist is a list of segments as far as fetching needs it.
type playlist struct {
	target time.Duration
	// delay is how far from the end of a live list a client begins.
	delay                   time.Duration
	sequence, discontinuity int64
	ended                   bool
	// closed tells that nothing can be joined to what an ended list leads to, itself included. What goes on behind it, with a decoder of
	// its own, does so at follows; 0: nothing does.
	closed  bool
	follows int64
	// length is how many segments there are, of which the oldest may be left out.
	length   int
	segments []segment
	// tags are those about cues. HLS.
	tags []cueTag
}

// same tells that p lists what q lists.
func (p *playlist) same(q *playlist) bool {
	n := len(p.segments)
	return p.sequence == q.sequence && p.ended == q.ended && n == len(q.segments) && (n == 0 || p.segments[n-1].url == q.segments[n-1].url && p.segments[n-1].part == q.segments[n-1].part)
}

// segment is one entry. What an earlier tag says of all that follow, a key or an initialisation section, is told for each.
type segment struct {
	// sequence is its place in the stream, next that of what follows it: numbers or times.
	sequence, next int64
	url            string
	part           span
	duration       time.Duration
	discontinuity  bool
	gap            bool
	// era is its discontinuity sequence number; date that of its beginning, zero when it is not told.
	era  int64
	date time.Time
	init section
	key  key
	// due is when a live segment is there at the earliest, by the list and the clock; zero when it is there once it is listed.
	due time.Time
	// protection names what encrypts it, as far as the list says.
	protection string
}

// section is an fMP4 initialisation section; an empty url: none.
type section struct {
	url  string
	part span
}

// key is how a segment is encrypted; an empty method: not at all. An empty iv: the media sequence number.
type key struct{ method, url, iv string }

// parseMedia reads a media playlist.
func parseMedia(at *url.URL, text []byte) (*playlist, error) {
	p, err := m3u8.NewMediaPlaylist(0, 1024)
	if err != nil {
		return nil, err
	}
	if err := decode(p, text); err != nil {
		return nil, err
	}
	if p.TargetDuration == 0 && p.Count() == 0 {
		return nil, errors.New("the playlist is no media playlist: it has no target duration")
	}
	out := &playlist{
		target: time.Duration(min(p.TargetDuration, maxTarget)) * time.Second, ended: p.Closed,
		sequence: int64(min(p.SeqNo, maxSequence)), discontinuity: int64(min(p.DiscontinuitySeq, maxSequence)),
	}
	out.sequence = min(out.sequence+skipped(text), maxSequence)
	out.delay = 3 * out.target // RFC 8216 section 6.3.3
	last := segment{era: out.discontinuity}
	for i, s := range p.Segments {
		if s == nil {
			break
		}
		if i == maxSegments {
			return nil, fmt.Errorf("the playlist lists more than %d segments", maxSegments)
		}
		if i == 0 && p.Map != nil && s.Map == nil {
			s.Map = p.Map
		}
		if last, err = next(at, last, s); err != nil {
			return nil, err
		}
		last.sequence = out.sequence + int64(i)
		last.next = last.sequence + 1
		out.segments = append(out.segments, last)
	}
	out.length = len(out.segments)
	out.tags = tagsOf(text, out)
	return out, nil
}

// next is s with what it inherits from the segment before.
func next(at *url.URL, before segment, s *m3u8.MediaSegment) (out segment, err error) {
	out = segment{
		duration: lasts(s.Duration), discontinuity: s.Discontinuity, gap: s.Gap,
		init: before.init, key: before.key, part: span{s.Offset, s.Limit}, era: before.era, date: s.ProgramDateTime,
	}
	if s.Discontinuity {
		out.era++
	}
	if out.date.IsZero() && !before.date.IsZero() {
		out.date = before.date.Add(before.duration)
	}
	if out.part.offset < 0 || out.part.length < 0 {
		return out, fmt.Errorf("the playlist has a byte range of %d from %d", out.part.length, out.part.offset)
	}
	if out.url, err = resolve(at, s.URI); err != nil {
		return out, err
	}
	if out.part.length > 0 && out.part.offset == 0 && out.url == before.url && before.part.length > 0 {
		out.part.offset = before.part.offset + before.part.length // no offset: it goes on where the last one ended
	}
	if s.Map != nil {
		if out.init.url, err = resolve(at, s.Map.URI); err != nil {
			return out, err
		}
		if out.init.part = (span{s.Map.Offset, s.Map.Limit}); s.Map.Offset < 0 || s.Map.Limit < 0 {
			return out, fmt.Errorf("the playlist has an initialisation section of %d bytes from %d", s.Map.Limit, s.Map.Offset)
		}
	}
	if len(s.Keys) > 0 {
		out.key, err = parseKey(at, s.Keys)
	}
	return out, err
}

// lasts is a duration in seconds within bounds.
func lasts(seconds float64) time.Duration {
	if !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, maxTarget) * float64(time.Second))
}

// parseKey picks the key that can be fetched plainly from those offered for a segment.
func parseKey(at *url.URL, keys []m3u8.Key) (key, error) {
	k := keys[0]
	for _, candidate := range keys {
		if candidate.Keyformat == "" || candidate.Keyformat == "identity" {
			k = candidate
			break
		}
	}
	switch k.Method {
	case "NONE":
		return key{}, nil
	case "AES-128":
		address, err := resolve(at, k.URI)
		return key{k.Method, address, k.IV}, err
	}
	return key{}, fmt.Errorf("segments are encrypted with %s, which is not supported", quoted(k.Method, 40))
}

// quoted is a text from outside for an error, whole or not at all: half a secret that it may hold would not be known for one.
func quoted(text string, most int) string {
	if len(text) > most {
		return fmt.Sprintf("a text of %d bytes", len(text))
	}
	return strconv.Quote(text)
}

// resolve is reference as seen from a playlist's address. Only HTTP is followed: a playlist must not name our files.
func resolve(at *url.URL, reference string) (string, error) {
	u, err := at.Parse(reference)
	if err != nil {
		return "", fmt.Errorf("the playlist names %s, which is no URL", quoted(new(redaction).reference(reference), 200))
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("the playlist names %s, which is not HTTP", quoted(new(redaction).reference(reference), 200))
	}
	return u.String(), nil
}
