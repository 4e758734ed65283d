package lab

import "errors"

// packet is one MPEG-TS packet (ISO/IEC 13818-1, 2.4.3.2).
type packet []byte

func (p packet) pid() int         { return int(p[1]&0x1f)<<8 | int(p[2]) }
func (p packet) starts() bool     { return p[1]&0x40 != 0 }
func (p packet) hasPayload() bool { return p[3]&0x10 != 0 }

// setContinuity writes the continuity counter.
func (p packet) setContinuity(n byte) { p[3] = p[3]&0xf0 | n&0x0f }

// payload is what follows the header and the adaptation field.
func (p packet) payload() []byte {
	at := 4
	if p[3]&0x20 != 0 {
		at += 1 + int(p[4])
	}
	if !p.hasPayload() || at > len(p) {
		return nil
	}
	return p[at:]
}

// stamps are the five-byte fields of PTS and DTS in a packet that starts a PES packet; each may be nil.
func (p packet) stamps() (pts, dts []byte) {
	b := p.payload()
	if !p.starts() || len(b) < 9 || b[0] != 0 || b[1] != 0 || b[2] != 1 {
		return nil, nil
	}
	if b[7]&0x80 != 0 && len(b) >= 14 {
		pts = b[9:14]
	}
	if b[7]&0x40 != 0 && len(b) >= 19 {
		dts = b[14:19]
	}
	return pts, dts
}

// pts reads the presentation time stamp of the PES packet that starts here.
func (p packet) pts() (int64, error) {
	pts, _ := p.stamps()
	if pts == nil {
		return 0, errors.New("a PES packet without time stamp")
	}
	return stamp(pts), nil
}

// delay adds ticks to PTS and DTS, and ticks-lead to PCR.
func (p packet) delay(ticks, lead int64) {
	pts, dts := p.stamps()
	for _, field := range [][]byte{pts, dts} {
		if field != nil {
			setStamp(field, stamp(field)+ticks)
		}
	}
	if p[3]&0x20 != 0 && p[4] >= 7 && p[5]&0x10 != 0 {
		setReference(p[6:11], reference(p[6:11])+ticks-lead)
	}
}

// stamp reads a 33-bit time stamp spread over five bytes with marker bits.
func stamp(b []byte) int64 {
	return int64(b[0]>>1&7)<<30 | int64(b[1])<<22 | int64(b[2]>>1)<<15 | int64(b[3])<<7 | int64(b[4]>>1)
}

// setStamp writes t and leaves the prefix and marker bits alone.
func setStamp(b []byte, t int64) {
	b[0] = b[0]&0xf1 | byte(t>>30&7)<<1
	b[1] = byte(t >> 22)
	b[2] = byte(t>>15)<<1 | 1
	b[3] = byte(t >> 7)
	b[4] = byte(t)<<1 | 1
}

// reference reads the 33-bit base of a PCR.
func reference(b []byte) int64 {
	return int64(b[0])<<25 | int64(b[1])<<17 | int64(b[2])<<9 | int64(b[3])<<1 | int64(b[4]>>7)
}

// setReference writes the base and leaves the extension alone.
func setReference(b []byte, t int64) {
	b[0], b[1], b[2], b[3] = byte(t>>25), byte(t>>17), byte(t>>9), byte(t>>1)
	b[4] = b[4]&0x7f | byte(t&1)<<7
}
