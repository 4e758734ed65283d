package receiver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Webhook tells a URL by a POST that is signed as in Standard Webhooks 1.0.0.
type Webhook struct {
	// URL of the target, http or https.
	URL string `yaml:"url"`
	// Secret signs the message: whsec_ and base64, or a list of such; all of them sign, so that a secret can be changed without a gap.
	// Without any the message is not signed.
	Secret Secrets `yaml:"secret"`
	// SecretFile holds further secrets, one a line. It is read for each attempt, so a change needs no restart.
	SecretFile string `yaml:"secret_file"`
	// Timeout of one attempt.
	Timeout time.Duration `yaml:"timeout"`
}

// NewWebhook is a Webhook with its defaults: a time-out of 15 s.
func NewWebhook() *Webhook { return &Webhook{Timeout: 15 * time.Second} }

// client follows no redirect: a 3xx is a failure, and a target cannot send us elsewhere. It takes no proxy from the environment.
var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{
		ForceAttemptHTTP2: true, MaxIdleConns: 32, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
	},
}

// bodyLimit is how much of an answer is read, in bytes.
const bodyLimit = 16 << 10

// Validate checks the URL's scheme and the secrets.
func (w *Webhook) Validate() error {
	u, err := url.Parse(w.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("url is not an http or https address")
	}
	if w.Timeout <= 0 {
		return fmt.Errorf("timeout %s is not positive", w.Timeout)
	}
	_, err = w.keys()
	return err
}

// MarshalYAML shows the URL without its path and query, which can hold a credential.
func (w Webhook) MarshalYAML() (any, error) {
	type shown Webhook
	s := shown(w)
	s.URL = w.origin()
	return s, nil
}

// Notify posts the event once. Success is a 2xx; 4xx is permanent but for 408, 425 and 429.
func (w *Webhook) Notify(ctx context.Context, ev *schemas.DefectEvent, message string) (int, error) {
	body, err := payload(ev)
	if err != nil {
		return 0, Permanent{err}
	}
	keys, err := w.keys()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return 0, Permanent{fmt.Errorf("post to %s: bad URL", w.origin())}
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "framewatch")
	req.Header.Set("Webhook-Id", message)
	req.Header.Set("Webhook-Timestamp", timestamp)
	if len(keys) > 0 {
		req.Header.Set("Webhook-Signature", signature(keys, message, timestamp, body))
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("post to %s: %w", w.origin(), withoutURL(err))
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	return resp.StatusCode, w.judge(resp, said)
}

// judge turns an answer into an error, or nil when the target has taken the event.
func (w *Webhook) judge(resp *http.Response, said []byte) error {
	code := resp.StatusCode
	if code >= 200 && code <= 299 {
		return nil
	}
	err := fmt.Errorf("post to %s: status %d, body %.200q", w.origin(), code, said)
	switch {
	case code >= 400 && code <= 499 && code != http.StatusRequestTimeout && code != http.StatusTooEarly && code != http.StatusTooManyRequests:
		return Permanent{err}
	default:
		if after, ok := retryAfter(resp.Header.Get("Retry-After"), time.Now()); ok {
			return Busy{err, after}
		}
		return err
	}
}

// keys of all secrets, in order: those of the options first.
func (w *Webhook) keys() ([][]byte, error) {
	secrets := w.Secret
	if w.SecretFile != "" {
		text, err := os.ReadFile(w.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("read secret_file: %w", err)
		}
		for _, line := range strings.Fields(string(text)) {
			secrets = append(secrets[:len(secrets):len(secrets)], Secret(line))
		}
	}
	keys := make([][]byte, 0, len(secrets))
	for _, s := range secrets {
		key, err := signingKey(s)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// origin is the URL as it may be shown: a path or query can hold a credential.
func (w *Webhook) origin() string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return "an unreadable URL"
	}
	return u.Scheme + "://" + u.Host
}

// signature is the webhook-signature header: for each key, v1 and the base64 of HMAC-SHA256 over id.timestamp.body.
func signature(keys [][]byte, id, timestamp string, body []byte) string {
	signed := make([]string, len(keys))
	for i, key := range keys {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.", id, timestamp)
		mac.Write(body)
		signed[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signed, " ")
}

// retryAfter reads the header of RFC 9110, section 10.2.3: seconds or a date.
func retryAfter(header string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return max(0, date.Sub(now)), true
}

// withoutURL is the cause of a client error, whose text would repeat the URL.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
