package source

import (
	"slices"
	"time"

	pion "github.com/pion/rtp"
)

const (
	// payloadMP2T is the payload type of MPEG-TS that RFC 3551 fixes; others are agreed upon.
	payloadMP2T = 33
	// aheadMost and behindMost are how far a sequence number may be from the one that is due and still belong to it. (RFC 3550, A.1.)
	aheadMost  = 3000
	behindMost = 1024
	// restartAfter is how many packets in a row, of another sender or far away in sequence, make it the stream.
	restartAfter = 5
	// heldBytes bounds what is held back, in bytes.
	heldBytes = 4 << 20
)

// sequencer takes MPEG-TS out of RTP (RFC 3550, RFC 2250) and puts it in order: a packet that comes early is held back for a few packets or
// some time, then those that are missing are lost. Other payloads on the port, as FEC and RTCP, are passed over. One goroutine.
//
//	due ------> given, with what was held back behind it
//	early ----> held back ---> the missing came, or the hold is over and they are lost
//	behind ---> given already: a duplicate, lost already: late
//	foreign --> set aside ---> the fifth in a row: it is the stream from now on
type sequencer struct {
	meter *Meter
	give  func(data []byte, broken bool)
	depth int
	delay time.Duration

	packet pion.Packet
	// begun tells that there was a packet; ssrc and kind are the stream's sender and payload type, due its next sequence number.
	begun bool
	ssrc  uint32
	kind  uint8
	due   uint16
	// given are the sequence numbers just before due that were given.
	given [behindMost / 64]uint64
	// early is what is held back, in order; aside is what may become the stream.
	early, aside []early
	bytes        int
	// ours is how many of the missing were lost in this machine.
	ours int
	// broken tells that what is given next does not go on.
	broken bool
}

// early is a packet that is held back since at.
type early struct {
	sequence uint16
	ssrc     uint32
	kind     uint8
	data     []byte
	at       time.Time
}

func newSequencer(e endpoint, m *Meter, give func([]byte, bool)) unwrapper {
	m.datagram(func(s *DatagramState) { s.RTP = true })
	return &sequencer{meter: m, give: give, depth: e.reorder, delay: e.delay}
}

// Take takes a datagram.
func (s *sequencer) Take(b []byte, lost int, now time.Time) {
	p := &s.packet
	if p.Unmarshal(b) != nil || p.Version != 2 || !s.media(p) {
		s.count(func(d *DatagramState) { d.Ignored++ })
		s.ours += lost
		return
	}
	if !whole(p.Payload) {
		s.count(func(d *DatagramState) { d.Unaligned++ })
	}
	if !s.begun {
		s.begin(p.SSRC, p.PayloadType, p.SequenceNumber)
	}
	s.ours += lost
	ahead := int(int16(p.SequenceNumber - s.due))
	switch {
	case p.SSRC != s.ssrc || ahead > aheadMost+s.ours || ahead < -behindMost:
		s.foreign(now)
		return
	case ahead < 0:
		s.behind(-ahead)
	case ahead == 0:
		s.deliver(p.Payload)
		s.follow()
	default:
		s.hold(now)
	}
	s.aside = s.forget(s.aside)
}

// media tells whether a packet holds MPEG-TS.
func (s *sequencer) media(p *pion.Packet) bool {
	if len(p.Payload) == 0 {
		return false
	}
	return p.PayloadType == payloadMP2T || s.begun && p.PayloadType == s.kind || allPackets(p.Payload)
}

// allPackets tells whether b is whole packets, each with its sync byte.
func allPackets(b []byte) bool {
	for _, size := range packetSizes {
		if len(b)%size != 0 {
			continue
		}
		good := len(b) > 0
		for at := 0; at < len(b); at += size {
			good = good && b[at] == syncByte
		}
		if good {
			return true
		}
	}
	return false
}

func (s *sequencer) begin(ssrc uint32, kind uint8, sequence uint16) {
	s.begun, s.ssrc, s.kind, s.due = true, ssrc, kind, sequence
	s.given = [len(s.given)]uint64{}
	s.ours = 0
}

// behind takes a packet that should have come by packets before the one that is due.
func (s *sequencer) behind(by int) {
	if s.given[(by-1)/64]>>((by-1)%64)&1 == 1 {
		s.count(func(d *DatagramState) { d.Duplicates++ })
		return
	}
	s.count(func(d *DatagramState) { d.Late++ })
}

