package transport

// lastPCR is a PID's last PCR.
type lastPCR struct {
	// value is -1 when there is none to compare with; at is when it came, in which era. late tells that the interval since was counted.
	value int64
	at    int64
	since int32
	late  bool
	// announced tells that discontinuity_indicator has come since.
	announced bool
}

// timing takes a packet's PCR, and whether it announces another time base.
func (m *Monitor) timing(p *pid, a *adaptation) {
	p.announced = p.announced || a.discontinuity
	if a.pcr < 0 || m.tables.mapped && !p.carriesPCR {
		return
	}
	m.second.pcrs++
	last := p.lastPCR
	m.clock.Read(source{p.number, true}, &p.pcrMark, a.pcr, m.number, last.announced)
	p.lastPCR = lastPCR{value: a.pcr, at: m.clock.now, since: m.clock.era}
	if last.value < 0 || last.announced {
		return
	}
	step := difference(a.pcr, last.value)
	if step < 0 || step > pcrMost {
		m.second.jumps++
	}
	switch {
	case step >= 0 && step <= jumpMost:
		m.gap(step, last.late)
	case last.since == m.clock.era: // there was a silence, over which another source kept the time
		m.gap(m.clock.now-last.at, last.late)
	}
}

// gap takes an interval between PCRs; counted tells that it has been counted as an error.
func (m *Monitor) gap(long int64, counted bool) {
	m.second.pcrGap = max(m.second.pcrGap, long)
	if long > pcrMost && !counted {
		m.second.pcrErrors++
	}
}

// waiting takes the interval that runs since a PID's last PCR, as far as the clock knows of it without.
func (m *Monitor) waiting(p *pid) {
	last := &p.lastPCR
	if last.value < 0 || last.since != m.clock.era || m.tables.mapped && !p.carriesPCR {
		return
	}
	if long := m.clock.now - last.at; long > 0 {
		m.gap(long, last.late)
		last.late = last.late || long > pcrMost
	}
}
