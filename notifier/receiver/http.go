package receiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// HTTP is how a target that speaks HTTP is reached.
type HTTP struct {
	// Timeout of one request.
	Timeout time.Duration `yaml:"timeout"`
	// Proxy is the proxy to go through: http, https or socks5. Empty: none, whatever the environment says.
	Proxy Address `yaml:"proxy"`
}

// client follows no redirect: a 3xx is a failure, and a target cannot send us elsewhere.
var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{
		Proxy: proxyOf, ForceAttemptHTTP2: true, MaxIdleConns: 32, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
	},
}

// answerLimit is how much of an answer is read, in bytes.
const answerLimit = 64 << 10

// proxied is the key of a request's proxy in its context.
type proxied struct{}

func proxyOf(req *http.Request) (*url.URL, error) {
	proxy, _ := req.Context().Value(proxied{}).(*url.URL)
	return proxy, nil
}

// Validate checks the time-out and the proxy.
func (h HTTP) Validate() error {
	if h.Timeout <= 0 {
		return fmt.Errorf("timeout %s is not positive", h.Timeout)
	}
	if h.Proxy == "" {
		return nil
	}
	return h.Proxy.check("proxy", "http", "https", "socks5")
}

// answer is what a target said.
type answer struct {
	// from is where, as it may be shown.
	from   Address
	status int
	header http.Header
	body   []byte
}

// post makes one request. An error is one of getting there: what the answer says is for the caller to judge.
func (h HTTP) post(ctx context.Context, to Address, header http.Header, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	if h.Proxy != "" {
		proxy, err := url.Parse(string(h.Proxy))
		if err != nil {
			return answer{}, Permanent{fmt.Errorf("post to %s: the proxy's URL cannot be read", to)}
		}
		ctx = context.WithValue(ctx, proxied{}, proxy)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(to), bytes.NewReader(body))
	if err != nil {
		return answer{}, Permanent{fmt.Errorf("post to %s: the URL cannot be read", to)}
	}
	req.Header = header
	req.Header.Set("User-Agent", "framewatch")
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("post to %s: %w", to, withoutURL(err))
	}
	defer resp.Body.Close()
	// A target that says 2xx has taken the message, even when the rest of its answer is lost.
	said, _ := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	return answer{to, resp.StatusCode, resp.Header, said}, nil
}

// refusal is nil when the status is a 2xx. A 4xx is permanent but for 408, 425 and 429. A target may repeat secrets: they are struck out.
func (a answer) refusal(secrets ...string) error {
	if a.status >= 200 && a.status <= 299 {
		return nil
	}
	body := shorten(scrub(string(a.body), append(secrets, a.from.secrets()...)...), 200)
	err := fmt.Errorf("post to %s: status %d, body %q", a.from, a.status, body)
	passing := a.status == http.StatusRequestTimeout || a.status == http.StatusTooEarly || a.status == http.StatusTooManyRequests
	if a.status >= 400 && a.status <= 499 && !passing {
		return Permanent{err}
	}
	if after, ok := retryAfter(a.header.Get("Retry-After"), time.Now()); ok {
		return Busy{err, after}
	}
	return err
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
