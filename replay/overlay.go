package replay

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// Overlay is options of rules that are laid over those that a Setting has; the zero value changes nothing.
type Overlay struct {
	// Rules is kind to option to value, as a configuration file has them.
	Rules map[string]map[string]any
	// Only this kind is judged, with those that explain it, which is cheaper; empty: all.
	Only string
}

// Lay lays it over a profile's rules, as they travel in a Setting.
func (o Overlay) Lay(rules string) (string, error) {
	options := map[string]map[string]any{}
	if rules != "" {
		if err := json.Unmarshal([]byte(rules), &options); err != nil {
			return "", fmt.Errorf("read rules: %w", err)
		}
	}
	for kind, laid := range o.Rules {
		if options[kind] == nil {
			options[kind] = map[string]any{}
		}
		maps.Copy(options[kind], laid)
	}
	if o.Only != "" {
		needed := explaining(o.Only)
		for _, kind := range rule.Catalogue.Names() {
			if !slices.Contains(needed, kind) {
				options[kind] = map[string]any{"disabled": true}
			}
		}
	}
	text, err := json.Marshal(options)
	return string(text), err
}

// Change lays it over Settings. Rules that cannot be read stay as they are: the detector refuses them as well.
func (o Overlay) Change() func(*schemas.Setting) {
	laid := map[string]string{}
	return func(s *schemas.Setting) {
		text, known := laid[s.Rules]
		if !known {
			text = s.Rules
			if lain, err := o.Lay(s.Rules); err == nil {
				text = lain
			}
			laid[s.Rules] = text
		}
		s.Rules = text
	}
}

// explaining are a kind and all that what it tells depends on.
func explaining(kind string) []string {
	if _, totalling := newRule(kind).(rule.Totalling); totalling {
		return rule.Catalogue.Names()
	}
	all := []string{kind}
	for i := 0; i < len(all); i++ {
		for _, parent := range newRule(all[i]).Describe().Parents {
			if !slices.Contains(all, parent) {
				all = append(all, parent)
			}
		}
	}
	return all
}

// newRule is the rule of a kind of the catalogue as it is by default.
func newRule(kind string) rule.Rule { return rule.Catalogue[kind]() }
