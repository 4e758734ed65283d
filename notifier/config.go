package notifier

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/notifier/receiver"
)

// Config says who is told of what, when and how.
type Config struct {
	// Alertmanager is routing, grouping, inhibition and the like, in Alertmanager's own syntax.
	Alertmanager Alertmanager `yaml:"alertmanager,omitempty"`
	// Receivers are our own ways of telling, by the name of the receiver in Alertmanager's section that they belong to. One of a name that the section does not have is added
	// to it; without a section everyone is told of everything. Empty and without a section: defects are told in the log. A name is part of the state and of the
	// message ids, so a renamed receiver starts afresh.
	Receivers map[string]Receivers `yaml:"receivers"`
	// Storm is when many messages become few.
	Storm Storm `yaml:"storm"`
	// Escalate is after how long a defect that nobody has acknowledged is told again, with the label escalation="1", then "2" and so on. Routes decide to whom.
	Escalate []time.Duration `yaml:"escalate,omitempty"`
	// Heartbeat tells a service outside that everything works.
	Heartbeat Heartbeat `yaml:"heartbeat,omitempty"`
	// External posts to an Alertmanager that the site runs already, which then does all of this.
	External External `yaml:"external,omitempty"`
	// Console is the base URL of the console as people reach it, for links; empty: messages have none.
	Console string `yaml:"console"`
	// Listen is host:port where Alertmanager's API is served (amtool, karma, Grafana); empty: nowhere. Without a token it is for loopback only.
	Listen string `yaml:"listen"`
	// TokenFile holds the bearer token that the API asks for.
	TokenFile string `yaml:"token_file"`
}

// Storm is when many messages become few: what is to be told beyond Changes a minute to one target is told together, each Every.
type Storm struct {
	// Changes is how many changes a target is told one by one in a minute.
	Changes int `yaml:"changes"`
	// Every is how often the rest is told, as a digest: 1 s to 10 s.
	Every time.Duration `yaml:"every"`
}

// Defaults is a Config with its defaults.
func Defaults() Config {
	return Config{Storm: Storm{Changes: 30, Every: 5 * time.Second}, Heartbeat: Heartbeat{Every: time.Minute, Within: 2 * time.Minute}}
}

// Receivers are the ways of telling of one name. In YAML: one mapping, or a list of them.
type Receivers []Receiver

// UnmarshalYAML takes one receiver or a list.
func (r *Receivers) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		return node.Decode((*[]Receiver)(r))
	}
	var one Receiver
	err := node.Decode(&one)
	*r = Receivers{one}
	return err
}

// Receiver is one target. In YAML its own options stand beside these keys:
//
//	operations: {type: webhook, url: "https://...", secret_file: /run/secrets/hook}
type Receiver struct {
	// Type is its name in receiver.Catalogue.
	Type string
	// SendResolved is whether the end of a defect is told.
	SendResolved bool
	// Options are the unit itself, as the catalogue made it.
	Options receiver.Receiver
	// problem is why the unit could not be made.
	problem error
}

// NewReceiver is a receiver of the type with options, a YAML mapping of the type's own keys, and the defaults for the rest.
func NewReceiver(kind string, options []byte) (Receiver, error) {
	unit, err := receiver.Catalogue.New(kind, options)
	return Receiver{Type: kind, SendResolved: true, Options: unit}, err
}

// UnmarshalYAML takes the keys of Receiver and gives the others to the type. What is wrong with those is told by Validate: a caller may
// read the file once for its shape, before references in it are replaced.
func (r *Receiver) UnmarshalYAML(node *yaml.Node) error {
	var keys struct {
		Type         string               `yaml:"type"`
		SendResolved *bool                `yaml:"send_resolved"`
		Options      map[string]yaml.Node `yaml:",inline"`
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
	if keys.SendResolved != nil {
		r.SendResolved = *keys.SendResolved
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
	options["type"], options["send_resolved"] = r.Type, r.SendResolved
	return options, err
}

// Validate checks everything: the types' own options, Alertmanager's section, times and addresses.
func (c Config) Validate() error {
	for _, name := range slices.Sorted(maps.Keys(c.Receivers)) {
		for _, r := range c.Receivers[name] {
			if r.problem != nil {
				return fmt.Errorf("receiver %q: %w", name, r.problem)
			}
		}
	}
	if err := c.External.validate(); err != nil {
		return fmt.Errorf("external: %w", err)
	}
	if c.External.URL != "" && (len(c.Receivers) > 0 || !c.Alertmanager.IsZero() || len(c.Escalate) > 0) {
		return fmt.Errorf("external: the Alertmanager there does the telling, so receivers, alertmanager and escalate have no place beside it")
	}
	if err := c.Heartbeat.validate(); err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	if _, err := c.grow(); err != nil {
		return err
	}
	if c.Storm.Changes < 1 {
		return fmt.Errorf("storm: changes %d is less than 1", c.Storm.Changes)
	}
	if c.Storm.Every < time.Second || c.Storm.Every > 10*time.Second {
		return fmt.Errorf("storm: every %s is not from 1s to 10s", c.Storm.Every)
	}
	for i, after := range c.Escalate {
		if after <= 0 || i > 0 && after <= c.Escalate[i-1] {
			return fmt.Errorf("escalate: %s does not come after what stands before it", after)
		}
	}
	if err := c.validateListen(); err != nil {
		return err
	}
	if c.Console != "" {
		return checkAddress("console", c.Console)
	}
	return nil
}

// checkAddress tells what is wrong with the value of a key that is to be a URL of HTTP. The value itself may hold a credential.
func checkAddress(key, text string) error {
	if u, err := url.Parse(text); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%s is not an http or https address", key)
	}
	return nil
}

// validateListen lets nobody else at the API without a token.
func (c Config) validateListen() error {
	if c.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen %q is not host:port", c.Listen)
	}
	if ip := net.ParseIP(host); c.TokenFile == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("listen %q is open to other machines, so token_file is needed", c.Listen)
	}
	return nil
}
