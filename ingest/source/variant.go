package source

import (
	"bytes"
	"errors"
	"net/url"
	"strings"

	"github.com/Eyevinn/hls-m3u8/m3u8"
)

// maxVariants bounds the variants of a master playlist, and their renditions.
const maxVariants = 1000

// variant is one entry of a master playlist.
type variant struct {
	url          string
	bandwidth    int64
	video, audio bool
	// sound is the playlist that its sound is in, empty when it comes with the pictures, or there is none.
	sound string
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
		if a := chooseSound(v); a != nil && a.URI != "" {
			if out.sound, err = resolve(at, a.URI); err != nil {
				return nil, err
			}
			out.audio = true
		}
		variants = append(variants, out)
	}
	if len(variants) == 0 {
		return nil, errors.New("the master playlist lists no variant")
	}
	return variants, nil
}

// chooseSound picks the rendition of a variant's sound that a player without preferences would: the one marked DEFAULT, then one marked
// AUTOSELECT, then the first. nil: there are none. (RFC 8216, 4.3.4.1.)
func chooseSound(v *m3u8.Variant) (best *m3u8.Alternative) {
	rank := func(a *m3u8.Alternative) int {
		switch {
		case a == nil:
			return 0
		case a.Default:
			return 3
		case a.Autoselect:
			return 2
		}
		return 1
	}
	for _, a := range v.Alternatives {
		if a.Type == "AUDIO" && a.GroupId == v.Audio && rank(a) > rank(best) {
			best = a
		}
	}
	return best
}

// carries tells what a CODECS attribute names; both when it is absent.
func carries(codecs string) (video, audio bool) {
	if codecs == "" {
		return true, true
	}
	for _, c := range strings.Split(codecs, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(c), ".")
		switch strings.ToLower(name) {
		case "mp4a", "ac-3", "ec-3", "ac-4", "opus", "flac", "mp3", "alac":
			audio = true
		case "stpp", "wvtt":
		default:
			video = true
		}
	}
	return video, audio
}

// choose picks the variant to watch: one with pictures, then with sound, then of the highest bandwidth, then the first.
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
