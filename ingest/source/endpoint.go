package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// endpoint is where datagrams are received, as a URL in FFmpeg's or VLC's manner says it: udp://host:port, udp://@group:port,
// udp://source@group:port. A host that is no group is an address of this machine; none is every address.
type endpoint struct {
	// host is an address, perhaps with a zone, or a name.
	host string
	port uint16
	// local is the address whose interface joins a group, or which receives when there is no host; iface is the interface by its name.
	local netip.Addr
	iface string
	// sources are the only senders that are heard, blocked those that are not.
	sources, blocked []netip.Addr
	// reuse lets several sockets have one port; for groups they always may.
	reuse bool
	// buffer is what the kernel is asked to hold, fifo what is held here while the worker is busy; bytes.
	buffer, fifo int
	// silence is how long nothing may come; 0: as the scheme says.
	silence time.Duration
	// reorder is how many RTP packets are held back for one that is missing, delay for how long.
	reorder int
	delay   time.Duration
}

const (
	// bufferAsked is what the kernel is asked to hold of datagrams, in bytes; bufferMost what an option may ask for.
	bufferAsked = 4 << 20
	bufferMost  = 256 << 20
	// fifoPackets is FFmpeg's own default of fifo_size, in packets of 188 bytes. FFmpeg's users write numbers that nobody means: what is held
	// is never less than fifoLeast bytes or more than fifoMost.
	fifoPackets = 7 * 4096
	fifoLeast   = 4 * gateMost
	fifoMost    = 64 << 20
	// sendersMost bounds sources and block: the kernel's igmp_max_msf.
	sendersMost = 10
	// reorderPackets and reorderDelay bound how long an RTP packet is waited for.
	reorderPackets = 32
	reorderMost    = 512
	reorderDelay   = 50 * time.Millisecond
)

// option sets what a key of the query says; its error tells what the value must be.
type option func(e *endpoint, value string) error

// udpOptions are FFmpeg's of the same names, and iface. Those that say how to send, or how to fail, are taken and mean nothing here.
var udpOptions = map[string]option{
	"localaddr":   func(e *endpoint, v string) (err error) { e.local, err = parseIP(v); return err },
	"iface":       func(e *endpoint, v string) error { e.iface = v; return nil },
	"localport":   func(e *endpoint, v string) error { return integer(v, 1, 65535, func(n int) { e.port = uint16(n) }) },
	"sources":     func(e *endpoint, v string) (err error) { e.sources, err = parseIPs(v); return err },
	"block":       func(e *endpoint, v string) (err error) { e.blocked, err = parseIPs(v); return err },
	"reuse":       func(e *endpoint, v string) error { return integer(v, 0, 1, func(n int) { e.reuse = n == 1 }) },
	"buffer_size": func(e *endpoint, v string) error { return integer(v, 1, bufferMost, func(n int) { e.buffer = n }) },
	"fifo_size": func(e *endpoint, v string) error {
		return integer(v, 1, 1<<31-1, func(n int) { e.fifo = min(max(n*188, fifoLeast), fifoMost) })
	},
	"timeout":          func(e *endpoint, v string) error { return microseconds(v, &e.silence, 100*time.Millisecond) },
	"pkt_size":         nothing,
	"overrun_nonfatal": nothing,
	"ttl":              nothing,
}

// rtpOptions are further ones.
var rtpOptions = map[string]option{
	"reorder_queue_size": func(e *endpoint, v string) error { return integer(v, 0, reorderMost, func(n int) { e.reorder = n }) },
	"max_delay":          func(e *endpoint, v string) error { return microseconds(v, &e.delay, time.Millisecond) },
	"localrtpport":       udpOptions["localport"],
	"rtcpport":           nothing,
	"localrtcpport":      nothing,
}

