package source

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// presentation is an MPD understood. Times are microseconds since 1970, or since its start when it does not say when it began.
type presentation struct {
	live bool
	// begin is availabilityStartTime; 0 when there is none.
	begin int64
	// update is how often a live MPD is to be loaded again, -1 when it does not say; depth how far its list reaches back, -1 for ever;
	// delay how far behind the live edge a client shall be.
	update, depth, delay int64
	periods              []period
	timings              []descriptor
	location             string
}

// period is one part of a presentation. Its tracks are the pictures and, when it comes in a container of its own, the sound; sound alone is
// the only track.
type period struct {
	key        string
	start, end int64
	// open tells that its end is not known: end is then maxMoment.
	open     bool
	tracks   []*representation
	variants int
	// lacking is why it has no tracks.
	lacking error
}

// present understands what m, found at, says. A live stream that has ended needs not say any more when it began: begin tells.
func present(at *url.URL, m *mpd, begin int64) (*presentation, error) {
	base, err := based(at, m.BaseURLs)
	if err != nil {
		return nil, err
	}
	p := &presentation{live: m.Type == "dynamic", timings: m.UTCTimings, update: -1, depth: -1}
	if told, ok := moment(m.AvailabilityStartTime); ok {
		begin = told
	} else if p.live {
		return nil, errors.New("the MPD of a live stream has no availabilityStartTime")
	}
	p.begin = begin
	for _, f := range []struct {
		to   *int64
		text string
	}{{&p.update, m.MinimumUpdatePeriod}, {&p.depth, m.TimeShiftBufferDepth}, {&p.delay, m.SuggestedPresentationDelay}} {
		if d, ok := duration(f.text); ok {
			*f.to = d
		}
	}
	if len(m.Locations) > 0 {
		if p.location, err = resolve(at, strings.TrimSpace(m.Locations[0])); err != nil {
			return nil, err
		}
	}
	for i, next := range times(m) {
		d := &m.Periods[next.index]
		next.key = fmt.Sprint(begin, " ", cmp.Or(d.ID, fmt.Sprint(next.start)))
		next.start += begin
		if !next.open {
			next.end += begin
		}
		next.tracks, next.variants, next.lacking = choice(base, m, d)
		if i > 0 && next.start < p.periods[i-1].start {
			return nil, errors.New("the MPD's periods are in no order")
		}
		p.periods = append(p.periods, next.period)
	}
	if len(p.periods) == 0 {
		return nil, errors.New("the MPD has no period that has begun or will")
	}
	return p, nil
}

// timed is a period that has its times, by its index in the MPD.
type timed struct {
	period
	index int
}

// times tells when periods begin and end (ISO/IEC 23009-1 section 5.3.2.1). One that is elsewhere (XLink), and one of a live stream
// whose start is not known yet, are passed over.
func times(m *mpd) (out []timed) {
	end, known := int64(0), m.Type != "dynamic"
	for i, p := range m.Periods {
		start, told := duration(p.Start)
		if !told {
			start, told = end, known
		}
		length, ok := duration(p.Duration)
		end, known = start+length, ok && told
		if len(out) > 0 && told && out[len(out)-1].open {
			out[len(out)-1].end, out[len(out)-1].open = start, false
		}
		if !told || p.Href != "" && len(p.Sets) == 0 {
			continue
		}
		t := timed{period{start: start, end: end, open: !known}, i}
		if t.open {
			t.end = maxMoment
		}
		out = append(out, t)
	}
	total, ok := duration(m.MediaPresentationDuration)
	if last := len(out) - 1; ok && last >= 0 && out[last].open {
		out[last].end, out[last].open = max(total, out[last].start), false
	}
	return out
}

// origin is when the time stamp 0 of a track would be presented.
func (p *period) origin(track int) int64 {
	r := p.tracks[track]
	return p.start - scaled(r.offset, r.timescale)
}

// continues tells that time stamps and pictures go on from p into next without a break.
func (p *period) continues(next *period) bool {
	return near(p.end, next.start) && near(p.origin(0), next.origin(0))
}

// joins tells that next can be played in the decoder of p: from the same initialisation sections, with sound and pictures as far apart.
func (p *period) joins(next *period) bool {
	if p.open || len(p.tracks) == 0 || len(p.tracks) != len(next.tracks) {
		return false
	}
	for i, r := range p.tracks {
		n := next.tracks[i]
		if r.init.url == "" || r.init != n.init || r.indexed || n.indexed || !near(p.origin(i)-p.origin(0), next.origin(i)-next.origin(0)) {
			return false
		}
	}
	return true
}

// near tells whether two moments are the same but for rounding.
func near(a, b int64) bool { return -1000 <= a-b && a-b <= 1000 }

// groups are the periods, those together that can be played in one decoder.
func (p *presentation) groups() (out [][]period) {
	first := 0
	for i := range p.periods {
		if i+1 == len(p.periods) || !p.periods[i].joins(&p.periods[i+1]) {
			out = append(out, p.periods[first:i+1])
			first = i + 1
		}
	}
	return out
}

