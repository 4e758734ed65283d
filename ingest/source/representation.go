package source

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// representation is one version of pictures or sound in one period.
type representation struct {
	id        string
	bandwidth int64
	base      *url.URL
	// segments says where they are, by template, list or index; media is the template of their URLs, empty in a list.
	segments *mpdSegments
	media    *pattern
	// timescale of times in ticks, offset the time stamp at the period's start.
	timescale, offset int64
	// number of the first segment.
	number int64
	init   section
	// indexed tells that a segment index in the resource tells where segments are.
	indexed bool
	// protection names what encrypts it, empty when it is not said to be encrypted.
	protection string
}

// newRepresentation brings together what an MPD says of r at all levels, from the outermost.
func newRepresentation(at *url.URL, r *mpdRepresentation, levels ...*mpdLevel) (*representation, error) {
	out := &representation{id: r.ID, bandwidth: numeral(r.Bandwidth, 0), base: at}
	var base, list, template *mpdSegments
	var err error
	for _, l := range levels {
		if out.base, err = based(out.base, l.BaseURLs); err != nil {
			return nil, err
		}
		base, list, template = merged(base, l.Base), merged(list, l.List), merged(template, l.Template)
	}
	switch {
	case template != nil:
		out.segments = template
		out.media, err = newPattern(template.Media, out.id, out.bandwidth)
	case list != nil:
		out.segments = list
	default:
		out.segments, out.indexed = merged(base, &mpdSegments{}), true
	}
	if err != nil {
		return nil, err
	}
	out.timescale = min(max(numeral(out.segments.Timescale, 1), 1), 1<<32-1)
	out.offset = min(max(numeral(out.segments.PresentationTimeOffset, 0), 0), 1<<60)
	out.number = min(max(numeral(out.segments.StartNumber, 1), 0), 1<<60)
	out.init, err = out.initialisation()
	return out, err
}

// initialisation is where the initialisation section is, if there is one.
func (r *representation) initialisation() (s section, err error) {
	switch e := r.segments.Initialization; {
	case r.segments.InitializationTemplate != "":
		p, err := newPattern(r.segments.InitializationTemplate, r.id, r.bandwidth)
		if err != nil {
			return s, err
		}
		s.url, err = resolve(r.base, p.expand(0, 0))
		return s, err
	case e != nil && (e.SourceURL != "" || e.Range != ""):
		s.url, err = resolve(r.base, e.SourceURL)
		s.part, _ = byteRange(e.Range)
	}
	return s, err
}

// address is where segment i with this number and time is.
func (r *representation) address(i, number, time int64) (string, span, error) {
	if r.media != nil {
		address, err := resolve(r.base, r.media.expand(number, time))
		return address, span{}, err
	}
	if i >= int64(len(r.segments.URLs)) {
		return "", span{}, errors.New("the MPD lists fewer segments than it tells times of")
	}
	u := r.segments.URLs[i]
	address, err := resolve(r.base, u.Media)
	part, _ := byteRange(u.MediaRange)
	return address, part, err
}

// numbered tells that segments are told apart by number, not by time.
func (r *representation) numbered() bool { return r.media == nil || r.media.numbered }

// pattern is a template of URLs (ISO/IEC 23009-1 section 5.3.9.4.4), the representation's identifiers put in.
type pattern struct {
	text     string
	numbered bool
}

var identifier = regexp.MustCompile(`\$([A-Za-z]*)(?:%0?(\d{0,2})d)?\$`)

func newPattern(text, id string, bandwidth int64) (*pattern, error) {
	p := &pattern{}
	var unknown error
	p.text = identifier.ReplaceAllStringFunc(text, func(found string) string {
		switch m := identifier.FindStringSubmatch(found); m[1] {
		case "RepresentationID":
			return strings.ReplaceAll(id, "$", "$$")
		case "Bandwidth":
			return padded(bandwidth, m[2])
		case "Number":
			p.numbered = true
			return found
		case "Time", "":
			return found
		default:
			unknown = fmt.Errorf("the MPD's template has the identifier %q, which is not supported", found)
			return found
		}
	})
	return p, unknown
}

// expand puts in the identifiers of one segment.
func (p *pattern) expand(number, time int64) string {
	return identifier.ReplaceAllStringFunc(p.text, func(found string) string {
		switch m := identifier.FindStringSubmatch(found); m[1] {
		case "Number":
			return padded(number, m[2])
		case "Time":
			return padded(time, m[2])
		}
		return "$"
	})
}

// padded is n with at least width digits.
func padded(n int64, width string) string {
	return fmt.Sprintf("%0*d", int(numeral(width, 1)), n)
}