// parseEndpoint reads a URL with the options of these tables.
func parseEndpoint(text string, tables ...map[string]option) (endpoint, error) {
	e := endpoint{buffer: bufferAsked, fifo: fifoPackets * 188, reorder: reorderPackets, delay: reorderDelay}
	_, rest, _ := strings.Cut(text, "://")
	rest, query, _ := strings.Cut(rest, "?")
	rest = strings.TrimSuffix(rest, "/")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		if from := strings.Trim(rest[:at], "[]"); from != "" {
			source, err := parseIP(from)
			if err != nil {
				return e, errors.New("what stands before the @ must be a sender's IP address") // and may be a secret
			}
			e.sources = []netip.Addr{source}
		}
		rest = rest[at+1:]
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		return e, errors.New("after :// there must be host:port, @group:port or :port")
	}
	e.host = strings.Replace(host, "%25", "%", 1)
	if err := integer(port, 1, 65535, func(n int) { e.port = uint16(n) }); err != nil {
		return e, fmt.Errorf("the port %w", err)
	}
	if err := e.set(query, tables); err != nil {
		return e, err
	}
	return e, e.valid()
}

// set takes the query's options.
func (e *endpoint) set(query string, tables []map[string]option) error {
	var known []string
	options := map[string]option{}
	for _, table := range tables {
		for name, o := range table {
			known, options[name] = append(known, name), o
		}
	}
	slices.Sort(known)
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' }) {
		key, value, _ := strings.Cut(pair, "=")
		o, ok := options[key]
		if !ok {
			return fmt.Errorf("option %.40q is unknown (known: %s)", key, strings.Join(known, ", "))
		}
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		if err := o(e, value); err != nil {
			return fmt.Errorf("option %s %w", key, err)
		}
	}
	return nil
}

// valid tells what cannot be together.
func (e *endpoint) valid() error {
	group, err := netip.ParseAddr(e.host)
	if err != nil || !group.IsMulticast() {
		return nil
	}
	if len(e.sources) > 0 && len(e.blocked) > 0 {
		return fmt.Errorf("options sources and block exclude each other for a group")
	}
	for _, a := range slices.Concat(e.sources, e.blocked) {
		if a.Is4() != group.Is4() {
			return fmt.Errorf("%s cannot send to the group %s: one is IPv4, the other IPv6", a, group)
		}
	}
	return nil
}

// resolve is the address to receive at; invalid: every address of this machine.
func (e *endpoint) resolve(ctx context.Context) (netip.Addr, error) {
	if e.host == "" {
		return e.local, nil
	}
	if a, err := netip.ParseAddr(e.host); err == nil {
		return a.Unmap(), nil
	}
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", e.host)
	if err != nil {
		return netip.Addr{}, err
	}
	return all[0].Unmap(), nil
}

// hears tells whether a sender is one that is heard.
func (e *endpoint) hears(from netip.Addr) bool {
	if len(e.sources) == 0 && len(e.blocked) == 0 {
		return true
	}
	from = from.Unmap().WithZone("")
	is := func(a netip.Addr) bool { return a.WithZone("") == from }
	return (len(e.sources) == 0 || slices.ContainsFunc(e.sources, is)) && !slices.ContainsFunc(e.blocked, is)
}

func nothing(*endpoint, string) error { return nil }

// integer takes a value from least to most.
func integer(value string, least, most int, take func(int)) error {
	n, err := number(value, least, most)
	if err == nil {
		take(n)
	}
	return err
}

// microseconds takes a time of at least least and at most an hour.
func microseconds(value string, to *time.Duration, least time.Duration) error {
	return integer(value, int(least.Microseconds()), int(time.Hour.Microseconds()), func(n int) { *to = time.Duration(n) * time.Microsecond })
}

func parseIP(value string) (netip.Addr, error) {
	a, err := netip.ParseAddr(value)
	if err != nil {
		return a, fmt.Errorf("is %.60q: it must be an IP address", value)
	}
	return a.Unmap(), nil
}

func parseIPs(value string) (all []netip.Addr, err error) {
	parts := strings.Split(value, ",")
	if len(parts) > sendersMost {
		return nil, fmt.Errorf("names %d addresses: there may be %d", len(parts), sendersMost)
	}
	for _, part := range parts {
		a, err := parseIP(part)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}
