package source

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/Eyevinn/hls-m3u8/m3u8"
)

// used are the tags that fetching needs. The others are kept from the parser: v0.6.0 refuses a whole playlist for an SCTE-35
// date range after the last segment, and some malformed ones make it panic.
var used = []string{
	"#EXTM3U", "#EXTINF:", "#EXT-X-TARGETDURATION:", "#EXT-X-MEDIA-SEQUENCE:", "#EXT-X-DISCONTINUITY", "#EXT-X-ENDLIST", "#EXT-X-KEY:",
	"#EXT-X-MAP:", "#EXT-X-BYTERANGE:", "#EXT-X-GAP", "#EXT-X-STREAM-INF:", "#EXT-X-MEDIA:", "#EXT-X-PROGRAM-DATE-TIME:",
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
	for _, tag := range []string{"#EXT-X-STREAM-INF:", "#EXT-X-MEDIA:"} { // the parser joins each of the one with each of the other
		if bytes.Count(text, []byte(tag)) > maxVariants {
			return fmt.Errorf("the playlist has more than %d tags %s", maxVariants, strings.TrimRight(tag, ":"))
		}
	}
	var kept bytes.Buffer
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("#")) || slices.ContainsFunc(used, func(tag string) bool { return bytes.HasPrefix(line, []byte(tag)) }) {
			kept.Write(plainRange(line))
		}
	}
	return p.DecodeFrom(&kept, false)
}

// skipped is how many segments a delta update leaves out at its beginning. Nobody asks for one, but a cache may give what another was given.
func skipped(text []byte) int64 {
	_, rest, _ := bytes.Cut(text, []byte("\n#EXT-X-SKIP:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	n, _ := strconv.ParseInt(strings.TrimSpace(attributes(string(line[:min(len(line), maxTag)]))["SKIPPED-SEGMENTS"]), 10, 32)
	return max(n, 0)
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
