package transport_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/framewatch/framewatch/ingest/transport"
	"github.com/framewatch/framewatch/schemas"
)

// The PIDs of the test's channel.
const (
	pidPAT   = 0
	pidCAT   = 1
	pidPMT   = 0x100
	pidVideo = 0x101
	pidAudio = 0x102
	pidCues  = 0x103
	pidPCR   = 0x104
	pidNull  = 0x1fff
)

// mux makes packets with counters that go on.
type mux struct {
	counters [0x2000]byte
	// serial makes each packet another.
	serial uint32
	out    bytes.Buffer
}

// packet is one as it is to be made.
type packet struct {
	pid       int
	start     bool
	scrambled bool
	indicator bool
	// pcr in 27 MHz ticks; 0: none.
	pcr int64
	// empty leaves out the payload.
	empty   bool
	payload []byte
}

// make is the packet with the next counter of its PID. What the payload leaves free is 0xff.
func (m *mux) make(p packet) []byte {
	b := bytes.Repeat([]byte{0xff}, 188)
	b[0], b[1], b[2], b[3] = 0x47, byte(p.pid>>8), byte(p.pid), 0
	if p.start {
		b[1] |= 0x40
	}
	at := 4
	if p.pcr != 0 || p.indicator || p.empty {
		b[3] |= 0x20
		length := 7
		if p.empty {
			length = 183
		}
		b[4], b[5], at = byte(length), 0, 5+length
		if p.indicator {
			b[5] |= 0x80
		}
		if p.pcr != 0 {
			base, extension := p.pcr/300, p.pcr%300
			b[5] |= 0x10
			copy(b[6:], []byte{byte(base >> 25), byte(base >> 17), byte(base >> 9), byte(base >> 1), byte(base<<7) | 0x7e | byte(extension>>8), byte(extension)})
		}
	}
	if !p.empty {
		b[3] |= 0x10 | m.counters[p.pid]&0xf
		m.counters[p.pid]++
		if copy(b[at:], p.payload) < 188-at-5 {
			m.serial++
			binary.BigEndian.PutUint32(b[184:], m.serial)
		}
	} else {
		b[3] |= (m.counters[p.pid] - 1) & 0xf
	}
	if p.scrambled {
		b[3] |= 0x80
	}
	return b
}

func (m *mux) add(p ...packet) {
	for _, p := range p {
		m.out.Write(m.make(p))
	}
}

// nulls adds n null packets.
func (m *mux) nulls(n int) {
	for range n {
		m.add(packet{pid: pidNull})
	}
}

// table is a packet with a section; it must fit.
func table(pid int, section []byte) packet {
	return packet{pid: pid, start: true, payload: append([]byte{0}, section...)}
}

// section is a section with its length and CRC-32: id and the two flags before the length, then what follows it.
func section(id byte, flags byte, body ...byte) []byte {
	length := len(body) + 4
	s := append([]byte{id, flags | byte(length>>8), byte(length)}, body...)
	sum := ^uint32(0)
	for _, v := range s {
		for bit := 7; bit >= 0; bit-- {
			top := sum>>31 ^ uint32(v>>bit&1)
			sum = sum<<1 ^ top*0x04c11db7
		}
	}
	return append(s, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
}

// pat names programmes by number and the PID of their PMT.
func pat(version byte, programmes ...int) []byte {
	body := []byte{0, 1, 0xc1 | version<<1, 0, 0}
	for i := 0; i < len(programmes); i += 2 {
		body = append(body, byte(programmes[i]>>8), byte(programmes[i]), 0xe0|byte(programmes[i+1]>>8), byte(programmes[i+1]))
	}
	return section(0, 0xb0, body...)
}

// elementary is a stream of a PMT.
type elementary struct {
	kind        byte
	pid         int
	descriptors []byte
}

func pmt(programme, pcr int, descriptors []byte, streams ...elementary) []byte {
	body := []byte{byte(programme >> 8), byte(programme), 0xc1, 0, 0, 0xe0 | byte(pcr>>8), byte(pcr), 0xf0, byte(len(descriptors))}
	body = append(body, descriptors...)
	for _, s := range streams {
		body = append(body, s.kind, 0xe0|byte(s.pid>>8), byte(s.pid), 0xf0, byte(len(s.descriptors)))
		body = append(body, s.descriptors...)
	}
	return section(2, 0xb0, body...)
}

// pes is the start of a PES packet with a PTS, and a DTS when that is another; 90 kHz.
func pes(pts, dts int64) []byte {
	stamp := func(mark byte, v int64) []byte {
		return []byte{mark<<4 | byte(v>>29)&0xe | 1, byte(v >> 22), byte(v>>14) | 1, byte(v >> 7), byte(v<<1) | 1}
	}
	b := []byte{0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5}
	if pts == dts {
		return append(b, stamp(2, pts)...)
	}
	b[7], b[8] = 0xc0, 10
	return append(append(b, stamp(3, pts)...), stamp(1, dts)...)
}

// The channel's tables: pictures, sound and cues, with a PID for PCR alone.
var (
	channelPAT = pat(0, 1, pidPMT)
	channelPMT = pmt(1, pidPCR, nil, elementary{0x1b, pidVideo, nil}, elementary{0x0f, pidAudio, nil}, elementary{0x86, pidCues, nil})
)

// tables adds the channel's.
func (m *mux) tables() { m.add(table(pidPAT, channelPAT), table(pidPMT, channelPMT)) }

// ms in 27 MHz ticks.
const ms = 27_000

// channel adds the channel from one time to another, in steps of 20 ms: a PCR, a picture and sound at every step, tables every 100 ms, in 8
// packets a step. Time 0 is at PCR 1 s. skip, which may be nil, leaves packets out.
func (m *mux) channel(from, to int, skip func(at int, p packet) bool) {
	for at := from; at < to; at += 20 {
		stamp := int64(at+1000) * 90
		reordered := int64(at/20%2) * 7200 // so that PTS goes back and forth, as with pictures that are not sent in order
		all := []packet{{pid: pidPCR, pcr: int64(at+1000) * ms, empty: true}}
		if at%100 == 0 {
			all = append(all, table(pidPAT, channelPAT), table(pidPMT, channelPMT))
		} else {
			all = append(all, packet{pid: pidNull}, packet{pid: pidNull})
		}
		all = append(all, packet{pid: pidVideo, start: true, payload: pes(stamp+45000+reordered, stamp+45000)}, packet{pid: pidVideo}, packet{pid: pidVideo},
			packet{pid: pidAudio, start: true, payload: pes(stamp+9000, stamp+9000)}, packet{pid: pidNull})
		for _, p := range all {
			if skip == nil || !skip(at, p) {
				m.add(p)
			}
		}
	}
}

// watch is what a new monitor tells of all that was made.
func (m *mux) watch(t *testing.T) (*schemas.Transport, *schemas.Splice) {
	t.Helper()
	monitor := transport.New()
	monitor.Write(m.out.Bytes())
	second, cues := monitor.Second(false, nil)
	if second == nil {
		t.Fatal("it is no transport stream")
	}
	return second, cues
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// value of what may be null; -1 for null.
func value[T int32 | int64](v *T) T {
	if v == nil {
		return -1
	}
	return *v
}
