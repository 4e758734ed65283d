package notifier

import (
	"fmt"
	"maps"
	"slices"

	"github.com/framewatch/framewatch/notifier/receiver"
)

// Endpoint is where one of those who are told is reached.
type Endpoint struct {
	// Name is the key in the configuration.
	Name string
	receiver.Endpoint
	// Err says why it is not known where; then Endpoint is empty.
	Err error
}

// Endpoints are those of the other Alertmanager, of the heartbeat's service and of the receivers, Alertmanager's own last. Those whose target has no address of its own (log, shoutrrr), whose
// address is a template, and sns where the region decides on it, are not among them.
func (c Config) Endpoints() (all []Endpoint) {
	add := func(name string, at receiver.Endpoint, err error) { all = append(all, Endpoint{name, at, err}) }
	if c.External.URL != "" {
		at, err := receiver.Address(c.External.URL).Endpoint()
		add("external", at, err)
	}
	if c.Heartbeat.URL != "" {
		at, err := c.Heartbeat.URL.Endpoint()
		add("heartbeat", at, err)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Receivers)) {
		for i, r := range c.Receivers[name] {
			if unit, ok := r.Options.(receiver.Reached); ok {
				at, err := unit.Endpoint()
				key := "receivers." + name
				if len(c.Receivers[name]) > 1 {
					key = fmt.Sprintf("%s[%d]", key, i)
				}
				add(key+" ("+r.Type+")", at, err)
			}
		}
	}
	return append(all, c.Alertmanager.endpoints(slices.Sorted(maps.Keys(c.Receivers)))...)
}
