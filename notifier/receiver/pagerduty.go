package receiver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// PagerDuty opens, acknowledges and resolves an alert for each defect, by Events API v2. A storm is one alert.
type PagerDuty struct {
	// RoutingKey is the integration key of the service.
	RoutingKey Secret `yaml:"routing_key"`
	// RoutingKeyFile holds it instead. It is read for each attempt.
	RoutingKeyFile string `yaml:"routing_key_file"`
	// APIURL is the base of the API; https://events.eu.pagerduty.com for accounts in the EU.
	APIURL Address `yaml:"api_url"`

	HTTP `yaml:",inline"`
}

// NewPagerDuty is a PagerDuty with its defaults: the API in the US, a time-out of 15 s.
func NewPagerDuty() *PagerDuty {
	return &PagerDuty{APIURL: "https://events.pagerduty.com", HTTP: HTTP{Timeout: 15 * time.Second}}
}

// Limits of Events API v2, in characters, and how many links and labels an alert is given.
const (
	pagerDutySummary = 1024
	pagerDutyKey     = 255
	pagerDutyDetails = 32
)

// pagerDutyAway is how long PagerDuty is left alone when it is busy and does not say for how long: it counts by the minute.
const pagerDutyAway = 30 * time.Second

// pagerDutyEvent is the body of POST /v2/enqueue.
type pagerDutyEvent struct {
	RoutingKey string            `json:"routing_key"`
	Action     string            `json:"event_action"`
	DedupKey   string            `json:"dedup_key"`
	Payload    *pagerDutyPayload `json:"payload,omitempty"`
	Client     string            `json:"client,omitempty"`
	ClientURL  string            `json:"client_url,omitempty"`
	Links      []pagerDutyLink   `json:"links,omitempty"`
	Images     []pagerDutyImage  `json:"images,omitempty"`
}

type pagerDutyPayload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  string         `json:"severity"`
	Timestamp time.Time      `json:"timestamp"`
	Component string         `json:"component,omitempty"`
	Group     string         `json:"group,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"custom_details"`
}

type pagerDutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

type pagerDutyImage struct {
	Src  string `json:"src"`
	Href string `json:"href,omitempty"`
	Alt  string `json:"alt"`
}

// Validate checks the key and the address.
func (p *PagerDuty) Validate() error {
	if err := p.APIURL.check("api_url", "http", "https"); err != nil {
		return err
	}
	if err := p.HTTP.Validate(); err != nil {
		return err
	}
	_, err := secretFrom("routing_key", p.RoutingKey, p.RoutingKeyFile)
	return err
}

// Pace is half of the 480 events a minute that a key is said to bear: a message can be several events.
func (p *PagerDuty) Pace() (every time.Duration, burst int) { return 250 * time.Millisecond, 10 }

// Tell sends an event for each change that is not told yet. In a storm it sends one for all that begins, and one for each listed defect that is over, as it may have
// an alert of its own.
func (p *PagerDuty) Tell(ctx context.Context, m *Message) (status int, err error) {
	if m.Digest != nil && m.left() {
		if status, err = p.send(ctx, stormEvent(m)); err != nil {
			return status, err
		}
	}
	for i := range m.Changes {
		c := &m.Changes[i]
		if !c.Told && (m.Digest == nil || c.Over()) {
			if status, err = p.send(ctx, alertEvent(m, c)); err != nil {
				return status, err
			}
		}
		c.Told = true
	}
	return status, nil
}

// alertEvent is what a change does to the defect's alert.
func alertEvent(m *Message, c *Change) pagerDutyEvent {
	ev := c.Event
	e := pagerDutyEvent{Action: "trigger", DedupKey: shorten(ev.ID, pagerDutyKey)}
	switch c.What {
	case Closed, Retracted:
		e.Action = "resolve"
		return e
	case Acknowledged, Muted:
		// A defect that a silence covers calls nobody any more.
		e.Action = "acknowledge"
		return e
	}
	details := map[string]any{"defect": e.DedupKey, "what": c.What, "onset": onset(ev), "value": ev.Value, "threshold": ev.Threshold, "unit": clean(ev.Unit, nameLimit)}
	if c.Escalation > 0 {
		details["escalation"] = c.Escalation
	}
	labels := map[string]string{}
	for i, l := range ev.Labels {
		if i == pagerDutyDetails {
			details["labels_cut"] = len(ev.Labels) - i
			break
		}
		labels[clean(l.Name, nameLimit)] = clean(l.Value, summaryLimit)
	}
	details["labels"] = labels
	e.Payload = &pagerDutyPayload{Summary: shorten(line(c), pagerDutySummary), Source: clean(ev.Stream, nameLimit), Severity: pagerDutySeverity(ev.Severity),
		Timestamp: onset(ev), Component: clean(ev.Part, nameLimit), Group: m.Group, Class: clean(ev.Kind, nameLimit), Details: details}
	e.show(m, c)
	return e
}

// show adds the page and the picture of a defect. PagerDuty fetches the picture itself, and takes none but from https.
func (e *pagerDutyEvent) show(m *Message, c *Change) {
	e.Client = "Framewatch"
	if link := m.link(c.Event.ID); link != "" {
		e.ClientURL = link
		e.Links = append(e.Links, pagerDutyLink{link, subject(c.Event)})
	}
	if picture := m.filmstripLink(c.Event.ID); strings.HasPrefix(picture, "https://") {
		e.Images = append(e.Images, pagerDutyImage{picture, m.link(c.Event.ID), "Pictures from around the onset of " + subject(c.Event)})
	}
}

// stormEvent is the alert of a storm, which is resolved with the last of its defects.
func stormEvent(m *Message) pagerDutyEvent {
	e := pagerDutyEvent{Action: "trigger", DedupKey: shorten(m.Group, pagerDutyKey)}
	if m.Open == 0 {
		e.Action = "resolve"
		return e
	}
	worst := m.worst()
	details := map[string]any{"opened": m.Digest.Opened, "over": m.Digest.Over, "open": m.Open, "streams": m.Digest.Streams, "worst": lines(m, pagerDutyDetails)}
	e.Payload = &pagerDutyPayload{Summary: shorten(storm(m.Digest), pagerDutySummary), Source: "framewatch", Severity: pagerDutySeverity(worst.Event.Severity),
		Timestamp: m.Digest.Since.UTC(), Group: m.Group, Class: "storm", Details: details}
	e.show(m, worst)
	return e
}

// pagerDutySeverity is the API's word for ours: info, warning and critical are its own, what it does not know is an error.
func pagerDutySeverity(severity string) string {
	switch severity {
	case "info", "warning", "critical":
		return severity
	}
	return "error"
}

// send posts one event.
func (p *PagerDuty) send(ctx context.Context, e pagerDutyEvent) (int, error) {
	key, err := secretFrom("routing_key", p.RoutingKey, p.RoutingKeyFile)
	if err != nil {
		return 0, err
	}
	e.RoutingKey = key
	body, err := json.Marshal(e)
	if err != nil {
		return 0, Permanent{fmt.Errorf("encode event: %w", err)}
	}
	to := Address(strings.TrimSuffix(string(p.APIURL), "/") + "/v2/enqueue")
	a, err := p.post(ctx, to, http.Header{"Content-Type": {"application/json"}}, body)
	if err != nil {
		return 0, err
	}
	err = a.refusal(key)
	if _, says := retryAfter(a.header.Get("Retry-After"), time.Now()); a.status == http.StatusTooManyRequests && !says {
		err = Busy{err, pagerDutyAway}
	}
	return a.status, err
}
