package transport

import "github.com/framewatch/framewatch/schemas"

const (
	tagSegmentation = 0x02
	identifierCUEI  = 0x43554549
)

// slots are the segmentations whose time is not the network's, by the segmentation_type_id that they begin with, of SCTE 35 table 23; the one
// after it is their end. Slot 0 is splice_insert's. Overlays leave the network's picture where it is, and are none of them.
var slots = [...]int{-1, 0x22, 0x30, 0x32, 0x34, 0x36, 0x3c, 0x3e, 0x44, 0x46}

// parseSignal reads the descriptors of a time_signal: a cue for each segmentation, or one for the signal alone.
func parseSignal(r *reader, pts *int64) (cues []cue) {
	length := int(r.bits(16)) * 8
	for end := r.at + length; r.at < end && !r.short; {
		tag, length := r.bits(8), int(r.bits(8))
		next := r.at + length*8
		if next > len(r.b)*8 || r.short {
			break
		}
		if d := (&reader{b: r.b[:next/8], at: r.at}); tag == tagSegmentation && d.bits(32) == identifierCUEI {
			if c := parseSegmentation(d); !d.short {
				c.PTS = pts
				cues = append(cues, c)
			}
		}
		r.at = next
	}
	if cues == nil {
		cues = []cue{{SpliceEvent: schemas.SpliceEvent{Kind: "time_signal", PTS: pts}}}
	}
	return cues
}

// parseSegmentation reads a segmentation_descriptor behind its identifier. (SCTE 35, 10.3.3.)
func parseSegmentation(r *reader) (c cue) {
	c.Kind = "time_signal"
	c.EventID = pointer(r.bits(32))
	c.Cancelled = r.bits(1) == 1
	r.bits(7)
	if c.Cancelled {
		return c
	}
	program, lasts := r.bits(1) == 1, r.bits(1) == 1
	r.bits(6)
	if !program {
		for n := r.bits(8); n > 0 && !r.short; n-- {
			r.bits(8 + 7)
			r.bits(33)
		}
	}
	if lasts {
		c.Duration = pointer(r.bits(40))
	}
	r.bits(8)
	for n := r.bits(8); n > 0 && !r.short; n-- {
		r.bits(8)
	}
	kind := int(r.bits(8))
	r.bits(16)
	c.SegmentationType = pointer(int32(kind))
	for i, begins := range slots {
		if kind == begins || kind == begins+1 && i > 0 {
			c.slot, c.Out = i, pointer(kind == begins)
		}
	}
	return c
}
