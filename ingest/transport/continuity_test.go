package transport_test

import (
	"bytes"
	"maps"
	"testing"
)

// Each row adds to a clean channel what it names; all that the second then counts is told.
func TestPackets(t *testing.T) {
	counter := func(b []byte, step int) { b[3] = b[3]&0xf0 | (b[3]+byte(step))&0xf }
	damage := func(m *mux, pid, step int) {
		m.counters[pid] += byte(step)
		m.add(packet{pid: pid})
	}
	for _, c := range []struct {
		name       string
		add        func(m *mux)
		continuity map[string]int32
		duplicates int32
		damaged    int32
		scrambled  int32
	}{
		{name: "nothing", add: func(*mux) {}},
		{name: "one picture packet lost", add: func(m *mux) { damage(m, pidVideo, 1) }, continuity: map[string]int32{"video": 1}},
		{name: "fifteen lost", add: func(m *mux) { damage(m, pidVideo, 15) }, continuity: map[string]int32{"video": 1}},
		{name: "sound, twice", add: func(m *mux) { damage(m, pidAudio, 3); damage(m, pidAudio, 3) }, continuity: map[string]int32{"audio": 2}},
		{name: "PAT", add: func(m *mux) { m.counters[pidPAT]++; m.tables() }, continuity: map[string]int32{"pat": 1}},
		{name: "PMT", add: func(m *mux) { m.counters[pidPMT]++; m.tables() }, continuity: map[string]int32{"pmt": 1}},
		{name: "cues", add: func(m *mux) { damage(m, pidCues, 0); damage(m, pidCues, 4) }, continuity: map[string]int32{"scte35": 1}},
		{name: "PCR with payload", add: func(m *mux) { damage(m, pidPCR, 0); damage(m, pidPCR, 4) }, continuity: map[string]int32{"pcr": 1}},
		{name: "what no table names", add: func(m *mux) { damage(m, 0x500, 0); damage(m, 0x500, 4) }, continuity: map[string]int32{"other": 1}},
		{name: "null packets have no counter", add: func(m *mux) { damage(m, pidNull, 5) }},
		{name: "packets without payload have none", add: func(m *mux) {
			for range 3 {
				b := m.make(packet{pid: pidVideo, empty: true})
				counter(b, 7)
				m.out.Write(b)
			}
		}},
		{name: "a jump that is announced", add: func(m *mux) {
			m.counters[pidVideo] += 5
			m.add(packet{pid: pidVideo, indicator: true})
		}},
		{name: "a legal repetition", add: func(m *mux) {
			b := m.make(packet{pid: pidVideo})
			m.out.Write(bytes.Repeat(b, 2))
		}, duplicates: 1},
		{name: "of a PCR with payload, which counts on", add: func(m *mux) {
			b := m.make(packet{pid: pidVideo, pcr: 27_000_000})
			m.out.Write(b)
			b[10]++
			m.out.Write(b)
		}, duplicates: 1},
		{name: "twice", add: func(m *mux) {
			b := m.make(packet{pid: pidVideo})
			m.out.Write(bytes.Repeat(b, 3))
		}, duplicates: 1, continuity: map[string]int32{"video": 1}},
		{name: "a repetition with other content", add: func(m *mux) {
			b := m.make(packet{pid: pidVideo})
			m.out.Write(b)
			b[100]++
			m.out.Write(b)
		}, continuity: map[string]int32{"video": 1}},
		{name: "transport_error_indicator, with a counter that cannot be believed", add: func(m *mux) {
			b := m.make(packet{pid: pidVideo})
			b[1] |= 0x80
			counter(b, 3)
			m.out.Write(b)
		}, damaged: 1},
		{name: "an adaptation field longer than the packet", add: func(m *mux) {
			b := m.make(packet{pid: pidVideo, indicator: true})
			counter(b, 5)
			b[4] = 250
			m.out.Write(b)
			m.counters[pidVideo]--
		}},
		{name: "scrambled", add: func(m *mux) { m.add(packet{pid: pidVideo, scrambled: true}, packet{pid: pidAudio, scrambled: true}) }, scrambled: 2},
	} {
		var m mux
		m.channel(0, 500, nil)
		c.add(&m)
		m.channel(500, 1000, nil)
		s, _ := m.watch(t)
		if c.continuity == nil {
			c.continuity = map[string]int32{}
		}
		if !maps.Equal(s.ContinuityErrors, c.continuity) || s.Duplicates != c.duplicates || s.TransportErrors != c.damaged || s.Scrambled != c.scrambled || s.CRCErrors != 0 {
			t.Errorf("%s: %s", c.name, text(s))
		}
	}
}

// A section of which a packet is lost is no CRC error: it is not put together, whatever the next packet brings.
func TestSectionOverALoss(t *testing.T) {
	for _, lost := range []bool{false, true} {
		var m mux
		m.channel(0, 100, nil)
		long := section(0x42, 0xf0, make([]byte, 293)...) // 300 bytes in two packets: 183 and 117
		m.add(packet{pid: 0x11, start: true, payload: append([]byte{0}, long[:183]...)})
		if lost {
			m.counters[0x11]++
			m.add(packet{pid: 0x11, payload: make([]byte, 184)})
		} else {
			m.add(packet{pid: 0x11, payload: long[183:]})
		}
		s, _ := m.watch(t)
		if want := map[bool]int32{true: 1}[lost]; s.CRCErrors != 0 || s.ContinuityErrors["other"] != want {
			t.Errorf("lost %v: %s", lost, text(s))
		}
	}
}
