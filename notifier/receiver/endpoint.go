package receiver

import (
	"crypto/tls"
	"net"
	"net/url"
	"strconv"
)

// Endpoint is where a target is reached, as far as it can be told without telling it anything.
type Endpoint struct {
	// Address is host:port.
	Address string
	// TLS is how it is encrypted from the first byte on; nil: it is not.
	TLS *tls.Config
}

// Reached is a receiver whose target has an address.
type Reached interface {
	// Endpoint is the target's, or its proxy's; an error says that it cannot be told.
	Endpoint() (Endpoint, error)
}

// Endpoint is that of the URL's host.
func (a Address) Endpoint() (Endpoint, error) {
	u, err := url.Parse(string(a))
	if err != nil {
		return Endpoint{}, a.check("url", "http", "https")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[u.Scheme]
	}
	e := Endpoint{Address: net.JoinHostPort(u.Hostname(), port)}
	if u.Scheme == "https" {
		e.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname()}
	}
	return e, nil
}

// to is the endpoint of who is connected to for a URL.
func (h HTTP) to(a Address) (Endpoint, error) {
	if h.Proxy != "" {
		return h.Proxy.Endpoint()
	}
	return a.Endpoint()
}

// Endpoint is the URL's.
func (w *Webhook) Endpoint() (Endpoint, error) { return w.to(w.URL) }

// Endpoint is the API's.
func (s *Slack) Endpoint() (Endpoint, error) { return s.to(s.APIURL) }

// Endpoint is the API's.
func (p *PagerDuty) Endpoint() (Endpoint, error) { return p.to(p.APIURL) }

// Endpoint is the mail server's.
func (e *Email) Endpoint() (Endpoint, error) {
	host, port, err := e.address()
	if err != nil {
		return Endpoint{}, err
	}
	at := Endpoint{Address: net.JoinHostPort(host, strconv.Itoa(port))}
	if e.TLS == "implicit" {
		at.TLS, err = e.tlsConfig()
	}
	return at, err
}
