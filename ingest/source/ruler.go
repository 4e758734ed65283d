package source

import "encoding/binary"

// ruler measures how long an MP4 segment lasts by what its first track says of each sample (ISO/IEC 14496-12 sections 8.8.7 and 8.8.8).
type ruler struct {
	// track by its id; its ticks in a second, and those of a sample that says nothing.
	track                uint32
	timescale, otherwise int64
}

// newRuler reads an initialisation section; a timescale of 0: there is nothing to measure by.
func newRuler(init []byte) (r ruler) {
	for _, tkhd := range children(init, "moov", "trak", "tkhd") {
		r.track = field(tkhd, 12, 20)
		break
	}
	for _, mdhd := range children(init, "moov", "trak", "mdia", "mdhd") {
		r.timescale = int64(field(mdhd, 12, 20))
		break
	}
	for _, trex := range children(init, "moov", "mvex", "trex") {
		if word(trex, 4) == r.track {
			r.otherwise = int64(word(trex, 12))
		}
	}
	return r
}

// measure is how long a segment lasts in ticks; 0 when it does not say.
func (r ruler) measure(segment []byte) (total int64) {
	for _, traf := range children(segment, "moof", "traf") {
		each := r.otherwise
		for _, tfhd := range children(traf, "tfhd") {
			if word(tfhd, 4) != r.track {
				each = -1
				break
			}
			at, flags := 8, word(tfhd, 0)
			if flags&0x1 != 0 {
				at += 8
			}
			if flags&0x2 != 0 {
				at += 4
			}
			if flags&0x8 != 0 {
				each = int64(word(tfhd, at))
			}
		}
		if each < 0 {
			continue
		}
		for _, trun := range children(traf, "trun") {
			total += samples(trun, each)
		}
	}
	return total
}

// samples is how long the samples of a trun box last.
func samples(trun []byte, each int64) (total int64) {
	flags, count := word(trun, 0), int(word(trun, 4))
	if flags&0x100 == 0 {
		return int64(count) * each
	}
	at, step := 8, 0
	for _, bit := range []uint32{0x1, 0x4} {
		if flags&bit != 0 {
			at += 4
		}
	}
	for _, bit := range []uint32{0x100, 0x200, 0x400, 0x800} {
		if flags&bit != 0 {
			step += 4
		}
	}
	for ; count > 0 && at+4 <= len(trun); count, at = count-1, at+step {
		total += int64(word(trun, at))
	}
	return total
}

// word is the 32-bit number at a place of a box, 0 beyond its end.
func word(box []byte, at int) uint32 {
	if at+4 > len(box) {
		return 0
	}
	return binary.BigEndian.Uint32(box[at:])
}

// field is the 32-bit number at one place in a box of version 0 and at another in one of version 1.
func field(box []byte, version0, version1 int) uint32 {
	if len(box) > 0 && box[0] == 1 {
		return word(box, version1)
	}
	return word(box, version0)
}
