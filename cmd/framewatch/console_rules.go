package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// fromAPI marks records that the console wrote.
const fromAPI = "api"

// rulebook is the view of the streams and profiles topics by which the console tells which rules hold. It is safe for concurrent use.
type rulebook struct {
	mu       sync.Mutex
	streams  *table[schemas.StreamSpec]
	profiles map[string]versioned
}

// versioned is a profile and its version: where its record stands on the log, counted from 1. Of one that was taken away the profile is nil.
type versioned struct {
	*schemas.Profile
	version int64
}

func newRulebook() *rulebook {
	return &rulebook{streams: newTable[schemas.StreamSpec](), profiles: map[string]versioned{}}
}

// stream takes one record of the streams topic, and tells what the stream is now; nil: it is not monitored.
func (b *rulebook) stream(r topology.Record[schemas.StreamSpec]) *schemas.StreamSpec {
	b.mu.Lock()
	defer b.mu.Unlock()
	spec, _ := b.streams.take(r)
	return spec
}

// profile takes one record of the profiles topic, which may have been taken before.
func (b *rulebook) profile(r topology.Record[schemas.Profile]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if version := r.Offset + 1; b.profiles[r.Key].version < version {
		b.profiles[r.Key] = versioned{r.Value, version}
	}
}

// now is what the topics say now.
func (b *rulebook) now() *ruling {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := &ruling{streams: b.streams.all(), profiles: maps.Clone(b.profiles), selectors: selectors{}}
	for name, p := range f.profiles {
		if p.Profile == nil {
			delete(f.profiles, name)
			continue
		}
		f.read(name)
	}
	return f
}

// ruling is which rules hold at an instant.
type ruling struct {
	streams   map[string]*schemas.StreamSpec
	profiles  map[string]versioned
	selectors selectors
}

// read reads the selector of a profile. One that cannot be read, which nothing lets through, selects nothing.
func (f *ruling) read(name string) {
	delete(f.selectors, name)
	if s, err := newSelector(f.profiles[name].Profile); err == nil {
		f.selectors[name] = s
	}
}

// with is the same with another profile of that name.
func (f *ruling) with(name string, p *schemas.Profile) *ruling {
	other := &ruling{f.streams, maps.Clone(f.profiles), maps.Clone(f.selectors)}
	other.profiles[name] = versioned{Profile: p}
	other.read(name)
	return other
}

// governed are the ids of the streams that have a profile.
func (f *ruling) governed(name string) map[string]bool {
	ids := map[string]bool{}
	for id, spec := range f.streams {
		if f.selectors.choose(spec).profile == name {
			ids[id] = true
		}
	}
	return ids
}

// shownProfiles are all of them for the console, in order of name; the default is always among them.
func (b *rulebook) shownProfiles() []console.Profile {
	f := b.now()
	streams := map[string]int{}
	for _, spec := range f.streams {
		streams[f.selectors.choose(spec).profile]++
	}
	if _, there := f.profiles[defaultProfile]; !there {
		f.profiles[defaultProfile] = versioned{Profile: &schemas.Profile{Rules: "{}"}}
	}
	var all []console.Profile
	for _, name := range slices.Sorted(maps.Keys(f.profiles)) {
		p := shownProfile(name, f.profiles[name])
		p.Streams = streams[name]
		all = append(all, p)
	}
	return all
}

// shownProfile is a profile as the API has it.
func shownProfile(name string, p versioned) console.Profile {
	shown := console.Profile{Name: name, Version: p.version, Origin: p.Origin}
	shown.Matchers, shown.Rules = []string{}, map[string]map[string]any{}
	if s, err := newSelector(p.Profile); err != nil {
		shown.Problem = err.Error()
	} else {
		shown.Priority = s.priority
		for _, m := range s.matchers {
			shown.Matchers = append(shown.Matchers, m.String())
		}
	}
	err := yaml.Unmarshal([]byte(p.Rules), &shown.Rules)
	if err == nil {
		_, err = detector.EffectiveRules([]byte(p.Rules))
	}
	if err != nil {
		shown.Problem = err.Error()
	}
	return shown
}

// rulesOf tells a user of the console what decides about a stream.
func (b *rulebook) rulesOf(id string) (e console.EffectiveRules, err error) {
	f := b.now()
	spec := f.streams[id]
	if spec == nil {
		return e, console.Refusal{Reason: "there is no such stream", Status: http.StatusNotFound}
	}
	c := f.selectors.choose(spec)
	e = console.EffectiveRules{Stream: id, Profile: c.profile, Because: c.reason(), AlsoFit: append([]string{}, c.fit...), Differs: []console.Differing{}}
	if err := c.conflict(); err != nil {
		e.Conflict = err.Error()
	}
	options := ""
	if p, there := f.profiles[c.profile]; there {
		options = p.Rules
	} else if c.named {
		e.Conflict = fmt.Sprintf("there is no profile %q: the documented defaults hold", c.profile)
	}
	text, err := detector.EffectiveRules([]byte(options))
	if err != nil {
		return e, console.Refusal{Reason: fmt.Sprintf("profile %q: %v", c.profile, err), Status: http.StatusConflict}
	}
	if err := yaml.Unmarshal([]byte(text), &e.Rules); err != nil {
		return e, err
	}
	e.Differs = append(e.Differs, differing(e.Rules)...)
	return e, nil
}

// differing are the options that are not as documented, in order of kind and name.
func differing(rules map[string]map[string]any) (all []console.Differing) {
	for _, r := range shownRules() {
		for _, o := range r.Options {
			if value := rules[r.Kind][o.Name]; !alike(value, o.Default) {
				all = append(all, console.Differing{Kind: r.Kind, Name: o.Name, Value: value, Default: o.Default})
			}
		}
	}
	return all
}

// alike tells whether two values are the same once they are written.
func alike(x, y any) bool {
	var a, b any
	for _, one := range []struct {
		v    any
		into *any
	}{{x, &a}, {y, &b}} {
		if text, err := json.Marshal(one.v); err != nil || json.Unmarshal(text, one.into) != nil {
			return false
		}
	}
	return reflect.DeepEqual(a, b)
}

// shownRules are the rules as the API has them. They do not change.
var shownRules = sync.OnceValue(func() (all []console.Rule) {
	for _, m := range rule.Manuals() {
		r := console.Rule{Kind: m.Kind, Doc: m.Doc, Unit: m.Unit, Parents: append([]string{}, m.Parents...)}
		for _, o := range m.Options {
			r.Options = append(r.Options, console.RuleOption{Name: o.Name, Type: o.Type, Unit: o.Unit, Doc: o.Doc, Default: o.Default, Choices: o.Choices, Least: o.Least, Most: o.Most})
		}
		all = append(all, r)
	}
	return all
})
