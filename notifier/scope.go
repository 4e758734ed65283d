package notifier

import (
	"errors"
	"slices"
	"strings"

	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"

	"github.com/framewatch/framewatch/schemas"
)

// Scope is what a silence's matchers match.
type Scope struct{ matchers labels.Matchers }

// NewScope reads matchers, each like name="value", with = != =~ or !~.
func NewScope(texts []string) (*Scope, error) {
	if _, err := matchersOf(texts); err != nil {
		return nil, err
	}
	s, everything := &Scope{}, true
	for _, text := range texts {
		m, err := compat.Matcher(text, "scope")
		if err != nil {
			return nil, err
		}
		s.matchers = append(s.matchers, m)
		everything = everything && m.Matches("")
	}
	if everything {
		return nil, errors.New("matchers: one of them at least must not match what has no such label: all else would be muted")
	}
	return s, nil
}

// Defect tells whether the defect is one of them.
func (s *Scope) Defect(ev *schemas.DefectEvent) bool {
	return s.matchers.Matches(labelsOf(ev, 0))
}

// Stream tells whether a defect of the stream may be one of them: what is only known of a defect is left open.
func (s *Scope) Stream(id string, of map[string]string) bool {
	for _, m := range s.matchers {
		if m.Name != labelStream && slices.Contains(ownLabels, m.Name) {
			continue
		}
		value := of[m.Name]
		if rest, ok := strings.CutPrefix(m.Name, "stream_"); ok && value == "" && slices.Contains(ownLabels, rest) {
			value = of[rest]
		}
		if m.Name == labelStream {
			value = id
		}
		if !m.Matches(value) {
			return false
		}
	}
	return true
}
