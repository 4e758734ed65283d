package source

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Eyevinn/hls-m3u8/m3u8"
)

// Bounds of a playlist's text in bytes, of what it lists, and of its target duration in seconds.
const (
	maxPlaylist = 4 << 20
	maxSegments = 100_000
	maxTarget   = 3600
)

// playlist is a media playlist as far as fetching needs it.
type playlist struct {
	target                  time.Duration
	sequence, discontinuity int64
	ended                   bool
	segments                []segment
}

// same tells that p lists what q lists.
func (p *playlist) same(q *playlist) bool {
	n := len(p.segments)
	return p.sequence == q.sequence && p.ended == q.ended && n == len(q.segments) && (n == 0 || p.segments[n-1].url == q.segments[n-1].url)
}

// segment is one entry. What an earlier tag says of all that follow, a key or an initialisation section, is told for each.
type segment struct {
	sequence      int64
	url           string
	part          span
	duration      time.Duration
	discontinuity bool
	gap           bool
	init          section
	key           key
}

// section is an fMP4 initialisation section; an empty url: none.
type section struct {
	url  string
	part span
}

// key is how a segment is encrypted; an empty method: not at all. An empty iv: the media sequence number.
type key struct{ method, url, iv string }

// variant is one entry of a master playlist.
type variant struct {
	url          string
	bandwidth    int64
	video, audio bool
	// demuxed tells that its sound is in a playlist of its own.
	demuxed bool
}

// isMaster tells a master playlist from a media playlist.
func isMaster(text []byte) bool { return bytes.Contains(text, []byte("\n#EXT-X-STREAM-INF:")) }

// parseMaster reads a master playlist; I-frame variants are left out.
func parseMaster(at *url.URL, text []byte) ([]variant, error) {
	p := m3u8.NewMasterPlaylist()
	if err := decode(p, text); err != nil {
		return nil, err
	}
	var variants []variant
	for _, v := range p.Variants {
		if v == nil || v.Iframe || v.URI == "" {
			continue
		}
		address, err := resolve(at, v.URI)
		if err != nil {
			return nil, err
		}
		out := variant{url: address, bandwidth: int64(v.Bandwidth)}
		out.video, out.audio = carries(v.Codecs)
		out.video = out.video || v.Resolution != ""
		own := slices.ContainsFunc(v.Alternatives, func(a *m3u8.Alternative) bool { return a.Type == "AUDIO" && a.URI == "" })
		if v.Audio != "" && len(v.Alternatives) > 0 && !own {
			out.audio, out.demuxed = false, true
		}
		variants = append(variants, out)
	}
	if len(variants) == 0 {
		return nil, errors.New("the master playlist lists no variant")
	}
	return variants, nil
}

// carries tells what a CODECS attribute names; both when it is absent.
func carries(codecs string) (video, audio bool) {
	if codecs == "" {
		return true, true
	}
	for _, c := range strings.Split(codecs, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(c), ".")
		switch strings.ToLower(name) {
		case "mp4a", "ac-3", "ec-3", "ac-4", "opus", "flac", "fLaC", "mp3", "alac":
			audio = true
		case "stpp", "wvtt":
		default:
			video = true
		}
	}
	return video, audio
}

// choose picks the variant to watch: one with pictures, then with sound of its own, then of the highest bandwidth, then the first.
func choose(variants []variant) variant {
	rank := func(v variant) int64 {
		r := v.bandwidth
		if v.audio {
			r += 1 << 40
		}
		if v.video {
			r += 1 << 41
		}
		return r
	}
	best := variants[0]
	for _, v := range variants[1:] {
		if rank(v) > rank(best) {
			best = v
		}
	}
	return best
}

// parseMedia reads a media playlist.
func parseMedia(at *url.URL, text []byte) (*playlist, error) {
	p, err := m3u8.NewMediaPlaylist(0, 1024)
	if err != nil {
		return nil, err
	}
	if err := decode(p, text); err != nil {
		return nil, err
	}
	out := &playlist{
		target: time.Duration(min(p.TargetDuration, maxTarget)) * time.Second, sequence: int64(p.SeqNo), discontinuity: int64(p.DiscontinuitySeq), ended: p.Closed,
	}
	var last segment
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
		out.segments = append(out.segments, last)
	}
	return out, nil
}

// next is s with what it inherits from the segment before.
func next(at *url.URL, before segment, s *m3u8.MediaSegment) (out segment, err error) {
	out = segment{
		duration: time.Duration(s.Duration * float64(time.Second)), discontinuity: s.Discontinuity, gap: s.Gap,
		init: before.init, key: before.key, part: span{s.Offset, s.Limit},
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
		out.init.part = span{s.Map.Offset, s.Map.Limit}
	}
	if len(s.Keys) > 0 {
		out.key, err = parseKey(at, s.Keys)
	}
	return out, err
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
	return key{}, fmt.Errorf("segments are encrypted with %q, which is not supported", k.Method)
}

// resolve is reference as seen from a playlist's address. Only HTTP is followed: a playlist must not name our files.
func resolve(at *url.URL, reference string) (string, error) {
	u, err := at.Parse(reference)
	if err != nil {
		return "", fmt.Errorf("the playlist names %q, which is no URL", Redact(reference))
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("the playlist names %q, which is not HTTP", Redact(reference))
	}
	return u.String(), nil
}

// used are the tags that fetching needs. The others are kept from the parser: v0.6.0 refuses a whole playlist for an SCTE-35
// date range after the last segment, and some malformed ones make it panic.
var used = []string{
	"#EXTM3U", "#EXTINF:", "#EXT-X-TARGETDURATION:", "#EXT-X-MEDIA-SEQUENCE:", "#EXT-X-DISCONTINUITY", "#EXT-X-ENDLIST", "#EXT-X-KEY:",
	"#EXT-X-MAP:", "#EXT-X-BYTERANGE:", "#EXT-X-GAP", "#EXT-X-STREAM-INF:", "#EXT-X-MEDIA:",
}

// decode parses text into p, leniently, as players do.
func decode(p m3u8.Playlist, text []byte) (err error) {
	defer func() {
		if r := recover(); r != nil { // a known weakness of the parser; the text is hostile
			err = fmt.Errorf("the playlist is malformed: %v", r)
		}
	}()
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !bytes.HasPrefix(text, []byte(playlistMark)) {
		return fmt.Errorf("the answer is no playlist: it does not begin with %s", playlistMark)
	}
	var kept bytes.Buffer
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("#")) || slices.ContainsFunc(used, func(tag string) bool { return bytes.HasPrefix(line, []byte(tag)) }) {
			kept.Write(plainRange(line))
		}
	}
	return p.DecodeFrom(&kept, false)
}

// plainRange takes the quotes off an EXT-X-MAP's BYTERANGE and completes it: the parser reads neither "n@o" in quotes nor n alone.
func plainRange(line []byte) []byte {
	if !bytes.HasPrefix(line, []byte("#EXT-X-MAP:")) {
		return line
	}
	before, rest, ok := strings.Cut(string(line), `BYTERANGE="`)
	if !ok {
		return line
	}
	value, after, _ := strings.Cut(rest, `"`)
	if !strings.Contains(value, "@") {
		value += "@0"
	}
	return []byte(before + "BYTERANGE=" + value + after)
}
