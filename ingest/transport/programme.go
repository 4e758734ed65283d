package transport

import (
	"encoding/binary"
	"slices"

	"github.com/framewatch/framewatch/schemas"
)

// programmesMost bounds the programmes that are followed.
const programmesMost = 128

// tables is what the PAT and its PMTs say.
type tables struct {
	programmes []*programme
	// version of the PAT, -1 before the first, and the CRC-32 of its last section.
	version int
	sum     uint32
	pat     interval
	// mapped tells that there is a PMT. changed tells that PIDs are to be assigned anew; listed are those that are.
	mapped, changed bool
	listed          []*pid
}

// programme is one of the PAT's, with what its PMT says.
type programme struct {
	number, pmtPID int
	// pcrPID is -1 before there is a PMT; sum is the CRC-32 of that.
	pcrPID  int
	sum     uint32
	seen    interval
	systems []int32
	streams []stream
}

// stream is one elementary stream of a programme.
type stream struct {
	pid, kind    int
	class        class
	subtitle     bool
	registration string
	language     string
	captions     []schemas.CaptionService
}

// pat takes a section of the PAT. (ISO/IEC 13818-1, 2.4.4.3.)
func (m *Monitor) pat(s []byte) {
	m.clock.Event(&m.tables.pat, m.number)
	t := &m.tables
	sum, version, single := sumOf(s), int(s[5]>>1&0x1f), s[7] == 0
	if s[5]&1 == 0 || sum == t.sum && version == t.version {
		return
	}
	before := t.programmes
	if single || version != t.version {
		t.programmes = nil
	}
	t.sum, t.version, t.changed = sum, version, true
	for b := s[8 : len(s)-4]; len(b) >= 4; b = b[4:] {
		number, pid := int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:])&0x1fff)
		is := func(p *programme) bool { return p.number == number && p.pmtPID == pid }
		if number == 0 || len(t.programmes) == programmesMost || slices.ContainsFunc(t.programmes, is) {
			continue
		}
		if i := slices.IndexFunc(before, is); i >= 0 {
			t.programmes = append(t.programmes, before[i])
			continue
		}
		t.programmes = append(t.programmes, &programme{number: number, pmtPID: pid, pcrPID: -1, seen: interval{limit: tableMost, max: -1}})
	}
}

// pmt takes a PMT. (ISO/IEC 13818-1, 2.4.4.8.)
func (m *Monitor) pmt(p *pid, s []byte) {
	number := int(binary.BigEndian.Uint16(s[3:]))
	i := slices.IndexFunc(m.tables.programmes, func(q *programme) bool { return q.number == number && q.pmtPID == p.number })
	if i < 0 || len(s) < 16 {
		return
	}
	q := m.tables.programmes[i]
	m.clock.Event(&q.seen, m.number)
	if s[5]&1 == 0 || q.pcrPID >= 0 && q.sum == sumOf(s) {
		return
	}
	q.sum, q.pcrPID = sumOf(s), int(binary.BigEndian.Uint16(s[8:])&0x1fff)
	q.systems, q.streams = nil, nil
	m.tables.changed = true
	info, rest := cut(s[10 : len(s)-4])
	common := describe(info)
	for len(rest) >= 5 {
		e := stream{kind: int(rest[0]), pid: int(binary.BigEndian.Uint16(rest[1:]) & 0x1fff)}
		info, rest = cut(rest[3:])
		own := describe(info)
		e.classify(&common, &own)
		q.streams = append(q.streams, e)
		common.systems = append(common.systems, own.systems...)
	}
	slices.Sort(common.systems)
	q.systems = slices.Compact(common.systems)
}

// cut takes what a length of 12 bits tells from what follows it.
func cut(b []byte) (info, rest []byte) {
	n := 2 + int(binary.BigEndian.Uint16(b)&0xfff)
	if n > len(b) {
		return b[2:], nil
	}
	return b[2:n], b[n:]
}

// sumOf is the CRC-32 that a section ends with.
func sumOf(s []byte) uint32 { return binary.BigEndian.Uint32(s[len(s)-4:]) }

// has tells whether a PID is one of the programme's.
func (p *programme) has(pid int) bool {
	return slices.ContainsFunc(p.streams, func(s stream) bool { return s.pid == pid })
}

// record is the programme as it is published.
func (p *programme) record() schemas.Programme {
	r := schemas.Programme{Number: int32(p.number), PMTPID: int32(p.pmtPID), PCRPID: int32(p.pcrPID), CASystems: slices.Clone(p.systems)}
	for _, s := range p.streams {
		r.Streams = append(r.Streams, schemas.ElementaryStream{
			PID: int32(s.pid), StreamType: int32(s.kind), Kind: s.name(), Registration: s.registration, Language: s.language, Captions: slices.Clone(s.captions),
		})
	}
	return r
}

// name is the stream's kind as it is published.
func (s *stream) name() string {
	switch {
	case s.subtitle:
		return "subtitle"
	case s.class == classOther:
		return "data"
	}
	return classNames[s.class]
}
