package transport

import "github.com/framewatch/framewatch/schemas"

// ptsMask are the 33 bits of a time stamp.
const ptsMask = 1<<33 - 1

// The commands of SCTE 35, 9.6.1.
const (
	commandNull      = 0x00
	commandSchedule  = 0x04
	commandInsert    = 0x05
	commandSignal    = 0x06
	commandBandwidth = 0x07
	commandPrivate   = 0xff
)

// cue is one cue: what is published of it, and what it does.
type cue struct {
	schemas.SpliceEvent
	// slot is what it opens or closes, where Out is set; auto tells that an insertion ends by itself after its duration.
	slot int
	auto bool
}

// splice takes a splice_info_section with a right CRC-32. (SCTE 35, 9.6.)
func (m *Monitor) splice(p *pid, s []byte) {
	m.cues.sections++
	for _, c := range parseSplice(s) {
		m.cue(p, &c)
	}
}

// parseSplice is the cues of a splice_info_section; none of one that only shows that it is alive, or is cut short.
func parseSplice(s []byte) []cue {
	r := &reader{b: s[:len(s)-4], at: 4 * 8}
	encrypted := r.bits(1) == 1
	r.bits(6)
	adjustment := r.bits(33)
	r.bits(8 + 12)
	length := int(r.bits(12))
	command := int(r.bits(8))
	if encrypted {
		return []cue{{SpliceEvent: schemas.SpliceEvent{Kind: "encrypted"}}}
	}
	body := *r
	switch command {
	case commandNull, commandBandwidth:
		return nil
	case commandSchedule:
		return []cue{{SpliceEvent: schemas.SpliceEvent{Kind: "splice_schedule"}}}
	case commandPrivate:
		return []cue{{SpliceEvent: schemas.SpliceEvent{Kind: "private_command"}}}
	case commandInsert:
		c := parseInsert(&body, adjustment)
		if body.short {
			return nil
		}
		return []cue{c}
	case commandSignal:
		pts := parseTime(&body, adjustment)
		const unknownLength = 0xfff
		if length != unknownLength {
			body = reader{b: r.b, at: r.at + length*8}
		}
		return parseSignal(&body, pts)
	}
	return []cue{{SpliceEvent: schemas.SpliceEvent{Kind: "unknown"}}}
}

// parseInsert reads a splice_insert. (9.7.3.)
func parseInsert(r *reader, adjustment int64) (c cue) {
	c.Kind = "splice_insert"
	c.EventID = pointer(r.bits(32))
	c.Cancelled = r.bits(1) == 1
	r.bits(7)
	if c.Cancelled {
		return c
	}
	c.Out = pointer(r.bits(1) == 1)
	program, lasts, immediate := r.bits(1) == 1, r.bits(1) == 1, r.bits(1) == 1
	r.bits(4)
	if program && !immediate {
		c.PTS = parseTime(r, adjustment)
	}
	if !program {
		for n := r.bits(8); n > 0 && !r.short; n-- {
			r.bits(8)
			if !immediate {
				parseTime(r, adjustment)
			}
		}
	}
	if lasts {
		c.auto = r.bits(1) == 1
		r.bits(6)
		c.Duration = pointer(r.bits(33))
	}
	r.bits(16 + 8 + 8)
	return c
}

// parseTime reads a splice_time and corrects it; nil when it tells none. (9.8.1.)
func parseTime(r *reader, adjustment int64) *int64 {
	if r.bits(1) == 0 {
		r.bits(7)
		return nil
	}
	r.bits(6)
	return pointer((r.bits(33) + adjustment) & ptsMask)
}

func pointer[T any](v T) *T { return &v }

// reader reads bits; short tells that it was asked for more than there are.
type reader struct {
	b     []byte
	at    int
	short bool
}

// bits is the next n bits, at most 40; 0 when there are not so many.
func (r *reader) bits(n int) (v int64) {
	if r.at+n > len(r.b)*8 {
		r.short, r.at = true, len(r.b)*8
		return 0
	}
	for ; n > 0; n-- {
		v = v<<1 | int64(r.b[r.at/8]>>(7-r.at%8)&1)
		r.at++
	}
	return v
}
