package source

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// The log shim and the playlist parser as the tests reach them.
var (
	StartLog  = startLog
	ForgetLog = forgetLog
	LastLog   = func() string { return lastLog("") }
	// Reference redacts what others wrote.
	Reference = func(url string) string { return new(redaction).reference(url) }
	// Refresh takes a coding's parameter sets from its first key picture.
	Refresh = refresh
	// CaptionBytes counts the bytes of captions that are no padding.
	CaptionBytes = captionBytes
)

// Opening is what libav is told to open for a URL, and the secrets in it.
func Opening(url string) (opened string, options map[string]string, secrets []string, err error) {
	s, err := Lookup(url)
	if err != nil {
		return "", nil, nil, err
	}
	o, err := s.opening(url)
	return o.url, o.options, o.secrets, err
}

// Walk reads a playlist as either kind and walks it from a position; it returns the URLs that would be fetched.
func Walk(at *url.URL, text []byte, started bool, sequence int64) (urls []string, err error) {
	if isMaster(text) {
		variants, err := parseMaster(at, text)
		if err != nil {
			return nil, err
		}
		return []string{choose(variants).url}, nil
	}
	p, err := parseMedia(at, text)
	if err != nil {
		return nil, err
	}
	position := place{started: started, sequence: sequence}
	for range p.segments {
		i, _ := p.index(&position)
		if i >= len(p.segments) {
			break
		}
		s := p.segments[i]
		urls = append(urls, s.url)
		if s.init.url != "" {
			urls = append(urls, s.init.url)
		}
		if s.key.url != "" {
			urls = append(urls, s.key.url)
		}
		position = place{started: true, sequence: s.next}
	}
	return urls, nil
}

// Target is the target duration of a media playlist, 0 when it is none.
func Target(at *url.URL, text []byte) time.Duration {
	p, err := parseMedia(at, text)
	if err != nil {
		return 0
	}
	return p.target
}

// Reception is what a URL says of reception: host, port, sources, what is held, or what is wrong with it.
func Reception(url string) (string, error) {
	d := udp
	if strings.HasPrefix(url, "rtp") {
		d = rtp
	}
	e, err := parseEndpoint(url, d.options...)
	return fmt.Sprintf("%s %d from %v not %v local %v %s reuse %v hold %d %d wait %v reorder %d %v", e.host, e.port, e.sources, e.blocked,
		e.local, e.iface, e.reuse, e.buffer, e.fifo, e.silence, e.reorder, e.delay), err
}

// Sequencer is the way of RTP packets into order, with what it counts.
type Sequencer struct {
	unwrapper
	Meter Meter
}

// NewSequencer waits for a missing packet for depth packets or delay.
func NewSequencer(depth int, delay time.Duration, give func(data []byte, broken bool)) *Sequencer {
	s := &Sequencer{}
	s.unwrapper = newSequencer(endpoint{reorder: depth, delay: delay}, &s.Meter, give)
	return s
}

// Receiver is a socket on loopback that holds as few datagrams as the kernel lets it.
func Receiver() (next func(b []byte) (n, dropped int, err error), at net.Addr, stop func(), err error) {
	e := endpoint{buffer: 1}
	s, err := e.listen(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		return nil, nil, nil, err
	}
	next = func(b []byte) (int, int, error) {
		n, _, dropped, err := s.Next(b, time.Now().Add(20*time.Millisecond))
		return n, dropped, err
	}
	return next, s.LocalAddr(), func() { s.Close() }, nil
}

// FIFO is what holds datagrams while the worker is busy.
type FIFO = fifo

// NewFIFO holds at most that many bytes.
var NewFIFO = newFIFO

// Data is what was taken out of a FIFO.
func (h held) Data() (data []byte, broken bool) { return h.data, h.broken }

// Positions is where a merge puts packets: each the number of its input and its DTS in 90 kHz.
func Positions(packets [][2]int64) (at []int64) {
	var inputs [2]input
	for _, p := range packets {
		i := &inputs[p[0]]
		i.place(p[1], &inputs[1-p[0]])
		at = append(at, i.position)
	}
	return at
}

// Sound is the playlist that the sound of a master playlist's chosen variant is in.
func Sound(master string) (string, error) {
	variants, err := parseMaster(&url.URL{Scheme: "http", Host: "o", Path: "/all.m3u8"}, []byte(master))
	if err != nil {
		return "", err
	}
	return choose(variants).sound, nil
}
