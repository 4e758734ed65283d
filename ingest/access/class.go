package access

import "net/netip"

// class is how near an address is, the nearest first.
type class int

const (
	loopback class = iota
	private
	public
)

var classNames = []string{"loopback", "private", "public"}

func (c class) String() string { return classNames[c] }

// near are the networks that are not public: the machine's own, and those of RFC 1918, 6598, 4193, 2544, 5737 and 3849.
var near = []struct {
	network netip.Prefix
	class   class
}{
	{netip.MustParsePrefix("127.0.0.0/8"), loopback}, {netip.MustParsePrefix("::1/128"), loopback},
	{netip.MustParsePrefix("10.0.0.0/8"), private}, {netip.MustParsePrefix("172.16.0.0/12"), private}, {netip.MustParsePrefix("192.168.0.0/16"), private},
	{netip.MustParsePrefix("100.64.0.0/10"), private}, {netip.MustParsePrefix("fc00::/7"), private}, {netip.MustParsePrefix("198.18.0.0/15"), private},
	{netip.MustParsePrefix("192.0.2.0/24"), private}, {netip.MustParsePrefix("198.51.100.0/24"), private}, {netip.MustParsePrefix("203.0.113.0/24"), private},
	{netip.MustParsePrefix("2001:db8::/32"), private},
}

// never are the networks that are never connected to.
var never = []struct {
	network netip.Prefix
	what    string
}{
	{netip.MustParsePrefix("169.254.0.0/16"), "a link-local address, where clouds keep credentials,"},
	{netip.MustParsePrefix("fe80::/10"), "a link-local address"},
	{netip.MustParsePrefix("fd00:ec2::/32"), "a cloud's metadata service"},
	{netip.MustParsePrefix("fd20:ce::254/128"), "a cloud's metadata service"},
	{netip.MustParsePrefix("fd00:42::42/128"), "a cloud's metadata service"},
	{netip.MustParsePrefix("100.100.100.200/32"), "a cloud's metadata service"},
	{netip.MustParsePrefix("168.63.129.16/32"), "a cloud's metadata service"},
	{netip.MustParsePrefix("192.0.0.0/24"), "an address of a protocol's own"}, // among them a cloud's metadata service, 192.0.0.192
	{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified address"},
	{netip.MustParsePrefix("::/128"), "an unspecified address"},
	{netip.MustParsePrefix("224.0.0.0/4"), "a multicast address"},
	{netip.MustParsePrefix("ff00::/8"), "a multicast address"},
	{netip.MustParsePrefix("240.0.0.0/4"), "a broadcast or reserved address"},
	{netip.MustParsePrefix("fec0::/10"), "a site-local address"},
	// An IPv4 address is hidden in these, and where cannot be told.
	{netip.MustParsePrefix("2001::/32"), "a Teredo address"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "an address of a local NAT64"},
}

// The networks whose addresses hold an IPv4 address that a packet may end at: in their last four bytes, or for 6to4 from the third on.
var (
	inLast = []netip.Prefix{
		netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("::ffff:0:0:0/96"), netip.MustParsePrefix("::/96"),
	}
	sixToFour = netip.MustParsePrefix("2002::/16")
)

// faces are the addresses that a stands for: itself, and an IPv4 address that is mapped, translated or tunnelled in it.
func faces(a netip.Addr) []netip.Addr {
	a = a.WithZone("").Unmap()
	all := []netip.Addr{a}
	if a.Is4() || a.IsLoopback() || a.IsUnspecified() {
		return all
	}
	b := a.As16()
	last := b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe // ISATAP, RFC 5214 section 6.1
	for _, p := range inLast {
		last = last || p.Contains(a)
	}
	switch {
	case last:
		all = append(all, netip.AddrFrom4([4]byte(b[12:])))
	case sixToFour.Contains(a):
		all = append(all, netip.AddrFrom4([4]byte(b[2:6])))
	}
	return all
}

// classify tells the nearest class of an address's faces, and what it is when it is never connected to.
func classify(faces []netip.Addr) (nearest class, forbidden string) {
	nearest = public
	for _, a := range faces {
		for _, n := range never {
			if n.network.Contains(a) {
				return nearest, n.what
			}
		}
		for _, n := range near {
			if n.network.Contains(a) {
				nearest = min(nearest, n.class)
			}
		}
	}
	return nearest, ""
}

// within tells whether one of the faces is in one of the networks.
func within(faces []netip.Addr, networks []netip.Prefix) bool {
	for _, a := range faces {
		for _, n := range networks {
			if n.Contains(a) {
				return true
			}
		}
	}
	return false
}
