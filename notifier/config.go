package notifier

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/notifier/receiver"
)

// Config says who is told of what.
type Config struct {
	// Receivers by name. Empty: defects are told in the log. A name is part of the consumer group and of the message ids, so a renamed
	// receiver starts afresh.
	Receivers map[string]Receiver `yaml:"receivers"`
}

// Receiver is one target and what it wants to hear. In YAML its own options stand beside these keys:
//
//	operations: {type: webhook, url: "https://...", secret_file: /run/secrets/hook, send: [opened, closed]}
type Receiver struct {
	// Type is its name in receiver.Catalogue.
	Type string
	// Send lists the states of events that are told: opened, updated, closed, retracted. Default: all but updated.
	Send []string
	// GiveUp is how long after its detection an event is still told. Default 24 h.
	GiveUp time.Duration
	// Options are the unit itself, as the catalogue made it.
	Options receiver.Receiver
	// problem is why the unit could not be made.
	problem error
}

// states that an event can have.
var states = []string{"opened", "updated", "closed", "retracted"}

// NewReceiver is a receiver of the type with options, a YAML mapping of the type's own keys, and the defaults for the rest.
func NewReceiver(kind string, options []byte) (Receiver, error) {
	unit, err := receiver.Catalogue.New(kind, options)
	return Receiver{Type: kind, Send: []string{"opened", "closed", "retracted"}, GiveUp: 24 * time.Hour, Options: unit}, err
}

// UnmarshalYAML takes the keys of Receiver and gives the others to the type. What is wrong with those is told by Validate: a caller may
// read the file once for its shape, before references in it are replaced.
func (r *Receiver) UnmarshalYAML(node *yaml.Node) error {
	var keys struct {
		Type    string               `yaml:"type"`
		Send    *[]string            `yaml:"send"`
		GiveUp  *time.Duration       `yaml:"give_up"`
		Options map[string]yaml.Node `yaml:",inline"`
	}
	if err := node.Decode(&keys); err != nil {
		return err
	}
	options, err := yaml.Marshal(keys.Options)
	if err != nil {
		return err
	}
	if *r, err = NewReceiver(keys.Type, options); err != nil {
		r.problem = fmt.Errorf("line %d: %w", node.Line, err)
	}
	if keys.Send != nil {
		r.Send = *keys.Send
	}
	if keys.GiveUp != nil {
		r.GiveUp = *keys.GiveUp
	}
	return nil
}

// MarshalYAML is what UnmarshalYAML reads, with secrets as <secret>.
func (r Receiver) MarshalYAML() (any, error) {
	var options map[string]any
	text, err := yaml.Marshal(r.Options)
	if err == nil {
		err = yaml.Unmarshal(text, &options)
	}
	if options == nil {
		options = map[string]any{}
	}
	options["type"], options["send"], options["give_up"] = r.Type, r.Send, r.GiveUp.String()
	return options, err
}

// Validate checks everything: the types' own options, states and times.
func (c Config) Validate() error {
	for _, name := range slices.Sorted(maps.Keys(c.Receivers)) {
		if err := c.Receivers[name].validate(); err != nil {
			return fmt.Errorf("receiver %q: %w", name, err)
		}
	}
	return nil
}

func (r Receiver) validate() error {
	if r.problem != nil {
		return r.problem
	}
	for _, s := range r.Send {
		if !slices.Contains(states, s) {
			return fmt.Errorf("send: %q is unknown%s", s, catalogue.Suggest(s, states))
		}
	}
	if r.GiveUp <= 0 {
		return fmt.Errorf("give_up %s is not positive", r.GiveUp)
	}
	return nil
}
