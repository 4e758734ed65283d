package transport

// header takes the start of a PES packet. (ISO/IEC 13818-1, 2.4.3.6.)
func (m *Monitor) header(p *pid, b []byte) {
	if len(b) < 14 || b[0] != 0 || b[1] != 0 || b[2] != 1 || b[6]&0xc0 != 0x80 || b[7]&0x80 == 0 {
		return
	}
	m.clock.Event(&p.pts, m.number)
	stamp := stampOf(b[9:])
	if b[7]&0x40 != 0 && len(b) >= 19 {
		stamp = stampOf(b[14:])
	}
	m.clock.Read(source{p.number, false}, &p.dtsMark, stamp*300, m.number, false)
}

// stampOf is a time stamp of 33 bits in five bytes.
func stampOf(b []byte) int64 {
	return int64(b[0]>>1&7)<<30 | int64(b[1])<<22 | int64(b[2]>>1)<<15 | int64(b[3])<<7 | int64(b[4]>>1)
}
