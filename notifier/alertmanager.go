package notifier

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"time"

	amconfig "github.com/prometheus/alertmanager/config"
	amreceiver "github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/template"
	"go.yaml.in/yaml/v3"
)

// Alertmanager is routing, grouping, inhibition, time intervals, templates and Alertmanager's own receivers, in the syntax of Alertmanager's configuration file.
// What the root route leaves out suits live video: one group for each stream and kind, told after 1 s, then each 10 s, repeated after 4 h. Without inhibit_rules a stream
// without signal or monitor says nothing else.
type Alertmanager struct {
	// section is the YAML: Alertmanager's parsed form hides secrets when it is printed, so it cannot be made of that again.
	section string
}

// UnmarshalYAML keeps the section as it was written; what is wrong with it is told by Validate.
func (a *Alertmanager) UnmarshalYAML(node *yaml.Node) error {
	var section map[string]any
	if err := node.Decode(&section); err != nil {
		return err
	}
	text, err := yaml.Marshal(section)
	a.section = string(text)
	return err
}

// IsZero says that the section is not there.
func (a Alertmanager) IsZero() bool { return a.section == "" }

// MarshalYAML is the section with secrets as <secret>.
func (a Alertmanager) MarshalYAML() (any, error) {
	if a.IsZero() {
		return nil, nil
	}
	var section struct{ Route namedRoute }
	if err := yaml.Unmarshal([]byte(a.section), &section); err != nil {
		return nil, err
	}
	config, err := a.load(section.Route.receivers())
	if err != nil {
		return nil, err
	}
	var shown yaml.Node
	if err := yaml.Unmarshal([]byte(config.String()), &shown); err != nil {
		return nil, err
	}
	return shown.Content[0], nil
}

// namedRoute is as much of a route as tells what receivers there are.
type namedRoute struct {
	Receiver string
	Routes   []namedRoute
}

// receivers are the names in the route and those below it.
func (r namedRoute) receivers() (names []string) {
	if r.Receiver != "" {
		names = append(names, r.Receiver)
	}
	for _, child := range r.Routes {
		names = append(names, child.receivers()...)
	}
	return names
}

// everyone is the receiver of the tree that is grown where the configuration has none.
const everyone = "everyone"

// defaultRoute is what the root route leaves out.
var defaultRoute = map[string]any{"group_by": []string{"stream", "kind"}, "group_wait": "1s", "group_interval": "10s", "repeat_interval": "4h"}

// defaultInhibition is in force where the section has no inhibit_rules.
var defaultInhibition = []any{map[string]any{
	"source_matchers": []string{`kind=~"no_signal|no_monitor"`}, "target_matchers": []string{`kind!~"no_signal|no_monitor"`}, "equal": []string{"stream"},
}}

// load is the section for Alertmanager, with our defaults and the receivers called names.
func (a Alertmanager) load(names []string) (*amconfig.Config, error) {
	section := map[string]any{}
	if err := yaml.Unmarshal([]byte(a.section), &section); err != nil {
		return nil, err
	}
	route, _ := section["route"].(map[string]any)
	if route == nil {
		if section["route"] != nil {
			return nil, errors.New("route is not a mapping")
		}
		if len(names) == 1 {
			route = map[string]any{"receiver": names[0]}
		} else {
			route = map[string]any{"receiver": everyone}
			names = append(slices.Clip(names), everyone)
		}
	}
	for key, value := range defaultRoute {
		if _, ok := route[key]; !ok {
			route[key] = value
		}
	}
	section["route"] = route
	if _, ok := section["inhibit_rules"]; !ok {
		section["inhibit_rules"] = defaultInhibition
	}
	receivers, _ := section["receivers"].([]any)
	section["receivers"] = withNames(receivers, names)
	text, err := yaml.Marshal(section)
	if err != nil {
		return nil, err
	}
	return amconfig.Load(string(text))
}

// withNames adds receivers that the list does not have.
func withNames(receivers []any, names []string) []any {
	known := map[string]bool{}
	for _, r := range receivers {
		if r, ok := r.(map[string]any); ok {
			name, _ := r["name"].(string)
			known[name] = true
		}
	}
	for _, name := range names {
		if !known[name] {
			known[name] = true
			receivers = append(receivers, map[string]any{"name": name})
		}
	}
	return receivers
}

// tree is what the configuration makes of the section: Alertmanager's configuration and its routes.
type tree struct {
	config    *amconfig.Config
	templates *template.Template
	// groupInterval is the longest of all routes: how long a change waits at most. groupWait is that of the root.
	groupInterval, groupWait time.Duration
}

// integrations are those of Alertmanager's own that a receiver of its section has.
func (t *tree) integrations(r amconfig.Receiver, console *url.URL, log *slog.Logger) ([]notify.Integration, error) {
	t.templates.ExternalURL = console
	list, err := amreceiver.BuildReceiverIntegrations(r, t.templates, log)
	if err != nil {
		return nil, fmt.Errorf("alertmanager: receiver %q: %w", r.Name, err)
	}
	return list, nil
}

// grow is the tree of the configuration. Each receiver of ours belongs to the one of Alertmanager's that has its name.
func (c Config) grow() (*tree, error) {
	names := slices.Sorted(maps.Keys(c.Receivers))
	config, err := c.Alertmanager.load(names)
	if err != nil {
		return nil, fmt.Errorf("alertmanager: %w", err)
	}
	t := &tree{config: config}
	if t.templates, err = template.FromGlobs(config.Templates); err != nil {
		return nil, fmt.Errorf("alertmanager: templates: %w", err)
	}
	for _, r := range config.Receivers {
		if _, err := t.integrations(r, &url.URL{}, slog.New(slog.DiscardHandler)); err != nil {
			return nil, err
		}
	}
	used := map[string]bool{}
	root := dispatch.NewRoute(config.Route, nil)
	t.groupWait = root.RouteOpts.GroupWait
	root.Walk(func(r *dispatch.Route) {
		used[r.RouteOpts.Receiver] = true
		t.groupInterval = max(t.groupInterval, r.RouteOpts.GroupInterval)
	})
	for _, name := range names {
		if !used[name] && !used[everyone] {
			return nil, fmt.Errorf("receiver %q: no route of alertmanager leads to it", name)
		}
	}
	return t, nil
}
