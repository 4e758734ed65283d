package receiver

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Webhook tells a URL by POSTs that are signed as in Standard Webhooks 1.0.0: one for each change, or one for a storm.
type Webhook struct {
	// URL of the target, http or https.
	URL Address `yaml:"url"`
	// Secret signs the message: whsec_ (HMAC-SHA256) or whsk_ (ed25519) and base64, or a list of such; all of them sign, so that a secret can be changed without a gap.
	// Without any the message is not signed.
	Secret Secrets `yaml:"secret"`
	// SecretFile holds further secrets, one a line. It is read for each attempt, so a change needs no restart.
	SecretFile string `yaml:"secret_file"`

	HTTP `yaml:",inline"`
}

// NewWebhook is a Webhook with its defaults: a time-out of 15 s.
func NewWebhook() *Webhook { return &Webhook{HTTP: HTTP{Timeout: 15 * time.Second}} }

// Validate checks the URL's scheme and the secrets.
func (w *Webhook) Validate() error {
	if err := w.URL.check("url", "http", "https"); err != nil {
		return err
	}
	if err := w.HTTP.Validate(); err != nil {
		return err
	}
	_, err := w.signers()
	return err
}

// Tell posts each change that is not told yet, or a digest of them. Success is a 2xx; 4xx is permanent but for 408, 425 and 429.
func (w *Webhook) Tell(ctx context.Context, m *Message) (status int, err error) {
	if m.Digest != nil {
		if !m.left() {
			return 0, nil
		}
		body, err := digestPayload(m)
		if err != nil {
			return 0, Permanent{err}
		}
		if status, err = w.deliver(ctx, m.ID, body); err == nil {
			m.told()
		}
		return status, err
	}
	for i := range m.Changes {
		c := &m.Changes[i]
		if c.Told {
			continue
		}
		body, err := changePayload(m, c)
		if err != nil {
			return status, Permanent{err}
		}
		if status, err = w.deliver(ctx, c.ID, body); err != nil {
			return status, err
		}
		c.Told = true
	}
	return status, nil
}

// deliver posts body under id once.
func (w *Webhook) deliver(ctx context.Context, id string, body []byte) (int, error) {
	signers, err := w.signers()
	if err != nil {
		return 0, err
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", timestamp)
	if len(signers) > 0 {
		header.Set("Webhook-Signature", signature(signers, id, timestamp, body))
	}
	a, err := w.post(ctx, w.URL, header, body)
	if err != nil {
		return 0, err
	}
	return a.status, a.refusal()
}

// signers of all secrets, in order: those of the options first.
func (w *Webhook) signers() ([]signer, error) {
	var signers []signer
	for i, s := range w.Secret {
		sign, err := newSigner(s)
		if err != nil {
			return nil, fmt.Errorf("secret %d: %w", i+1, err)
		}
		signers = append(signers, sign)
	}
	if w.SecretFile == "" {
		return signers, nil
	}
	text, err := readSecret("secret_file", w.SecretFile)
	if err != nil {
		return nil, err
	}
	for i, word := range strings.Fields(text) {
		sign, err := newSigner(Secret(word))
		if err != nil {
			return nil, fmt.Errorf("secret_file, secret %d: %w", i+1, err)
		}
		signers = append(signers, sign)
	}
	return signers, nil
}
