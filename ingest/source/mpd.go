package source

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// maxPeriods and maxSets bound the periods of an MPD and the adaptation sets of a period.
const (
	maxPeriods = 2000
	maxSets    = 200
)

// mpd is a Media Presentation Description (ISO/IEC 23009-1 section 5.3) as far as fetching needs it. Values stay the text that they are, so
// that one which is malformed spoils only what it is needed for: github.com/Eyevinn/dash-mpd v0.13.0 refuses an MPD of a live server for
// minBufferTime="1.5".
type mpd struct {
	Type                       string       `xml:"type,attr"`
	AvailabilityStartTime      string       `xml:"availabilityStartTime,attr"`
	MediaPresentationDuration  string       `xml:"mediaPresentationDuration,attr"`
	MinimumUpdatePeriod        string       `xml:"minimumUpdatePeriod,attr"`
	TimeShiftBufferDepth       string       `xml:"timeShiftBufferDepth,attr"`
	SuggestedPresentationDelay string       `xml:"suggestedPresentationDelay,attr"`
	BaseURLs                   []string     `xml:"BaseURL"`
	Locations                  []string     `xml:"Location"`
	UTCTimings                 []descriptor `xml:"UTCTiming"`
	ContentProtections         []descriptor `xml:"ContentProtection"`
	Periods                    []mpdPeriod  `xml:"Period"`
}

type mpdPeriod struct {
	Href     string `xml:"http://www.w3.org/1999/xlink href,attr"`
	ID       string `xml:"id,attr"`
	Start    string `xml:"start,attr"`
	Duration string `xml:"duration,attr"`
	mpdLevel
	Sets []mpdSet `xml:"AdaptationSet"`
}

type mpdSet struct {
	Href        string       `xml:"http://www.w3.org/1999/xlink href,attr"`
	ContentType string       `xml:"contentType,attr"`
	Roles       []descriptor `xml:"Role"`
	mpdCommon
	mpdLevel
	Representations []mpdRepresentation `xml:"Representation"`
}

type mpdRepresentation struct {
	ID           string `xml:"id,attr"`
	Bandwidth    string `xml:"bandwidth,attr"`
	DependencyID string `xml:"dependencyId,attr"`
	mpdCommon
	mpdLevel
}

// mpdCommon is what an adaptation set says for all its representations, or each for itself.
type mpdCommon struct {
	MimeType            string       `xml:"mimeType,attr"`
	Codecs              string       `xml:"codecs,attr"`
	ContentProtections  []descriptor `xml:"ContentProtection"`
	EssentialProperties []descriptor `xml:"EssentialProperty"`
}

// mpdLevel is what periods, sets and representations can all say of where segments are; what stands further inside goes before.
type mpdLevel struct {
	BaseURLs []string     `xml:"BaseURL"`
	Base     *mpdSegments `xml:"SegmentBase"`
	List     *mpdSegments `xml:"SegmentList"`
	Template *mpdSegments `xml:"SegmentTemplate"`
}

// mpdSegments is any of SegmentBase, SegmentList and SegmentTemplate.
type mpdSegments struct {
	Timescale              string       `xml:"timescale,attr"`
	PresentationTimeOffset string       `xml:"presentationTimeOffset,attr"`
	Duration               string       `xml:"duration,attr"`
	StartNumber            string       `xml:"startNumber,attr"`
	EndNumber              string       `xml:"endNumber,attr"`
	IndexRange             string       `xml:"indexRange,attr"`
	Media                  string       `xml:"media,attr"`
	InitializationTemplate string       `xml:"initialization,attr"`
	Initialization         *mpdURL      `xml:"Initialization"`
	Timeline               *mpdTimeline `xml:"SegmentTimeline"`
	URLs                   []mpdURL     `xml:"SegmentURL"`
}

type mpdURL struct {
	SourceURL  string `xml:"sourceURL,attr"`
	Range      string `xml:"range,attr"`
	Media      string `xml:"media,attr"`
	MediaRange string `xml:"mediaRange,attr"`
}

type mpdTimeline struct {
	S []struct {
		T string `xml:"t,attr"`
		D string `xml:"d,attr"`
		R string `xml:"r,attr"`
	} `xml:"S"`
}

type descriptor struct {
	Scheme string `xml:"schemeIdUri,attr"`
	Value  string `xml:"value,attr"`
}

// parseMPD reads an MPD's text.
func parseMPD(text []byte) (*mpd, error) {
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff")))
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if c := strings.ToLower(charset); c == "us-ascii" || c == "ascii" {
			return in, nil
		}
		return nil, fmt.Errorf("the character set %q is not supported", charset)
	}
	var m struct {
		XMLName xml.Name
		mpd
	}
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("the MPD is malformed: %w", err)
	}
	if m.XMLName.Local != "MPD" {
		return nil, fmt.Errorf("the answer is no MPD: it is XML of %q", m.XMLName.Local)
	}
	if n := len(m.Periods); n > maxPeriods {
		return nil, fmt.Errorf("the MPD has %d periods, more than %d", n, maxPeriods)
	}
	for _, p := range m.Periods {
		if n := len(p.Sets); n > maxSets {
			return nil, fmt.Errorf("a period of the MPD has %d adaptation sets, more than %d", n, maxSets)
		}
	}
	return &m.mpd, nil
}

// merged is inner with what it does not say itself taken from outer. Either may be nil.
func merged(outer, inner *mpdSegments) *mpdSegments {
	if outer == nil || inner == nil {
		if inner != nil {
			return inner
		}
		return outer
	}
	out := *inner
	for _, field := range []struct{ to, from *string }{
		{&out.Timescale, &outer.Timescale}, {&out.PresentationTimeOffset, &outer.PresentationTimeOffset}, {&out.Duration, &outer.Duration},
		{&out.StartNumber, &outer.StartNumber}, {&out.EndNumber, &outer.EndNumber}, {&out.IndexRange, &outer.IndexRange},
		{&out.Media, &outer.Media}, {&out.InitializationTemplate, &outer.InitializationTemplate},
	} {
		if *field.to == "" {
			*field.to = *field.from
		}
	}
	if out.Initialization == nil {
		out.Initialization = outer.Initialization
	}
	if out.Timeline == nil {
		out.Timeline = outer.Timeline
	}
	if out.URLs == nil {
		out.URLs = outer.URLs
	}
	return &out
}

// based is at seen through the first of the base URLs, if there is any.
func based(at *url.URL, bases []string) (*url.URL, error) {
	if len(bases) == 0 {
		return at, nil
	}
	address, err := resolve(at, strings.TrimSpace(bases[0]))
	if err != nil {
		return nil, err
	}
	return url.Parse(address)
}
