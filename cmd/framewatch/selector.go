package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/framewatch/framewatch/schemas"
)

// defaultProfile is the profile of streams that no other one fits; without a record of that name the rules' documented defaults hold.
const defaultProfile = "default"

// selector says which streams a profile applies to: those that fulfil all of its conditions. Of several that fit, the one of the highest priority
// applies, of those the one with the most conditions. Two that are equal in both are a conflict; then the first by name applies.
type selector struct {
	matchers []matcher
	priority int32
}

// newSelector is the selector of a profile. One that cannot be read fits nothing.
func newSelector(p *schemas.Profile) (selector, error) {
	var s selector
	for _, name := range slices.Sorted(maps.Keys(p.Selector)) {
		s.matchers = append(s.matchers, matcher{name: name, operator: "=", value: p.Selector[name]})
	}
	if p.Matchers != nil {
		for _, text := range *p.Matchers {
			m, err := parseMatcher(text)
			if err != nil {
				return selector{}, err
			}
			s.matchers = append(s.matchers, m)
		}
	}
	if p.Priority != nil {
		s.priority = *p.Priority
	}
	return s, nil
}

// fits tells whether the profile applies to such a stream, if it is the best that does. One without conditions is only named.
func (s selector) fits(labels map[string]string) bool {
	return len(s.matchers) > 0 && !slices.ContainsFunc(s.matchers, func(m matcher) bool { return !m.fits(labels) })
}

// better than another that fits too is positive, worse negative, 0 a conflict.
func (s selector) better(other selector) int {
	if s.priority != other.priority {
		return int(s.priority) - int(other.priority)
	}
	return len(s.matchers) - len(other.matchers)
}

func (s selector) String() string {
	texts := make([]string, len(s.matchers))
	for i, m := range s.matchers {
		texts[i] = m.String()
	}
	return "{" + strings.Join(texts, ", ") + "}"
}

// selectors are those of all profiles, by name.
type selectors map[string]selector

// choice is the profile of a stream and why.
type choice struct {
	profile string
	// named says that the stream names it; else by is the selector that won, without conditions when none fits.
	named bool
	by    selector
	// fit are the other profiles that fit, in order of name; tied are those of them that fit as well as the one chosen.
	fit, tied []string
}

// choose finds the profile of a stream.
func (all selectors) choose(spec *schemas.StreamSpec) choice {
	if spec.Profile != "" {
		return choice{profile: spec.Profile, named: true}
	}
	c := choice{profile: defaultProfile}
	var fit []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name]
		if !s.fits(spec.Labels) {
			continue
		}
		fit = append(fit, name)
		if len(fit) == 1 || s.better(c.by) > 0 {
			c.profile, c.by = name, s
		}
	}
	for _, name := range fit {
		if name == c.profile {
			continue
		}
		c.fit = append(c.fit, name)
		if all[name].better(c.by) == 0 {
			c.tied = append(c.tied, name)
		}
	}
	return c
}

// conflict is an error where it is not clear which profile is the stream's.
func (c choice) conflict() error {
	if len(c.tied) == 0 {
		return nil
	}
	return fmt.Errorf("the profiles %q and %q fit it equally well: give one of them a priority, or name the stream's profile", c.profile, c.tied[0])
}

// reason is a sentence on why the profile is the stream's.
func (c choice) reason() string {
	switch {
	case c.named:
		return "the stream names it"
	case len(c.by.matchers) == 0:
		return "no profile's selector fits"
	}
	return fmt.Sprintf("its selector %s fits (priority %d, %d conditions)", c.by, c.by.priority, len(c.by.matchers))
}
