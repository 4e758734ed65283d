// Package access decides what a stream may be read from: which schemes, which files, which addresses. Addresses are judged when a connection
// is made, as the name was resolved, so that neither a redirect, nor a playlist, nor a name that changes its address leads round the rules.
package access

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
)

// Config says what streams may be read from.
//
// Most real streams are on private networks, and a relay on the same machine is not rare, so both may be named by a stream's own URL. What a
// server says is another matter: a redirect or a playlist never leads nearer than where it came from, from a public address to a private one or
// from either to loopback. Link-local addresses, clouds' metadata services and Framewatch's own ports are never connected to.
type Config struct {
	// Schemes that a stream's URL may have. udp and rtp open a port for whoever sends, so they are there only when named.
	Schemes []string `yaml:"schemes"`
	// Directories are absolute paths below which files may be read; none: no file.
	Directories []string `yaml:"directories"`
	// Allow lists what may be connected to: public, private, loopback, and networks such as 10.1.0.0/16. A network that is listed may be led to
	// from anywhere; loopback holds only for a stream whose own URL says localhost, 127.0.0.1 or the like.
	Allow []string `yaml:"allow"`
	// Deny lists networks that may not be connected to, whatever Allow says.
	Deny []string `yaml:"deny"`
	// Resolver looks up names; nil: the system's.
	Resolver *net.Resolver `yaml:"-"`
}

// Defaults are every scheme that connects to a server, addresses of every kind, and no files.
func Defaults() Config {
	return Config{
		Schemes: []string{"file", "http", "https", "rtmp", "rtmps", "rtsp", "rtsps", "srt"},
		Allow:   []string{public.String(), private.String(), loopback.String()},
	}
}

// Validate names the first value that cannot be.
func (c Config) Validate() error {
	for _, d := range c.Directories {
		if !filepath.IsAbs(d) {
			return fmt.Errorf("access.directories: %q is no absolute path", d)
		}
	}
	if _, _, err := networks(c.Allow, true); err != nil {
		return fmt.Errorf("access.allow: %w", err)
	}
	if _, _, err := networks(c.Deny, false); err != nil {
		return fmt.Errorf("access.deny: %w", err)
	}
	return nil
}

// networks reads classes, where they may be, and networks or single addresses.
func networks(list []string, classes bool) (named []class, prefixes []netip.Prefix, err error) {
	for _, entry := range list {
		if i := slices.Index(classNames, entry); i >= 0 && classes {
			named = append(named, class(i))
			continue
		}
		prefix, err := netip.ParsePrefix(entry)
		if !strings.Contains(entry, "/") {
			var a netip.Addr
			a, err = netip.ParseAddr(entry)
			prefix = netip.PrefixFrom(a, a.BitLen())
		}
		if err != nil || prefix.Addr().Is4In6() {
			known := "a network such as 10.1.0.0/16"
			if classes {
				known = strings.Join(classNames, ", ") + " or " + known
			}
			return nil, nil, fmt.Errorf("%q is not %s", entry, known)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return named, prefixes, nil
}

// Denied is why something may not be read: what it is, and the rule with what to configure. It holds no part of a URL, so no secret.
type Denied struct{ What, Rule string }

func (d Denied) Error() string { return d.What + " is refused: " + d.Rule }
