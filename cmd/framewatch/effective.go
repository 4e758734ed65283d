package main

import (
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/schemas"
)

// effective is all that decides about one stream, as it is printed.
type effective struct {
	Stream  string            `yaml:"stream"`
	URL     string            `yaml:"url"`
	Labels  map[string]string `yaml:"labels"`
	Lane    string            `yaml:"lane"`
	Origin  string            `yaml:"origin,omitempty"`
	Profile string            `yaml:"profile"`
	// Because says why it is this profile, Fit which others fit, Conflict what is wrong with that.
	Because  string   `yaml:"because"`
	Fit      []string `yaml:"also_fit,omitempty"`
	Conflict string   `yaml:"conflict,omitempty"`
	// Expectations as configured, and Planned the times of them from yesterday to tomorrow.
	Expectations *detector.Expectations `yaml:"expectations,omitempty"`
	Planned      []detector.Planned     `yaml:"planned_now,omitempty"`
	// Rules is every rule with every option.
	Rules yaml.Node `yaml:"rules"`
}

// printEffective prints what decides about a stream.
func printEffective(w io.Writer, id string, spec *schemas.StreamSpec, profiles map[string]*schemas.Profile, now time.Time) error {
	all := selectors{}
	for name, p := range profiles {
		s, err := newSelector(p)
		if err != nil {
			return fmt.Errorf("profile %q: %w", name, err)
		}
		all[name] = s
	}
	c := all.choose(spec)
	e := effective{Stream: id, URL: source.Redact(spec.URL), Labels: spec.Labels, Lane: lane(id, spec), Origin: spec.Origin, Profile: c.profile, Because: c.reason(), Fit: c.fit}
	if err := c.conflict(); err != nil {
		e.Conflict = err.Error()
	}
	options := ""
	if p := profiles[c.profile]; p != nil {
		options = p.Rules
	} else if c.named {
		e.Conflict = fmt.Sprintf("there is no profile %q: the documented defaults hold", c.profile)
	}
	rules, err := detector.EffectiveRules([]byte(options))
	if err != nil {
		return fmt.Errorf("profile %q: %w", c.profile, err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(rules), &document); err != nil {
		return err
	}
	e.Rules = *document.Content[0]
	if spec.Expectations != nil {
		expectations, err := detector.ParseExpectations(*spec.Expectations)
		if err != nil {
			return err
		}
		resolved, err := expectations.At(now)
		if err != nil {
			return err
		}
		e.Expectations, e.Planned = &expectations, resolved.Planned
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	return encoder.Encode(e)
}
