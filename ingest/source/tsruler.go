package source

import (
	"math"

	"github.com/framewatch/framewatch/ingest/media"
)

// stretch is the time that a segment's media takes: of its pictures, or of its sound when it has no pictures. 90 kHz.
type stretch struct{ first, length int64 }

// measureTS tells the stretch of a segment of MPEG-TS by its PES headers: from the least PTS to the greatest and one step more, the steps being taken
// for alike. false: it is no MPEG-TS, or has fewer than two time stamps.
func measureTS(data []byte) (s stretch, ok bool) {
	const size = 188
	var pictures, sound span33
	for ; len(data) >= size && data[0] == 0x47; data = data[size:] {
		if data[1]&0x40 == 0 || data[3]&0x10 == 0 { // payload_unit_start_indicator, and there is a payload
			continue
		}
		payload := data[4:size]
		if data[3]&0x20 != 0 {
			payload = payload[min(1+int(payload[0]), len(payload)):]
		}
		if len(payload) < 14 || payload[0] != 0 || payload[1] != 0 || payload[2] != 1 || payload[7]&0x80 == 0 {
			continue
		}
		p := payload[9:]
		pts := int64(p[0]>>1&7)<<30 | int64(p[1])<<22 | int64(p[2]>>1)<<15 | int64(p[3])<<7 | int64(p[4]>>1)
		switch id := payload[3]; {
		case id&0xf0 == 0xe0:
			pictures.add(pts)
		case id&0xe0 == 0xc0, id == 0xbd:
			sound.add(pts)
		}
	}
	if pictures.count > 1 {
		return pictures.stretch(), true
	}
	return sound.stretch(), sound.count > 1
}

// span33 is from the least to the greatest of time stamps of 33 bits that lie close together.
type span33 struct{ count, least, greatest int64 }

func (s *span33) add(pts int64) {
	if s.count++; s.count == 1 {
		s.least, s.greatest = pts, pts
		return
	}
	pts = nearest(pts, s.greatest)
	s.least, s.greatest = min(s.least, pts), max(s.greatest, pts)
}

func (s *span33) stretch() stretch {
	if s.count < 2 {
		return stretch{s.least, 0}
	}
	return stretch{s.least, (s.greatest - s.least) * s.count / (s.count - 1)}
}

// measureMP4 tells the stretch of a segment of fragmented MP4 whose tracks ru knows.
func (ru ruler) measureMP4(data []byte) (s stretch, ok bool) {
	length := ru.measure(data)
	if ru.timescale <= 0 || length <= 0 {
		return s, false
	}
	clock := func(ticks float64) int64 { return int64(math.Min(ticks*media.Clock/float64(ru.timescale), 1<<60)) }
	s.length = clock(float64(length))
	if all := children(data, "moof", "traf", "tfdt"); len(all) > 0 {
		tfdt := all[0]
		s.first = clock(float64(field(tfdt, 4, 4)))
		if len(tfdt) > 0 && tfdt[0] == 1 {
			s.first = clock(float64(word(tfdt, 4))*(1<<32) + float64(word(tfdt, 8)))
		}
	}
	return s, true
}
