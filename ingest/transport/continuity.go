package transport

import "bytes"

// continuity follows a PID's counter.
type continuity struct {
	// last is the last packet with payload; follows tells that the next must go on from it, repeated that it was repeated already.
	last              [packetSize]byte
	follows, repeated bool
}

// follow counts what is wrong with the counter of a packet with payload. False: the packet is a repetition, whose content has been seen.
// (ISO/IEC 13818-1, 2.4.3.3; TR 101 290, 1.4.)
func (m *Monitor) follow(p *pid, b []byte, a *adaptation) bool {
	c := &p.continuity
	follows, step := c.follows, (b[3]-c.last[3])&0xf
	if follows && step == 0 && same(c.last[:], b) {
		if c.repeated {
			m.second.continuity[p.class]++
		} else {
			m.second.duplicates++
		}
		c.repeated = true
		return false
	}
	c.follows, c.repeated = true, false
	copy(c.last[:], b)
	if !follows || step == 1 || a.discontinuity {
		return true
	}
	m.second.continuity[p.class]++
	p.part.drop()
	return true
}

// lose lets the next packet be the first.
func (p *pid) lose() {
	p.follows = false
	p.part.drop()
}

// same tells whether b repeats a: all bytes are equal but those of PCR, which counts on.
func same(a, b []byte) bool {
	const pcr, afterPCR = 6, 12
	if b[3]&0x20 == 0 || b[4] < 7 || b[5]&0x10 == 0 {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(a[:pcr], b[:pcr]) && bytes.Equal(a[afterPCR:], b[afterPCR:])
}
