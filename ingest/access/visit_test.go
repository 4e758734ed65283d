package access_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/framewatch/framewatch/ingest/access"
)

const ok = ""

// Every way of writing an address that is found in the wild, as a stream's own URL names it.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ host, want string }{
		{"93.184.216.34", ok}, {"2606:4700::1", ok}, {"10.0.0.1", ok}, {"172.31.255.255", ok}, {"192.168.1.1", ok}, {"100.64.0.1", ok}, {"fd12::1", ok},
		{"127.0.0.1", ok}, {"127.99.0.1", ok}, {"::1", ok}, {"::ffff:127.0.0.1", ok}, {"64:ff9b::10.0.0.1", ok},
		{"169.254.169.254", "link-local"}, {"169.254.170.2", "link-local"}, {"fe80::1", "link-local"}, {"fe80::1%eth0", "link-local"},
		{"::ffff:169.254.169.254", "link-local"}, {"::ffff:a9fe:a9fe", "link-local"}, {"64:ff9b::169.254.169.254", "link-local"}, {"64:ff9b::a9fe:a9fe", "link-local"},
		{"2002:a9fe:a9fe::1", "link-local"}, {"::169.254.169.254", "link-local"}, {"::ffff:0:169.254.169.254", "link-local"}, {"2606:4700::5efe:169.254.169.254", "link-local"},
		{"2606:4700::200:5efe:169.254.169.254", "link-local"},
		{"64:ff9b:1::169.254.169.254", "local NAT64"}, {"2001:0:53aa:64c::1", "Teredo"},
		{"fd00:ec2::254", "metadata"}, {"fd20:ce::254", "metadata"}, {"100.100.100.200", "metadata"}, {"168.63.129.16", "metadata"}, {"192.0.0.192", "protocol"},
		{"0.0.0.0", "unspecified"}, {"0.1.2.3", "unspecified"}, {"::", "unspecified"}, {"::ffff:0.0.0.0", "unspecified"},
		{"224.0.0.1", "multicast"}, {"ff02::1", "multicast"}, {"255.255.255.255", "broadcast"}, {"240.0.0.1", "broadcast"}, {"fec0::1", "site-local"},
	} {
		_, err := access.New(access.Defaults()).Visit(c.host).Resolve(t.Context(), c.host, 80)
		wantRule(t, c.host, err, c.want)
	}
}

// Classes and networks of the configuration, for a name that resolves to the address: a name does not name loopback.
func TestAllowAndDeny(t *testing.T) {
	for _, c := range []struct {
		allow, deny, address, want string
	}{
		{"public private loopback", "", "127.0.0.1", "loopback is only for a stream whose own URL"},
		{"public private loopback", "", "::1", "loopback is only for"},
		{"public private loopback", "", "64:ff9b::127.0.0.1", "loopback is only for"},
		{"public 127.0.0.0/8", "", "127.0.0.1", ok},
		{"public", "", "127.0.0.1", "ingest.access.allow lists neither loopback"},
		{"public", "", "10.0.0.1", "ingest.access.allow lists neither private addresses nor its network"},
		{"public", "", "64:ff9b::10.0.0.1", "lists neither private"},
		{"public 10.1.0.0/16", "", "10.1.2.3", ok},
		{"public 10.1.0.0/16", "", "10.2.2.3", "lists neither private"},
		{"10.1.0.0/16", "", "93.184.216.34", "lists neither public"},
		{"public private", "10.9.0.0/16", "10.9.0.1", "ingest.access.deny"},
		{"public private", "10.9.0.0/16", "64:ff9b::10.9.0.1", "ingest.access.deny"},
		{"10.9.0.0/16", "10.9.0.7", "10.9.0.7", "ingest.access.deny"},
		{"169.254.0.0/16 0.0.0.0/0", "", "169.254.169.254", "never connected to"},
	} {
		config := access.Config{Allow: strings.Fields(c.allow), Deny: strings.Fields(c.deny), Resolver: names(t, map[string]string{"name.test.": c.address})}
		if err := config.Validate(); err != nil {
			t.Fatal(err)
		}
		_, err := access.New(config).Visit("name.test").Resolve(t.Context(), "name.test", 80)
		wantRule(t, c.allow+" without "+c.deny+": "+c.address, err, c.want)
	}
}

// Other ways of writing 127.0.0.1 are names to us; whatever a resolver makes of them, Go's or the system's, does not name loopback.
func TestOtherFormsNameNoLoopback(t *testing.T) {
	for _, host := range []string{"2130706433", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "127.1", "127.0.0.1.nip.test", "localhost.evil.test"} {
		config := access.Defaults()
		for _, config.Resolver = range []*net.Resolver{nil, names(t, map[string]string{host + ".": "127.0.0.1"})} {
			at, err := access.New(config).Visit(host).Resolve(t.Context(), host, 80)
			if err == nil || strings.Contains(host, "test") && config.Resolver != nil && !strings.Contains(err.Error(), "loopback is only for") {
				t.Errorf("%s: got %v, %v", host, at, err)
			}
		}
	}
	for _, host := range []string{"localhost", "[::1]", "A.LOCALHOST", "a.localhost."} {
		config := access.Defaults()
		config.Resolver = names(t, map[string]string{"a.localhost.": "127.0.0.1"})
		_, err := access.New(config).Visit(host).Resolve(t.Context(), host, 80)
		wantRule(t, host, err, ok)
	}
}

