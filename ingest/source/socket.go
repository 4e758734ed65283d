package source

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// socket receives datagrams. One goroutine reads it.
type socket struct {
	*net.UDPConn
	// granted is how many bytes the kernel holds, of those that it was asked for.
	granted int
	// overflow is the kernel's own count of datagrams that it had no room for, of the last one read.
	overflow uint32
	control  [256]byte
}

// listen opens a socket at the address, invalid for every address, and joins it if it is a group. A socket for a group has the group's address,
// so that it hears neither other groups nor what is sent to this machine alone.
func (e *endpoint) listen(at netip.Addr) (*socket, error) {
	iface, err := e.on(at)
	if err != nil {
		return nil, err
	}
	descriptor, err := e.bind(at, iface)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(descriptor), "datagrams")
	defer file.Close() // the connection has its own descriptor
	conn, err := net.FilePacketConn(file)
	if err != nil {
		return nil, err
	}
	s := &socket{UDPConn: conn.(*net.UDPConn)}
	if at.IsMulticast() {
		if err := e.join(s.UDPConn, at, iface); err != nil {
			s.Close()
			return nil, err
		}
	}
	s.granted, err = unix.GetsockoptInt(descriptor, unix.SOL_SOCKET, unix.SO_RCVBUF)
	s.granted /= 2 // the kernel tells twice what it was asked for, its own overhead with it
	return s, err
}

// on is the interface that the endpoint names; nil: by the kernel's routes.
func (e *endpoint) on(at netip.Addr) (*net.Interface, error) {
	for _, name := range []string{e.iface, at.Zone()} {
		if name != "" {
			iface, err := net.InterfaceByName(name)
			if err != nil {
				return nil, fmt.Errorf("find interface %.40q: there is none of that name", name)
			}
			return iface, nil
		}
	}
	if !at.IsMulticast() || !e.local.IsValid() {
		return nil, nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, iface := range all {
		owned, _ := iface.Addrs()
		for _, a := range owned {
			if p, ok := a.(*net.IPNet); ok && p.IP.Equal(e.local.AsSlice()) {
				return &iface, nil
			}
		}
	}
	return nil, fmt.Errorf("find the interface of %s: this machine has no such address", e.local)
}

// bind makes the socket and returns its descriptor.
func (e *endpoint) bind(at netip.Addr, iface *net.Interface) (descriptor int, err error) {
	family, name := addressOf(at, e.port, iface)
	descriptor, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	set := func(level, option, value int) {
		if err == nil {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(descriptor, level, option, value))
		}
	}
	if family == unix.AF_INET6 {
		only := 0
		if at.IsValid() && !at.IsUnspecified() {
			only = 1
		}
		set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
	}
	if at.IsMulticast() {
		// Otherwise a group is heard on every interface on which anybody on this machine has joined it.
		if family == unix.AF_INET6 {
			set(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0)
		} else {
			set(unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0)
		}
	}
	if e.reuse || at.IsMulticast() {
		set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	set(unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	set(unix.SOL_SOCKET, unix.SO_RCVBUF, e.buffer)
	if err == nil {
		err = os.NewSyscallError("bind", unix.Bind(descriptor, name))
	}
	if err != nil {
		unix.Close(descriptor)
		return 0, fmt.Errorf("receive at %s: %w", netip.AddrPortFrom(at, e.port), err)
	}
	return descriptor, nil
}

func addressOf(at netip.Addr, port uint16, iface *net.Interface) (family int, name unix.Sockaddr) {
	if at.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(port), Addr: at.As4()}
	}
	six := &unix.SockaddrInet6{Port: int(port)}
	if at.IsValid() {
		six.Addr = at.As16()
	}
	if iface != nil {
		six.ZoneId = uint32(iface.Index)
	}
	return unix.AF_INET6, six
}

// join asks for the group: from anyone, from the sources alone, or from all but those that are blocked.
func (e *endpoint) join(conn *net.UDPConn, group netip.Addr, iface *net.Interface) error {
	var membership interface {
		JoinGroup(*net.Interface, net.Addr) error
		ExcludeSourceSpecificGroup(*net.Interface, net.Addr, net.Addr) error
		JoinSourceSpecificGroup(*net.Interface, net.Addr, net.Addr) error
	} = ipv6.NewPacketConn(conn)
	if group.Is4() {
		membership = ipv4.NewPacketConn(conn)
	}
	to := func(a netip.Addr) net.Addr { return &net.UDPAddr{IP: a.AsSlice()} }
	var err error
	for _, source := range e.sources {
		err = errors.Join(err, membership.JoinSourceSpecificGroup(iface, to(group), to(source)))
	}
	if len(e.sources) == 0 {
		err = membership.JoinGroup(iface, to(group))
	}
	for _, source := range e.blocked {
		err = errors.Join(err, membership.ExcludeSourceSpecificGroup(iface, to(group), to(source)))
	}
	if errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("join %s: no route leads to it: name an interface with localaddr or iface", group)
	}
	if err != nil {
		return fmt.Errorf("join %s: %w", group, err)
	}
	return nil
}

// Next is the next datagram, in b, from whom it is, and how many the kernel had no room for since the one before.
func (s *socket) Next(b []byte, until time.Time) (n int, from netip.Addr, dropped int, err error) {
	if err := s.SetReadDeadline(until); err != nil {
		return 0, from, 0, err
	}
	n, controls, _, sender, err := s.ReadMsgUDPAddrPort(b, s.control[:])
	if err != nil || controls == 0 {
		return n, sender.Addr(), 0, err
	}
	messages, err := unix.ParseSocketControlMessage(s.control[:controls])
	if err != nil {
		return n, sender.Addr(), 0, nil
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_RXQ_OVFL && len(m.Data) >= 4 {
			count := binary.NativeEndian.Uint32(m.Data)
			dropped, s.overflow = int(count-s.overflow), count
		}
	}
	return n, sender.Addr(), dropped, nil
}
