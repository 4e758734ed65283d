package notifier

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"

	"github.com/framewatch/framewatch/schemas"
)

// External is an Alertmanager that the site runs already.
type External struct {
	// URL is its base URL; empty: there is none.
	URL string `yaml:"url,omitempty"`
	// TokenFile holds a bearer token; empty: none is sent. It is read for each request.
	TokenFile string `yaml:"token_file,omitempty"`
}

const (
	// resend is how often open defects are posted again: Alertmanager resolves what it has not heard of for longer than its end.
	resend = time.Minute
	// heldFor is how long the other Alertmanager keeps a defect that is not posted again.
	heldFor = 4 * resend
	// postAtOnce bounds the alerts of one request.
	postAtOnce = 500
	// postWait bounds one request.
	postWait = 15 * time.Second
	// externalTarget and externalType are what the attempts to reach it are counted as.
	externalTarget, externalType = "external", "alertmanager"
	// answerLimit is how much of an answer is read, in bytes.
	answerLimit = 4 << 10
)

func (e External) validate() error {
	if e.URL == "" {
		return nil
	}
	return checkAddress("url", e.URL)
}

// postableAlert is an alert as Alertmanager's API v2 takes it.
type postableAlert struct {
	Labels       model.LabelSet `json:"labels"`
	Annotations  model.LabelSet `json:"annotations"`
	StartsAt     time.Time      `json:"startsAt"`
	EndsAt       time.Time      `json:"endsAt"`
	GeneratorURL string         `json:"generatorURL,omitempty"`
}

// plainClient follows no redirect and takes no proxy from the environment.
var plainClient = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: 2 * resend},
}

// post hands alerts to the other Alertmanager.
func (e External) post(ctx context.Context, alerts []postableAlert) error {
	for len(alerts) > 0 {
		n := min(len(alerts), postAtOnce)
		if err := e.postSome(ctx, alerts[:n]); err != nil {
			return err
		}
		alerts = alerts[n:]
	}
	return nil
}

func (e External) postSome(ctx context.Context, alerts []postableAlert) error {
	ctx, cancel := context.WithTimeout(ctx, postWait)
	defer cancel()
	body, err := json.Marshal(alerts)
	if err != nil {
		return err
	}
	u, err := url.Parse(e.URL)
	if err != nil {
		return fmt.Errorf("external url cannot be read")
	}
	shown := u.Scheme + "://" + u.Host
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.JoinPath("api/v2/alerts").String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("post to %s: bad URL", shown)
	}
	req.Header.Set("Content-Type", "application/json")
	if e.TokenFile != "" {
		token, err := os.ReadFile(e.TokenFile)
		if err != nil {
			return fmt.Errorf("read token_file: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	resp, err := plainClient.Do(req)
	if err != nil {
		return fmt.Errorf("post to %s: %w", shown, withoutURL(err))
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("post to %s: status %d, body %.200q", shown, resp.StatusCode, said)
	}
	return nil
}

// relay tells the other Alertmanager of defects: each change within a second, and what is open each minute again.
func (n *Notifier) relay(ctx context.Context, deps Deps) error {
	ctx, end := context.WithCancel(ctx)
	var beating sync.WaitGroup
	defer beating.Wait()
	defer end()
	r := &relayed{n: n, attempts: newAttempts(), canary: canary{since: time.Now()}, changed: map[string]*schemas.DefectEvent{}, open: map[string]*schemas.DefectEvent{}}
	r.attempts.Expect(externalTarget, externalType)
	registry := prometheus.NewRegistry()
	registry.MustRegister(r.attempts, n.canaryAge(&r.canary))
	if err := deps.Metrics.Register(registry); err != nil {
		return fmt.Errorf("register what is counted: %w", err)
	}
	defer deps.Metrics.Unregister(registry)
	if h := n.config.Heartbeat; h.on() {
		beating.Go(func() { h.beat(ctx, &r.canary, n.log) })
	}
	failed := make(chan error, 1)
	go func() { failed <- deps.Defects(ctx, time.Now().Add(-positionMargin), func() {}, r.event) }()
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	wait := reconcileEvery
	for next := time.Now(); ; {
		select {
		case err := <-failed:
			return err
		case now := <-tick.C:
			if now.Before(next) {
				continue
			}
			if err := r.post(ctx, now); err != nil {
				n.log.Warn("the Alertmanager takes no defects, trying again", "error", err)
				wait = min(2*wait, resend/2)
				next = now.Add(wait)
			} else {
				wait = reconcileEvery
			}
		}
	}
}

// relayed is what the other Alertmanager is told.
type relayed struct {
	n        *Notifier
	attempts attempts
	canary   canary

	mu sync.Mutex
	// changed are the newest events that it does not know yet, open those of the defects that it knows to be open.
	changed, open map[string]*schemas.DefectEvent
	resent        time.Time
}

func (r *relayed) event(_ int32, ev *schemas.DefectEvent, _ time.Time) {
	if r.n.tellsNobody(ev, &r.canary) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.open[ev.ID]; known != nil && !over(ev) && known.Severity == ev.Severity {
		r.open[ev.ID] = ev
		return
	}
	if !over(ev) || r.open[ev.ID] != nil || r.changed[ev.ID] != nil {
		r.changed[ev.ID] = ev
	}
}

// post hands over what has changed, and everything that is open when that is due.
func (r *relayed) post(ctx context.Context, now time.Time) error {
	r.mu.Lock()
	due := now.Sub(r.resent) >= resend
	sent := maps.Clone(r.changed)
	var alerts []postableAlert
	for id, ev := range sent {
		if before := r.open[id]; before != nil && before.Severity != ev.Severity {
			alerts = append(alerts, r.postable(before, true, now))
		}
		alerts = append(alerts, r.postable(ev, over(ev), now))
	}
	for id, ev := range r.open {
		if due && sent[id] == nil {
			alerts = append(alerts, r.postable(ev, false, now))
		}
	}
	r.mu.Unlock()
	if len(alerts) == 0 {
		return nil
	}
	err := r.n.config.External.post(ctx, alerts)
	if ctx.Err() != nil {
		return err
	}
	// Whatever the answer, they are posted again until they are taken.
	r.attempts.WithLabelValues(externalTarget, externalType, attempt{err: err}.outcome()).Inc()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if due {
		r.resent = now
	}
	for id, ev := range sent {
		if r.changed[id] == ev {
			delete(r.changed, id)
		}
		if over(ev) {
			delete(r.open, id)
		} else {
			r.open[id] = ev
		}
	}
	return nil
}

func (r *relayed) postable(ev *schemas.DefectEvent, resolved bool, now time.Time) postableAlert {
	a := alertOf(ev, labelsOf(ev, 0), r.n.link(ev), resolved, now)
	if !resolved {
		a.EndsAt = now.Add(heldFor)
	}
	return postableAlert{a.Labels, a.Annotations, a.StartsAt, a.EndsAt, a.GeneratorURL}
}