// What a server says never leads nearer than where the server is.
func TestNothingLeadsNearer(t *testing.T) {
	const far, middle, near = "93.184.216.34", "10.0.0.1", "127.0.0.1"
	for _, c := range []struct{ from, to, want string }{
		{far, far, ok}, {far, middle, "a public address may not lead to a private one; list its network in ingest.access.allow"},
		{far, near, "loopback is only for"}, {far, "10.77.0.1", ok}, {far, "169.254.169.254", "never connected to"},
		{middle, far, ok}, {middle, middle, ok}, {middle, near, "loopback is only for"},
		{near, far, ok}, {near, middle, ok}, {near, near, ok}, {near, "169.254.169.254", "never connected to"},
	} {
		config := access.Defaults()
		config.Allow = append(config.Allow, "10.77.0.0/16")
		v := access.New(config).Visit(c.from)
		if _, err := v.Resolve(t.Context(), c.from, 80); err != nil {
			t.Fatal(err)
		}
		_, err := v.Resolve(t.Context(), c.to, 80)
		wantRule(t, c.from+" to "+c.to, err, c.want)
	}
}

// Our own ports are refused by whatever address they are reached, also where a name stands for them.
func TestOwnPorts(t *testing.T) {
	config := access.Defaults()
	config.Resolver = names(t, map[string]string{"kafka.test.": "10.0.0.9"})
	p := access.New(config)
	p.Own("the console", "0.0.0.0:8080")
	p.Own("the pictures' server", "127.0.0.1:8090")
	p.Own("a Kafka broker", "kafka.test:9092", "lost.test:9094")
	for _, c := range []struct {
		host string
		port uint16
		want string
	}{
		{"127.0.0.1", 8080, "the console is there"}, {"127.3.2.1", 8080, "the console is there"}, {"::1", 8080, "the console is there"},
		{"93.184.216.34", 8080, ok}, {"127.0.0.1", 8081, ok},
		{"127.0.0.1", 8090, "the pictures' server is there"}, {"::ffff:127.0.0.1", 8090, "the pictures' server"}, {"127.0.0.2", 8090, ok},
		{"10.0.0.9", 9092, "a Kafka broker is there"}, {"64:ff9b::10.0.0.9", 9092, "a Kafka broker is there"}, {"10.0.0.8", 9092, ok}, {"10.0.0.9", 9093, ok},
		{"10.0.0.9", 9094, "cannot be found at the moment"},
	} {
		_, err := p.Visit(c.host).Resolve(t.Context(), c.host, c.port)
		wantRule(t, netip.AddrPortFrom(netip.MustParseAddr(c.host), c.port).String(), err, c.want)
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range own {
		host := o.(*net.IPNet).IP
		if host.IsLinkLocalUnicast() {
			continue
		}
		_, err := p.Visit(host.String()).Resolve(t.Context(), host.String(), 8080)
		wantRule(t, host.String(), err, "the console is there")
	}
}

// Of several addresses those are taken that may be; a person's own command goes where it is told to, and what is found there does not lead on.
func TestResolve(t *testing.T) {
	config := access.Defaults()
	config.Resolver = names(t, map[string]string{"name.test.": "169.254.1.1 10.0.0.1"})
	at, err := access.New(config).Visit("name.test").Resolve(t.Context(), "name.test", 554)
	if err != nil || at.String() != "10.0.0.1:554" {
		t.Errorf("got %v, %v", at, err)
	}
	if _, err := access.New(config).Visit("no.test").Resolve(t.Context(), "no.test", 554); err == nil || errors.As(err, new(access.Denied)) {
		t.Errorf("a name that is not found: %v", err)
	}
	v := access.Personal().Visit("169.254.1.1")
	for _, c := range []struct{ host, want string }{{"169.254.1.1", ok}, {"169.254.1.1", ok}, {"169.254.1.2", "never connected to"}} {
		_, err := v.Resolve(t.Context(), c.host, 80)
		wantRule(t, c.host, err, c.want)
	}
}

// wantRule wants err to be Denied by a rule that says want; none when want is empty.
func wantRule(t *testing.T, what string, err error, want string) {
	t.Helper()
	if want == ok {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	var denied access.Denied
	if !errors.As(err, &denied) || !strings.Contains(denied.Rule, want) {
		t.Errorf("%s: got %v, want a refusal that says %q", what, err, want)
	}
}

// names is a resolver that knows the given names alone, each with its addresses.
func names(t *testing.T, known map[string]string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			server.WriteTo(answer(buffer[:n], known), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func answer(query []byte, known map[string]string) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	addresses, found := known[strings.ToLower(q.Name.String())]
	if !found {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, text := range strings.Fields(addresses) {
		a := netip.MustParseAddr(text)
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case q.Type == dnsmessage.TypeA && a.Is4():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
		case q.Type == dnsmessage.TypeAAAA && a.Is6():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	reply, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return reply
}