// hold holds the packet back. That which is missing may still come.
func (s *sequencer) hold(now time.Time) {
	p := &s.packet
	i, there := slices.BinarySearchFunc(s.early, p.SequenceNumber, func(e early, sequence uint16) int { return int(int16(e.sequence - sequence)) })
	if there {
		s.count(func(d *DatagramState) { d.Duplicates++ })
		return
	}
	if i < len(s.early) {
		s.count(func(d *DatagramState) { d.Reordered++ })
	}
	s.early = slices.Insert(s.early, i, s.copy(now))
	s.bytes += len(p.Payload)
	for len(s.early) > s.depth || s.bytes > heldBytes {
		s.skip()
	}
}

func (s *sequencer) copy(now time.Time) early {
	p := &s.packet
	return early{p.SequenceNumber, p.SSRC, p.PayloadType, slices.Clone(p.Payload), now}
}

// skip gives up what is missing in front of the first packet that is held back.
func (s *sequencer) skip() {
	missing := int(s.early[0].sequence - s.due)
	ours := min(s.ours, missing)
	s.ours -= ours
	s.broken = s.broken || ours > 0
	s.count(func(d *DatagramState) { d.Lost += int64(missing - ours) })
	for range min(missing, behindMost) {
		s.advance(false)
	}
	s.due = s.early[0].sequence
	s.follow()
}

// follow gives what is held back and due.
func (s *sequencer) follow() {
	for len(s.early) > 0 && s.early[0].sequence == s.due {
		s.bytes -= len(s.early[0].data)
		s.hand(s.early[0].data)
		s.early[0] = early{}
		s.early = s.early[1:]
	}
	if len(s.early) == 0 {
		s.early, s.ours = nil, 0
	}
}

// deliver gives a packet that came when it was due, behind later ones if some are held back.
func (s *sequencer) deliver(data []byte) {
	if len(s.early) > 0 {
		s.count(func(d *DatagramState) { d.Reordered++ })
	}
	s.hand(data)
}

func (s *sequencer) hand(data []byte) {
	s.count(func(d *DatagramState) { d.Packets++ })
	s.give(data, s.broken)
	s.broken = false
	s.advance(true)
}

// advance makes the next sequence number due.
func (s *sequencer) advance(given bool) {
	carry := uint64(0)
	if given {
		carry = 1
	}
	for i, v := range s.given {
		s.given[i] = v<<1 | carry
		carry = v >> 63
	}
	s.due++
}

// foreign sets a packet aside, or takes its sender for the stream.
func (s *sequencer) foreign(now time.Time) {
	p := &s.packet
	if n := len(s.aside); n > 0 && (s.aside[n-1].ssrc != p.SSRC || s.aside[n-1].sequence+1 != p.SequenceNumber) {
		s.aside = s.forget(s.aside)
	}
	s.aside = append(s.aside, s.copy(now))
	if len(s.aside) < restartAfter {
		return
	}
	for len(s.early) > 0 {
		s.skip()
	}
	first := s.aside[0]
	s.begin(first.ssrc, first.kind, first.sequence)
	s.count(func(d *DatagramState) { d.Restarts++ })
	s.broken = true
	for _, e := range s.aside {
		s.hand(e.data)
	}
	s.aside = nil
}

// forget passes over packets that were set aside.
func (s *sequencer) forget(aside []early) []early {
	if len(aside) == 0 {
		return nil
	}
	s.count(func(d *DatagramState) { d.Ignored += int64(len(aside)) })
	return nil
}

// Held is when the packet that is held back for the longest is waited for no more.
func (s *sequencer) Held() time.Time {
	var first time.Time
	for _, e := range s.early {
		if first.IsZero() || e.at.Before(first) {
			first = e.at
		}
	}
	if first.IsZero() {
		return first
	}
	return first.Add(s.delay)
}

// Expire gives up what is missing in front of packets that were held back for too long.
func (s *sequencer) Expire(now time.Time) {
	for held := s.Held(); !held.IsZero() && !now.Before(held); held = s.Held() {
		s.skip()
	}
}

func (s *sequencer) count(add func(*DatagramState)) { s.meter.datagram(add) }

// payloadOf is the MPEG-TS in an RTP packet, if that is what b begins.
func payloadOf(b []byte) ([]byte, bool) {
	var p pion.Packet
	if p.Unmarshal(b) != nil || p.Version != 2 || len(p.Payload) == 0 {
		return nil, false
	}
	return p.Payload, p.PayloadType == payloadMP2T || p.Payload[0] == syncByte
}
