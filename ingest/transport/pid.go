package transport

// pidNull is the PID of null packets and the end of all others.
const pidNull = 0x1fff

// class is what continuity errors of a PID are counted under.
type class uint8

const (
	classOther class = iota
	classPAT
	classPMT
	classVideo
	classAudio
	classPCR
	classSCTE35
	classes
)

// classNames are those of Transport.continuity_errors.
var classNames = [classes]string{"other", "pat", "pmt", "video", "audio", "pcr", "scte35"}

// missingAfter is the user specified period of TR 101 290, 1.6, in ticks.
const missingAfter = 5 * ticksPerSecond

// pid is what is known of one PID.
type pid struct {
	number     int
	generation int32

	// From the tables: what it carries, whether that is sections, whether it must not be absent for long, whether it is a PMT's PCR_PID.
	class          class
	tables, wanted bool
	carriesPCR     bool
	// awaited is wanted as it was while the tables are read anew.
	awaited bool
	// seen is when the last packet came, missed that it was absent for too long in this second.
	seen   int64
	era    int32
	missed bool

	continuity
	lastPCR
	pts interval
	// part is the section that has begun; nil before there was one.
	part *assembly
	// What the clock remembers of this PID's PCR and DTS.
	pcrMark, dtsMark mark
}

// known is what is known of a PID, nil when nothing is.
func (m *Monitor) known(number int) *pid {
	if number >= pidNull || m.index[number] == 0 {
		return nil
	}
	return m.pids[m.index[number]-1]
}

// pid is what is known of a PID from now on.
func (m *Monitor) pid(number int) *pid {
	p := m.known(number)
	if p == nil {
		p = &pid{number: number, generation: m.generation, lastPCR: lastPCR{value: -1}, pts: interval{limit: ptsMost, max: -1}}
		p.base()
		p.seen, p.era = m.clock.now, m.clock.era
		m.pids = append(m.pids, p)
		m.index[number] = uint16(len(m.pids))
	}
	if p.generation != m.generation {
		p.generation = m.generation
		p.lastPCR = lastPCR{value: -1}
		p.lose()
	}
	return p
}

// base is what a PID is without any table: PAT and CAT, or what DVB fixes (EN 300 468, 5.1.3): NIT, SDT and BAT, EIT, TDT and TOT.
func (p *pid) base() {
	p.class, p.tables, p.wanted, p.carriesPCR = classOther, false, false, false
	switch p.number {
	case 0:
		p.class, p.tables = classPAT, true
	case 1, 0x10, 0x11, 0x12, 0x14:
		p.tables = true
	}
}

// absent tells whether the PID is wanted and has not come for missingAfter.
func (p *pid) absent(c *clock) bool {
	return p.wanted && p.era == c.era && c.now-p.seen > missingAfter
}
