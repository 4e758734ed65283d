package source

// #include "picture.h"
import "C"

import (
	"unsafe"

	"github.com/framewatch/framewatch/ingest/media"
)

// caption is what the picture's side data holds. The bytes stay in libav's memory.
func (p *picture) caption() media.Caption {
	r := &p.raw
	c := media.Caption{Attached: r.captions != nil, AFD: int(r.afd), Timecode: r.timecode != 0}
	if c.Attached {
		c.CEA608, c.CEA708 = captionBytes(unsafe.Slice((*byte)(r.captions), int(r.captions_size)))
	}
	return c
}

// captionBytes counts the caption bytes that are no padding in cc_data triplets (ANSI/CTA-708-E 4.3: five marker bits, cc_valid, two
// bits of cc_type, two bytes). Of CEA-608 a byte without its parity bit is padding when it is zero; of CEA-708 a zero is, and the header
// that each caption channel packet begins with does not count.
func captionBytes(data []byte) (cea608, cea708 int) {
	const valid, packetStart = 4, 3
	for ; len(data) >= 3; data = data[3:] {
		if data[0]&valid == 0 {
			continue
		}
		first, second := data[1], data[2]
		switch kind := data[0] & 3; {
		case kind < 2: // a field of CEA-608 each
			cea608 += filled(first&0x7f) + filled(second&0x7f)
		case kind == packetStart:
			cea708 += filled(second)
		default:
			cea708 += filled(first) + filled(second)
		}
	}
	return cea608, cea708
}

// filled is 1 for a byte that is not zero.
func filled(b byte) int {
	if b == 0 {
		return 0
	}
	return 1
}
