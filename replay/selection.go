package replay

import (
	"regexp"
	"slices"
	"strings"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// Selection is which records of a range are wanted; the zero value: all. Ticks of the features topic belong to every stream.
type Selection struct {
	// Streams are patterns of stream ids, of which one must fit: * stands for any text, ? for one character. None: every id fits.
	Streams []string `json:"streams,omitzero"`
	// Among are the ids of which it must be one besides; nil: any.
	Among []string `json:"among,omitzero"`
	// Begin and End bound the instants that features are about, in microseconds since the Unix epoch: not before Begin, before End. 0 bounds nothing.
	Begin int64 `json:"begin,omitzero"`
	End   int64 `json:"end,omitzero"`
}

// mostKnown bounds how many ids a Sieve remembers: whoever may write to the topic makes them up.
const mostKnown = 1 << 16

// Sieve tells which records of a topic are wanted. It belongs to one goroutine.
type Sieve struct {
	selection Selection
	patterns  []*regexp.Regexp
	among     map[string]bool
	// known ids, and whether they fit.
	known map[string]bool
	// admitted ids fit besides.
	admitted map[string]bool
	// features reads the values of the features topic; nil: it is another topic.
	features *schemas.Reader[schemas.Feature]
}

// NewSieve makes one for a topic. Streams can be told apart where they are the records' keys; media time only in the features topic.
func NewSieve(s Selection, topic *topology.Spec, c *schemas.Contract) *Sieve {
	sieve := &Sieve{selection: s, known: map[string]bool{}}
	for _, pattern := range s.Streams {
		quoted := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		sieve.patterns = append(sieve.patterns, regexp.MustCompile(`^(?s:`+quoted+`)$`))
	}
	if s.Among != nil {
		sieve.among = map[string]bool{}
		for _, id := range s.Among {
			sieve.among[id] = true
		}
	}
	if topic.Name == topology.Features.Name {
		sieve.features = schemas.NewReader(c, schemas.Features)
	}
	return sieve
}

// Wants tells whether the record is wanted. One that cannot be read is by its key alone.
func (s *Sieve) Wants(r Record) bool {
	anyStream, anyTime := s.patterns == nil && s.among == nil, s.selection.Begin == 0 && s.selection.End == 0
	if !anyStream && r.Key != nil && !s.stream(string(r.Key)) {
		return false
	}
	if anyTime && (anyStream || r.Key != nil) {
		return true
	}
	if s.features == nil {
		return false
	}
	f, err := s.features.Read(r.Value)
	if err != nil {
		return r.Key != nil
	}
	return (anyStream || f.Setting == nil || s.stream(f.Setting.Stream)) && (anyTime || s.within(f))
}

// stream tells whether the records of an id are wanted.
func (s *Sieve) stream(id string) bool { return s.admitted[id] || s.Chooses(id) }

// admit has the records of an id be wanted from now on; false: they have been.
func (s *Sieve) admit(id string) bool {
	if s.stream(id) || len(s.admitted) >= mostKnown {
		return false
	}
	if s.admitted == nil {
		s.admitted = map[string]bool{}
	}
	s.admitted[id] = true
	return true
}

// compares tells whether the setting's stream is compared with one whose records were passed over until now.
func (s *Sieve) compares(setting *schemas.Setting) bool {
	if setting.Expectations == nil || !strings.Contains(*setting.Expectations, "same_as") {
		return false
	}
	e, err := detector.ParseExpectations(*setting.Expectations)
	return err == nil && e.SameAs != "" && s.admit(e.SameAs)
}

// Chooses tells whether a stream's id fits the selection.
func (s *Sieve) Chooses(id string) bool {
	if s.patterns == nil && s.among == nil {
		return true
	}
	fits, known := s.known[id]
	if !known {
		fits = (s.among == nil || s.among[id]) &&
			(s.patterns == nil || slices.ContainsFunc(s.patterns, func(p *regexp.Regexp) bool { return p.MatchString(id) }))
		if len(s.known) >= mostKnown {
			clear(s.known)
		}
		s.known[id] = fits
	}
	return fits
}

// within tells whether the instant that a feature is about is within the bounds.
func (s *Sieve) within(f *schemas.Feature) bool {
	session, at := f.Origin()
	instant := session + at
	switch {
	case f.Tick != nil:
		instant = f.Tick.Time
	case f.Setting != nil:
		instant = f.Setting.Time
	}
	return instant >= s.selection.Begin && (s.selection.End == 0 || instant < s.selection.End)
}
