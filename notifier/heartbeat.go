package notifier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// Heartbeat tells a service outside that everything works, as long as it does: that service raises the alarm when the heartbeat stays away. What proves it is a canary, a stream with a defect
// that comes again and again: it has gone from the source through edge, log and detector to here. Its defects are told to nobody.
type Heartbeat struct {
	// URL that is asked for, such as that of a check at healthchecks.io; empty: none.
	URL receiver.Address `yaml:"url,omitempty"`
	// URLFile holds it instead. It is read each time.
	URLFile string `yaml:"url_file,omitempty"`
	// Stream is the canary's id.
	Stream string `yaml:"stream"`
	// Every is how often the service is told. Default 1 min.
	Every time.Duration `yaml:"every"`
	// Within is how long ago the canary's last defect may have opened. Default 2 min.
	Within time.Duration `yaml:"within"`
}

// heartbeatWait bounds one request.
const heartbeatWait = 15 * time.Second

func (h Heartbeat) on() bool { return h.URL != "" || h.URLFile != "" }

func (h Heartbeat) validate() error {
	switch {
	case !h.on() && h.Stream == "":
		return nil
	case !h.on():
		return errors.New("stream is named, but neither url nor url_file")
	case h.URL != "" && h.URLFile != "":
		return errors.New("url and url_file are both set")
	case h.Stream == "":
		return errors.New("stream, the canary's id, is missing")
	case h.Every < time.Second:
		return fmt.Errorf("every %s is less than 1s", h.Every)
	case h.Within < time.Second:
		return fmt.Errorf("within %s is less than 1s", h.Within)
	}
	if h.URL != "" {
		return checkAddress("url", string(h.URL))
	}
	return nil
}

// canary is when the canary's last defect opened.
type canary struct {
	// since is when it began to be listened to.
	since time.Time

	mu   sync.Mutex
	sang time.Time
}

// heard takes an event of the canary's.
func (c *canary) heard(ev *schemas.DefectEvent) {
	if ev.State != "opened" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sang = later(c.sang, time.UnixMicro(ev.Detected))
}

func (c *canary) last() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sang
}

// tellsNobody takes in the event of a defect of which nobody is to be told: its rule is tried out, or it is the canary's.
func (n *Notifier) tellsNobody(ev *schemas.DefectEvent, c *canary) bool {
	if ev.DryRun != nil && *ev.DryRun {
		return true
	}
	h := n.config.Heartbeat
	if !h.on() || ev.Stream != h.Stream {
		return false
	}
	c.heard(ev)
	return true
}

// age is how long ago the canary sang at now; of one that was not heard yet, how long it has been listened to: whoever takes over hears only what comes.
func (c *canary) age(now time.Time) time.Duration { return now.Sub(later(c.since, c.last())) }

// beat tells the service outside until ctx ends, while the canary sings.
func (h Heartbeat) beat(ctx context.Context, c *canary, log *slog.Logger) {
	tick := time.NewTicker(h.Every)
	defer tick.Stop()
	well := true
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			err := h.tell(ctx, now.Sub(c.last()))
			if err != nil && well {
				log.Error("no heartbeat", "canary", h.Stream, "error", err)
			} else if err == nil && !well {
				log.Info("the heartbeat is back", "canary", h.Stream)
			}
			well = err == nil
		}
	}
}

// tell asks for the URL when the canary's last defect is young enough.
func (h Heartbeat) tell(ctx context.Context, age time.Duration) error {
	if age > h.Within {
		return fmt.Errorf("no defect of the canary has opened within %s: edge, detector or the stream itself fail", h.Within)
	}
	address := string(h.URL)
	if h.URLFile != "" {
		text, err := os.ReadFile(h.URLFile)
		if err != nil {
			return fmt.Errorf("read url_file: %w", err)
		}
		address = strings.TrimSpace(string(text))
	}
	if err := checkAddress("url", address); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, heartbeatWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("url cannot be asked for")
	}
	resp, err := plainClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", req.URL.Host, withoutURL(err))
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, answerLimit))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("ask for %s: status %d", req.URL.Host, resp.StatusCode)
	}
	return nil
}

// withoutURL is the cause of a client's error, whose text would repeat the URL.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
