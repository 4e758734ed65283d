package transport

// listedMost bounds the PIDs that tables may name, so that tables which change with every packet cost little.
const listedMost = 1024

// assign tells each PID what the tables say that it carries.
func (m *Monitor) assign() {
	t := &m.tables
	t.changed, t.mapped = false, false
	before := t.listed
	for _, p := range before {
		p.awaited = p.awaited || p.wanted
		p.base()
	}
	t.listed = make([]*pid, 0, len(before))
	for _, q := range t.programmes {
		m.list(q.pmtPID, classPMT)
		for _, s := range q.streams {
			m.list(s.pid, s.class)
		}
	}
	for _, q := range t.programmes {
		t.mapped = t.mapped || q.pcrPID >= 0
		if p := m.list(q.pcrPID, classPCR); p != nil {
			p.carriesPCR, p.wanted = true, true
		}
	}
	for _, p := range t.listed {
		if p.wanted && !p.awaited {
			p.seen, p.era = m.clock.now, m.clock.era // its absence begins now
		}
	}
	for _, p := range before {
		p.awaited = false
	}
}

// list assigns a PID; nil: it is none that tables may name. The first to name it decides.
func (m *Monitor) list(number int, c class) *pid {
	if number < 0x10 || number >= pidNull || len(m.tables.listed) == listedMost {
		return nil
	}
	p := m.pid(number)
	m.tables.listed = append(m.tables.listed, p)
	if p.class == classOther {
		p.class = c
	}
	p.tables = p.tables || p.class == classPMT || p.class == classSCTE35
	p.wanted = p.wanted || p.class == classPMT || p.class == classVideo || p.class == classAudio
	return p
}
