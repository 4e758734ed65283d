package lab

// muxer joins pieces into one MPEG-TS with continuous time stamps and continuity counters. It is used by one goroutine.
type muxer struct {
	next map[int]byte
}

const (
	// firstStamp is the time stamp of piece 0: far enough from zero for PCR to run ahead of it.
	firstStamp = 10 * clockRate
	// referenceLead is how long before its decoding time a picture is sent.
	referenceLead = clockRate / 2
	// tablesEvery is the number of pictures between two PAT and PMT: 0.4 s.
	tablesEvery = 10
)

// append adds what is sent with picture i of piece p, which is the stream's n-th, to dst: the tables when they are due, the picture,
// and the sound that is presented with it.
func (m *muxer) append(dst, tables []byte, p piece, n int64, i int) []byte {
	start := firstStamp + n*pieceTicks
	if i%tablesEvery == 0 {
		dst = m.packets(dst, tables, 0)
	}
	picture := p.pictures[i]
	dst = m.packets(dst, picture.packets, start-picture.shift)
	for _, sound := range p.sounds {
		if sound.time*FrameRate/clockRate == int64(i) {
			dst = m.packets(dst, sound.packets, start-sound.shift)
		}
	}
	return dst
}

// packets copies the packets to dst, delayed by ticks.
func (m *muxer) packets(dst, packets []byte, ticks int64) []byte {
	if m.next == nil {
		m.next = map[int]byte{}
	}
	for len(packets) > 0 {
		at := len(dst)
		dst = append(dst, packets[:packetSize]...)
		packets = packets[packetSize:]
		p := packet(dst[at:])
		p.delay(ticks, referenceLead)
		if p.hasPayload() {
			p.setContinuity(m.next[p.pid()])
			m.next[p.pid()]++
		} else {
			p.setContinuity(m.next[p.pid()] - 1)
		}
	}
	return dst
}
