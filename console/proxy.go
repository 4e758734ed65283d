package console

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TrustedProxy says which reverse proxy authenticates people before they come here. It must remove the headers from what it is sent itself.
type TrustedProxy struct {
	// From are the networks that it connects from, such as 10.0.0.7/32. From elsewhere the headers mean nothing.
	From []string `yaml:"from"`
	// UserHeader is the header with the user's name, such as X-Forwarded-User.
	UserHeader string `yaml:"user_header"`
	// RoleHeader is the header with the role; empty, or where the header is not there: DefaultRole.
	RoleHeader string `yaml:"role_header,omitempty"`
	// DefaultRole is viewer unless it is set.
	DefaultRole Role `yaml:"default_role,omitempty"`
}

func (p *TrustedProxy) validate() error {
	networks, err := p.networks()
	if err != nil {
		return err
	}
	switch {
	case len(networks) == 0:
		return errors.New("from is empty: which addresses does the proxy connect from?")
	case slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Bits() == 0 }):
		return errors.New("from names everybody, who could then be anybody: name the proxy's own addresses")
	case p.UserHeader == "":
		return errors.New("user_header is missing")
	}
	for _, header := range []string{p.UserHeader, p.RoleHeader} {
		if name := textproto.CanonicalMIMEHeaderKey(header); strings.ContainsAny(header, " :") || name == "Authorization" || name == "Cookie" {
			return fmt.Errorf("%q is no header for this", header)
		}
	}
	if p.DefaultRole != "" {
		return p.DefaultRole.validate()
	}
	return nil
}

func (p *TrustedProxy) networks() (list []netip.Prefix, err error) {
	for _, text := range p.From {
		n, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("from: %q is no network such as 10.0.0.7/32", text)
		}
		list = append(list, n)
	}
	return list, nil
}

// proxied recognises who the trusted proxy says it is.
type proxied struct {
	config   TrustedProxy
	networks []netip.Prefix
}

func newProxied(config TrustedProxy) *proxied {
	networks, _ := config.networks()
	return &proxied{config, networks}
}

func (p *proxied) enter(r *http.Request) (*visit, error) {
	names := r.Header.Values(p.config.UserHeader)
	if len(names) == 0 || !p.trusts(hostname(r.RemoteAddr)) {
		return nil, nil
	}
	var given []string
	if p.config.RoleHeader != "" {
		given = r.Header.Values(p.config.RoleHeader)
	}
	if len(names) > 1 || len(given) > 1 || !isName(names[0]) {
		return nil, Refusal{"the proxy is to give one user and one role", http.StatusUnauthorized}
	}
	role := cmp.Or(p.config.DefaultRole, Viewer)
	if len(given) == 1 {
		role = Role(given[0])
	}
	if err := role.validate(); err != nil {
		return nil, Refusal{err.Error(), http.StatusForbidden}
	}
	return &visit{Actor: Actor{Name: names[0], Role: role, Way: "proxy"}}, nil
}

func (p *proxied) trusts(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(ip.Unmap().WithZone("")) })
}

// longestName bounds a user's name, bytes: it stands in records.
const longestName = 100

// isName tells whether a name that comes from outside can stand in records.
func isName(name string) bool {
	return name != "" && len(name) <= longestName && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}
