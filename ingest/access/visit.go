package access

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"
)

// redirectsMost is how many redirects in a row are followed.
const redirectsMost = 10

// Visit is one reading of a stream's URL: the connection to what it names, and those to wherever that leads. It is safe for concurrent use.
type Visit struct {
	policy *Policy
	// named tells that the URL itself names loopback.
	named  bool
	dialer net.Dialer

	mu sync.Mutex
	// first is what the URL names, once connected to; floor is then the nearest class that may be.
	first netip.Addr
	floor class
}

// Visit begins a reading of the URL whose host is given, without a port.
func (p *Policy) Visit(host string) *Visit {
	v := &Visit{policy: p, named: namesLoopback(host)}
	v.dialer = net.Dialer{ControlContext: v.control, Resolver: p.config.Resolver, KeepAlive: 30 * time.Second}
	return v
}

// namesLoopback tells that a host says by itself that it is this machine: what a name resolves to its owner decides, not who wrote the URL.
func namesLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && a.Unmap().IsLoopback()
}

// Client sends the visit's requests. It keeps connections of its own, so that no other stream's are used, follows redirects of HTTP only,
// takes no proxy from the environment and keeps no cookies. Close its idle connections when it is not needed any more.
func (v *Visit) Client() *http.Client {
	return &http.Client{CheckRedirect: redirect, Transport: &http.Transport{
		DialContext: v.dial, ForceAttemptHTTP2: true, MaxIdleConns: 8, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		ReadBufferSize: 64 << 10, // a picture at once
	}}
}

// Resolve is the first address of host that may be connected to, for whoever connects without the visit's dialer.
func (v *Visit) Resolve(ctx context.Context, host string, port uint16) (netip.AddrPort, error) {
	found, err := v.policy.lookup(ctx, strings.Trim(host, "[]"))
	if err != nil {
		return netip.AddrPort{}, err
	}
	refused := fmt.Errorf("lookup %s: no address", host)
	for i, a := range found {
		at := netip.AddrPortFrom(a, port)
		if err = v.check(ctx, at); err == nil {
			v.arrive(at)
			return at, nil
		}
		if i == 0 {
			refused = err
		}
	}
	return netip.AddrPort{}, refused
}

// dial connects; that the first connection stands tells from where the visit goes on.
func (v *Visit) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := v.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		v.arrive(at)
	}
	return conn, nil
}

// control judges the resolved address just before the connection is made.
func (v *Visit) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return Denied{"connecting", "the address is not understood"}
	}
	return v.check(ctx, at)
}

func (v *Visit) check(ctx context.Context, at netip.AddrPort) error {
	v.mu.Lock()
	first, floor := v.first, v.floor
	v.mu.Unlock()
	if v.policy.trusting && (!first.IsValid() || at.Addr().Unmap() == first) {
		return nil
	}
	c, explicit, err := v.policy.check(ctx, at)
	switch {
	case err != nil || explicit:
		return err
	case c == loopback && !v.named:
		return Denied{"connecting to " + at.String(), "loopback is only for a stream whose own URL says localhost or 127.0.0.1; list the network in ingest.access.allow to permit it"}
	case first.IsValid() && c < floor:
		return Denied{"connecting to " + at.String(), fmt.Sprintf("a %v address may not lead to a %v one; list its network in ingest.access.allow to permit it", floor, c)}
	}
	return nil
}

// arrive notes the first address that was reached.
func (v *Visit) arrive(at netip.AddrPort) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.first.IsValid() {
		v.first = at.Addr().Unmap()
		v.floor, _ = classify(faces(at.Addr()))
	}
}

// redirect judges one. What the server that answered was told is not told to another.
func redirect(next *http.Request, via []*http.Request) error {
	before := via[len(via)-1].URL
	switch {
	case len(via) >= redirectsMost:
		return fmt.Errorf("stopped after %d redirects", redirectsMost)
	case next.URL.Scheme != "http" && next.URL.Scheme != "https":
		return Denied{"following a redirect", "it leads to a URL that is not HTTP"}
	case before.Scheme == "https" && next.URL.Scheme == "http":
		return Denied{"following a redirect", "it leads from https to http, where everyone on the way can read and change what comes"}
	}
	next.Header.Del("Referer") // holds the query, and tokens with it
	if !sameOrigin(before, next.URL) {
		next.Header.Del("Authorization")
		next.Header.Del("Cookie")
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) }
