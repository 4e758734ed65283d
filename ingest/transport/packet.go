package transport

// packet takes a packet of packetSize bytes in synchrony. (ISO/IEC 13818-1, 2.4.3.2.)
func (m *Monitor) packet(b []byte) {
	m.second.packets++
	if b[0] != syncByte {
		return
	}
	number := int(b[1]&0x1f)<<8 | int(b[2])
	if b[1]&0x80 != 0 {
		m.second.damaged++
		if p := m.known(number); p != nil {
			p.lose()
		}
		return
	}
	if number == pidNull {
		m.second.nulls++
		return
	}
	p := m.pid(number)
	p.missed = p.missed || p.absent(&m.clock)
	p.seen, p.era = m.clock.now, m.clock.era
	a, payload, ok := split(b)
	if !ok {
		return
	}
	if len(payload) > 0 && !m.follow(p, b, &a) {
		return
	}
	m.timing(p, &a)
	if b[3]&0xc0 != 0 {
		m.scrambled(p)
		return
	}
	start := b[1]&0x40 != 0
	switch {
	case len(payload) == 0:
	case p.tables:
		m.sections(p, payload, start)
	case start && (p.class == classVideo || p.class == classAudio):
		m.header(p, payload)
	}
}

// scrambled counts a packet whose payload cannot be read.
func (m *Monitor) scrambled(p *pid) {
	m.second.scrambled++
	switch p.class {
	case classPAT:
		m.second.patErrors++
	case classPMT:
		m.second.pmtErrors++
	}
}

// adaptation is what an adaptation field says.
type adaptation struct {
	// discontinuity_indicator.
	discontinuity bool
	// pcr in 27 MHz ticks, -1 without one.
	pcr int64
}

// split is a packet's adaptation field and payload, empty when it has none. Not ok: the packet cannot be read.
func split(b []byte) (a adaptation, payload []byte, ok bool) {
	a.pcr = -1
	if b[3]&0x20 == 0 {
		if b[3]&0x10 == 0 {
			return a, nil, false // reserved
		}
		return a, b[4:], true
	}
	length := int(b[4])
	switch {
	case b[3]&0x10 == 0:
		length = packetSize - 5 // there is nothing else, whatever the length says
	case length > packetSize-6:
		return a, nil, false
	}
	if field := b[5 : 5+length]; b[4] > 0 {
		a.discontinuity = field[0]&0x80 != 0
		if field[0]&0x10 != 0 && length >= 7 {
			base := int64(field[1])<<25 | int64(field[2])<<17 | int64(field[3])<<9 | int64(field[4])<<1 | int64(field[5])>>7
			a.pcr = base*300 + (int64(field[5]&1)<<8 | int64(field[6]))
		}
	}
	return a, b[5+length:], true
}