// candidate is a representation that may be chosen.
type candidate struct {
	set            *mpdSet
	representation *mpdRepresentation
	video, audio   bool
}

// choice picks the pictures of the highest bandwidth, and unless they carry sound the main or the first sound.
func choice(base *url.URL, m *mpd, p *mpdPeriod) (tracks []*representation, variants int, err error) {
	var pictures, sounds []candidate
	lacking := errors.New("the MPD offers no pictures and no sound")
	for i := range p.Sets {
		set := &p.Sets[i]
		for j := range set.Representations {
			c := newCandidate(set, &set.Representations[j])
			switch e := strange(set.EssentialProperties, c.representation.EssentialProperties); {
			case c.representation.DependencyID != "" || set.Href != "":
			case !c.video && !c.audio:
			case e != "":
				lacking = errors.New("the MPD offers no pictures and no sound without the property " + e + ", which is not supported")
			case c.video:
				pictures = append(pictures, c)
			default:
				sounds = append(sounds, c)
			}
		}
	}
	chosen := sounds
	if len(pictures) > 0 {
		best := slices.MaxFunc(pictures, byBandwidth)
		chosen = []candidate{best}
		if s := defaultSound(sounds); s != nil && !best.audio {
			chosen = append(chosen, *s)
		}
	} else if s := defaultSound(sounds); s != nil {
		chosen = []candidate{*s}
	}
	for _, c := range chosen {
		r, err := newRepresentation(base, c.representation, &p.mpdLevel, &c.set.mpdLevel, &c.representation.mpdLevel)
		if err != nil {
			return nil, 0, err
		}
		r.protection = protection(m.ContentProtections, c.set.ContentProtections, c.representation.ContentProtections)
		tracks = append(tracks, r)
	}
	if len(tracks) == 0 {
		return nil, 0, lacking
	}
	return tracks, max(len(pictures), 1), nil
}

func newCandidate(set *mpdSet, r *mpdRepresentation) candidate {
	kind, _, _ := strings.Cut(cmp.Or(r.MimeType, set.MimeType, set.ContentType), "/")
	c := candidate{set: set, representation: r}
	codecs := cmp.Or(r.Codecs, set.Codecs)
	switch {
	case kind == "audio":
		c.audio = true
	case kind == "video":
		c.video = true
		if codecs != "" {
			_, c.audio = carries(codecs)
		}
	case kind == "" && codecs != "":
		c.video, c.audio = carries(codecs)
	}
	return c
}

func byBandwidth(a, b candidate) int {
	return cmp.Compare(numeral(a.representation.Bandwidth, 0), numeral(b.representation.Bandwidth, 0))
}

// defaultSound is the best of the adaptation set that is marked as main, otherwise of the first; nil when there is none.
func defaultSound(sounds []candidate) *candidate {
	if len(sounds) == 0 {
		return nil
	}
	set := sounds[0].set
	if i := slices.IndexFunc(sounds, func(c candidate) bool { return hasRole(c.set, "main") }); i >= 0 {
		set = sounds[i].set
	}
	of := slices.DeleteFunc(slices.Clone(sounds), func(c candidate) bool { return c.set != set })
	best := slices.MaxFunc(of, byBandwidth)
	return &best
}

func hasRole(set *mpdSet, role string) bool {
	return slices.ContainsFunc(set.Roles, func(d descriptor) bool { return d.Value == role })
}

// harmless are the essential properties that need nothing of us: what colours mean (ISO/IEC 23001-8) the codec tells as well.
const harmless = "urn:mpeg:mpegb:cicp:"

// strange is the first essential property that we do not know; who does not know one must not use what has it (section 5.8.4.8). Trick play
// is among them.
func strange(properties ...[]descriptor) string {
	for _, d := range slices.Concat(properties...) {
		if !strings.HasPrefix(strings.ToLower(d.Scheme), harmless) {
			return d.Scheme
		}
	}
	return ""
}

// systems are well-known DRM systems by their UUID.
var systems = map[string]string{
	"edef8ba9-79d6-4ace-a3c8-27dcd51d21ed": "Widevine", "9a04f079-9840-4286-ab92-e65be0885f95": "PlayReady",
	"94ce86fb-07ff-4f43-adb8-93d2fa968ca2": "FairPlay", "e2719d58-a985-b3c9-781a-b030af78d30e": "ClearKey",
	"1077efec-c0b2-4d02-ace3-3c1e52e2fb4b": "ClearKey", "5e629af5-38da-4063-8977-97ffbd9902d4": "Marlin",
}

// protection names the schemes and systems of ContentProtection, as "cenc, Widevine".
func protection(of ...[]descriptor) string {
	var names []string
	for _, d := range slices.Concat(of...) {
		scheme := strings.ToLower(d.Scheme)
		name := cmp.Or(systems[strings.TrimPrefix(scheme, "urn:uuid:")], d.Scheme)
		if scheme == "urn:mpeg:dash:mp4protection:2011" {
			name = cmp.Or(d.Value, "mp4protection")
		}
		if name = name[:min(len(name), 60)]; name != "" && !slices.Contains(names, name) && len(names) < 8 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
