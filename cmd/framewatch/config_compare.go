package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/ingest/source"
)

// keyChange is one key in which two configurations differ.
type keyChange struct {
	// Key is where it stands: kafka.brokers, streams[news].labels.region.
	Key string `json:"key"`
	// Was and Now are the values, with all defaults and without secrets; empty: there is none.
	Was string `json:"was"`
	Now string `json:"now"`
	// Secret tells that the values hold secrets, which differ.
	Secret bool `json:"secret,omitempty"`
	// Restart tells that Now takes effect with a restart only.
	Restart bool `json:"restart"`
}

// String is the difference as a line for people.
func (d keyChange) String() string {
	sides := fmt.Sprintf("%s -> %s", orAbsent(d.Was), orAbsent(d.Now))
	if d.Secret && d.Was == d.Now {
		sides = "another secret"
	}
	effect := "live"
	if d.Restart {
		effect = "restart"
	}
	return fmt.Sprintf("%-8s %s: %s", effect, d.Key, sides)
}

func orAbsent(value string) string {
	if value == "" {
		return "(absent)"
	}
	return value
}

// live are the keys that take effect as soon as the file is read again, with all below them but those that atStart names.
var (
	live    = []string{"streams", "profiles", "notifier", "console", "log.level"}
	atStart = []string{"notifier.listen", "console.listen"}
)

// needsRestart tells whether a key is read at start only.
func needsRestart(key string) bool { return !below(key, live) || below(key, atStart) }

// below tells whether a key is one of those or below one.
func below(key string, those []string) bool {
	return slices.ContainsFunc(those, func(of string) bool {
		rest, ok := strings.CutPrefix(key, of)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// sectionOf is what a restart is said to be needed for: a section, or a key of a section that is live otherwise.
func sectionOf(key string) string {
	for _, part := range []string{"notifier", "console", "log"} {
		if strings.HasPrefix(key, part+".") {
			return key
		}
	}
	section, _, _ := strings.Cut(key, ".")
	section, _, _ = strings.Cut(section, "[")
	return section
}

// shownSecrets stand for secrets in what is shown: receivers', Kafka's and those in URLs.
var shownSecrets = []string{"<secret>", "***", "xxxxx"}

// differences are those between two configurations, in order of their keys.
func differences(was, now Config) ([]keyChange, error) {
	x, err := was.effectiveKeys()
	if err != nil {
		return nil, err
	}
	y, err := now.effectiveKeys()
	if err != nil {
		return nil, err
	}
	return changedKeys(x, y, was.given, now.given), nil
}

// changedKeys compares what is shown of two configurations and, of the keys that hold secrets, what is given.
func changedKeys(x, y, givenX, givenY map[string]string) (all []keyChange) {
	for _, key := range sortedKeys(x, y, givenX, givenY) {
		hidden := holdsSecret(x[key]) || holdsSecret(y[key]) || concealed(x[key], givenX[key]) || concealed(y[key], givenY[key])
		differ := x[key] != y[key]
		if !differ && hidden {
			differ = givenX[key] != givenY[key]
		}
		if differ {
			all = append(all, keyChange{Key: key, Was: x[key], Now: y[key], Secret: hidden, Restart: needsRestart(key)})
		}
	}
	return all
}

func holdsSecret(shown string) bool {
	return slices.ContainsFunc(shownSecrets, func(s string) bool { return strings.Contains(shown, s) })
}

// concealed tells that of an address only the beginning is shown: the rest of a receiver's may be a secret.
func concealed(shown, given string) bool {
	return strings.Contains(shown, "://") && given != "" && given != shown
}

func sortedKeys(of ...map[string]string) []string {
	all := map[string]bool{}
	for _, m := range of {
		for key := range m {
			all[key] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// shown is the configuration with all defaults, without secrets.
func (c Config) shown() Config {
	if c.Streams != nil {
		streams := slices.Clone(*c.Streams)
		for i := range streams {
			streams[i].URL = source.Redact(streams[i].URL)
		}
		c.Streams = &streams
	}
	return c
}

// wording is what a configuration says itself where, in use, paths stand below the directory of its file and brokers come from the command line.
type wording struct {
	dataDir, shadowRules string
	brokers              []string
}

func (c Config) wording() *wording {
	return &wording{c.DataDir, c.Detector.Shadow.Rules, c.Kafka.Brokers}
}

// asWritten is the configuration as it is worded, so that it compares with one from another directory.
func (c Config) asWritten() Config {
	if w := c.written; w != nil {
		c.DataDir, c.Detector.Shadow.Rules, c.Kafka.Brokers = w.dataDir, w.shadowRules, w.brokers
	}
	return c
}

// effectiveKeys are what is shown key by key, profiles with every option of every rule.
func (c Config) effectiveKeys() (map[string]string, error) {
	c = c.shown()
	profiles := map[string]ProfileConfig{}
	for name, p := range c.Profiles {
		text, err := rulesText(p.Rules)
		if err == nil {
			text, err = detector.EffectiveRules([]byte(text))
		}
		p.Rules = nil
		if err == nil {
			err = yaml.Unmarshal([]byte(text), &p.Rules)
		}
		if err != nil {
			return nil, fmt.Errorf("profile %q: %w", name, err)
		}
		profiles[name] = p
	}
	c.Profiles = profiles
	text, err := yaml.Marshal(c)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	keys := map[string]string{}
	flatten("", tree, keys)
	return keys, nil
}

// givenKeys are what a file says key by key, but under the top-level keys in without. What cannot be read, which Decode has told of, says nothing.
func givenKeys(root *yaml.Node, without ...string) map[string]string {
	tree := map[string]any{}
	if root == nil || root.Decode(&tree) != nil {
		return nil
	}
	for _, key := range without {
		delete(tree, key)
	}
	keys := map[string]string{}
	flatten("", tree, keys)
	return keys
}

// flatten lists the values in a tree of YAML by their keys. Mappings in a list go by their id or name, else by their place, of which the first is not
// written: one receiver and a list of one are the same.
func flatten(key string, value any, keys map[string]string) {
	switch v := value.(type) {
	case map[string]any:
		for name, below := range v {
			flatten(strings.TrimPrefix(key+"."+name, "."), below, keys)
		}
	case map[any]any:
		for name, below := range v {
			flatten(strings.TrimPrefix(fmt.Sprint(key, ".", name), "."), below, keys)
		}
	case []any:
		flattenList(key, v, keys)
	case nil:
	default:
		keys[key] = fmt.Sprint(v)
	}
}

func flattenList(key string, list []any, keys map[string]string) {
	for i, item := range list {
		fields, ok := item.(map[string]any)
		if !ok {
			keys[key] = fmt.Sprint(list)
			return
		}
		place := ""
		if i > 0 {
			place = fmt.Sprintf("[%d]", i)
		}
		for _, name := range []string{"name", "id"} {
			if text, ok := fields[name].(string); ok && text != "" {
				place = "[" + text + "]"
			}
		}
		flatten(key+place, item, keys)
	}
}
