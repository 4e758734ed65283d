package transport

const (
	// sectionMost is the longest that a section's length field can tell, in bytes.
	sectionMost = 3 + 0xfff
	// assembliesMost bounds the PIDs of which sections are put together.
	assembliesMost = 256
	// crcPolynomial of CRC-32/MPEG-2 (ISO/IEC 13818-1, annex A).
	crcPolynomial = 0x04c11db7
)

// Tables by table_id, as far as they are told apart.
const (
	tablePAT    = 0x00
	tableCAT    = 0x01
	tablePMT    = 0x02
	tableTOT    = 0x73
	tableSplice = 0xfc
	stuffing    = 0xff
)

// assembly puts a section together from several packets.
type assembly struct {
	data [sectionMost]byte
	n    int
}

// drop forgets what was begun.
func (a *assembly) drop() {
	if a != nil {
		a.n = 0
	}
}

// sections takes the payload of a packet with sections; start is payload_unit_start_indicator. (ISO/IEC 13818-1, 2.4.4.)
func (m *Monitor) sections(p *pid, payload []byte, start bool) {
	if p.part == nil {
		if m.assemblies == assembliesMost {
			return
		}
		m.assemblies++
		p.part = &assembly{}
	}
	if !start {
		if p.part.n > 0 {
			m.more(p, payload)
		}
		return
	}
	pointer := 1 + int(payload[0])
	if pointer > len(payload) {
		p.part.drop()
		return
	}
	if p.part.n > 0 {
		m.more(p, payload[1:pointer])
		p.part.drop()
	}
	for rest := payload[pointer:]; len(rest) > 0 && rest[0] != stuffing; {
		size := sectionSize(rest)
		if size == 0 || size > len(rest) {
			p.part.n = copy(p.part.data[:], rest)
			return
		}
		m.section(p, rest[:size])
		rest = rest[size:]
	}
}

// more adds to the section that has begun, and takes it when it is whole.
func (m *Monitor) more(p *pid, b []byte) {
	a := p.part
	a.n += copy(a.data[a.n:], b)
	if size := sectionSize(a.data[:a.n]); size > 0 && size <= a.n {
		a.n = 0
		m.section(p, a.data[:size])
	}
}

// sectionSize is the length of the section that b begins with, 0 when that is not told yet.
func sectionSize(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	return 3 + (int(b[1]&0xf)<<8 | int(b[2]))
}

// section takes a whole section.
func (m *Monitor) section(p *pid, s []byte) {
	id := s[0]
	if p.class == classPAT && id != tablePAT {
		m.second.patErrors++
	}
	if p.number == 1 && id != tableCAT {
		m.second.catErrors++
	}
	if s[1]&0x80 == 0 && id != tableTOT && id != tableSplice {
		return // it has no CRC, and is none of those that are read
	}
	if len(s) < 12 || crc(s) != 0 {
		m.second.crcErrors++
		return
	}
	switch {
	case p.class == classPAT && id == tablePAT:
		m.pat(s)
	case p.number == 1 && id == tableCAT:
		m.second.cats++
	case p.class == classPMT && id == tablePMT:
		m.pmt(p, s)
	case p.class == classSCTE35 && id == tableSplice:
		m.splice(p, s)
	}
}

// crc is CRC-32/MPEG-2 of b: 0 over a section with its own at the end.
func crc(b []byte) uint32 {
	sum := ^uint32(0)
	for _, v := range b {
		sum = sum<<8 ^ crcTable[byte(sum>>24)^v]
	}
	return sum
}

var crcTable = func() (table [256]uint32) {
	for i := range table {
		sum := uint32(i) << 24
		for range 8 {
			if sum&(1<<31) != 0 {
				sum = sum<<1 ^ crcPolynomial
			} else {
				sum <<= 1
			}
		}
		table[i] = sum
	}
	return table
}()
