package access

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Policy is a Config in force. It is safe for concurrent use.
type Policy struct {
	config        Config
	classes       []class
	allowed, deny []netip.Prefix
	// trusting lets the first connection go wherever it is told to.
	trusting bool

	mu sync.Mutex
	// ours are ports of our own, by host:port.
	ours map[string]string
}

// New is the policy that a valid Config says.
func New(c Config) *Policy {
	p := &Policy{config: c, ours: map[string]string{}}
	p.classes, p.allowed, _ = networks(c.Allow, true)
	_, p.deny, _ = networks(c.Deny, false)
	return p
}

// Personal is the policy of a command that a person gives: what it names may be read wherever it is, and what that leads to is held to the defaults.
func Personal() *Policy {
	p := New(Defaults())
	p.trusting = true
	return p
}

// Own keeps streams off addresses, host:port each, that belong to Framewatch itself or to what it relies on; what says whose they are. A
// host that is empty or unspecified stands for every address of this machine, a name for what it resolves to at the time.
func (p *Policy) Own(what string, addresses ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range addresses {
		p.ours[a] = what
	}
}

// Scheme refuses one that is not configured.
func (p *Policy) Scheme(name string) error {
	if p.trusting || slices.Contains(p.config.Schemes, name) {
		return nil
	}
	return Denied{"a " + name + " URL", fmt.Sprintf("ingest.access.schemes has %s; add %s to it", strings.Join(p.config.Schemes, ", "), name)}
}

// check judges a connection to at, as the rules stand that do not depend on the way there. explicit tells that its network is listed by itself.
func (p *Policy) check(ctx context.Context, at netip.AddrPort) (c class, explicit bool, err error) {
	what := "connecting to " + at.String()
	f := faces(at.Addr())
	c, forbidden := classify(f)
	explicit = within(f, p.allowed)
	switch {
	case forbidden != "":
		return c, explicit, Denied{what, forbidden + " is never connected to"}
	case within(f, p.deny):
		return c, explicit, Denied{what, "ingest.access.deny lists its network"}
	case !explicit && !slices.Contains(p.classes, c):
		return c, explicit, Denied{what, fmt.Sprintf("ingest.access.allow lists neither %v addresses nor its network", c)}
	}
	return c, explicit, p.checkOwn(ctx, what, at.Port(), f)
}

// checkOwn refuses ports of our own. Names are looked up only when the port is theirs, and then must be found.
func (p *Policy) checkOwn(ctx context.Context, what string, port uint16, f []netip.Addr) error {
	p.mu.Lock()
	suspects := map[string]string{}
	for address, whose := range p.ours {
		if host, number, err := net.SplitHostPort(address); err == nil && number == strconv.Itoa(int(port)) {
			suspects[host] = whose
		}
	}
	p.mu.Unlock()
	for host, whose := range suspects {
		found, err := p.lookup(ctx, host)
		if err != nil {
			return Denied{what, fmt.Sprintf("the port is that of %s, whose address cannot be found at the moment", whose)}
		}
		for _, a := range found {
			if slices.Contains(f, a) || a.IsUnspecified() && isHere(f) {
				return Denied{what, fmt.Sprintf("%s is there, which is never read as a stream", whose)}
			}
		}
	}
	return nil
}

// lookup is what host stands for: an address as it is written in full, or what the resolver says.
func (p *Policy) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if host == "" {
		return []netip.Addr{netip.IPv6Unspecified()}, nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.WithZone("").Unmap()}, nil
	}
	resolver := p.config.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	found, err := resolver.LookupNetIP(ctx, "ip", host)
	for i, a := range found {
		found[i] = a.Unmap()
	}
	return found, err
}

// isHere tells whether one of the addresses is this machine's.
func isHere(faces []netip.Addr) bool {
	own, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	for _, f := range faces {
		if f.IsLoopback() {
			return true
		}
		for _, o := range own {
			if network, ok := o.(*net.IPNet); ok && network.IP.Equal(f.AsSlice()) {
				return true
			}
		}
	}
	return false
}
