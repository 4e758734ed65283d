package transport

import (
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// second is what is counted of a second.
type second struct {
	packets, damaged, nulls, scrambled, duplicates int
	continuity                                     [classes]int32
	crcErrors, patErrors, pmtErrors, catErrors     int
	pcrs, jumps, pcrErrors                         int
	// pcrGap is -1 when there was none.
	pcrGap int64
	// cats counts CATs, catsBefore those of the last second with packets; -1 when there was none.
	cats, catsBefore int
}

func newSecond() second { return second{pcrGap: -1, catsBefore: -1} }

// takeTransport is the second's record.
func (m *Monitor) takeTransport() *schemas.Transport {
	f, s := &m.framer, &m.second
	received := f.received > 0 || s.packets > 0
	pat, pmt, pts := m.takeIntervals()
	missing := m.takeMissing()
	if !received {
		return nil
	}
	if s.scrambled > 0 && s.cats == 0 && s.catsBefore == 0 {
		s.catErrors++
	}
	t := &schemas.Transport{
		Packets: int32(s.packets), SyncLosses: int32(f.losses), SyncByteErrors: int32(f.wrong), TransportErrors: int32(s.damaged),
		ContinuityErrors: map[string]int32{}, Duplicates: int32(s.duplicates),
		PATIntervalMax: milliseconds(pat.longest), PMTIntervalMax: milliseconds(pmt.longest), PCRGapMax: milliseconds(s.pcrGap), PTSGapMax: milliseconds(pts.longest),
		PCRDiscontinuities: int32(s.jumps), PIDMissing: int32(missing), CRCErrors: int32(s.crcErrors), NullPackets: int32(s.nulls), Scrambled: int32(s.scrambled),
		InSync: pointer(f.stride > 0), PATErrors: counted(int64(s.patErrors) + pat.errors), PMTErrors: counted(int64(s.pmtErrors) + pmt.errors),
		CATErrors: counted(int64(s.catErrors)), PCRCount: counted(int64(s.pcrs)), PCRErrors: counted(int64(s.pcrErrors)), PTSErrors: counted(pts.errors),
	}
	for c, n := range s.continuity {
		if n > 0 {
			t.ContinuityErrors[classNames[c]] = n
		}
	}
	if m.clock.ticks > 0 {
		t.BitRate = pointer(m.clock.packets * packetSize * 8 * ticksPerSecond / m.clock.ticks)
	}
	m.second = second{pcrGap: -1, catsBefore: s.cats}
	m.clock.packets, m.clock.ticks = 0, 0
	f.received, f.losses, f.wrong = 0, 0, 0
	return t
}

// intervals are the figures of all intervals of a kind.
type intervals struct{ longest, errors int64 }

func (i *intervals) add(v *interval, c *clock) {
	longest, errors := v.take(c.now, c.era)
	i.longest = max(i.longest, longest)
	i.errors += errors
}

// takeIntervals takes those of PAT, PMTs and PTS, and has the running ones of PCR looked at.
func (m *Monitor) takeIntervals() (pat, pmt, pts intervals) {
	pat, pmt, pts = intervals{longest: -1}, intervals{longest: -1}, intervals{longest: -1}
	pat.add(&m.tables.pat, &m.clock)
	for _, p := range m.tables.programmes {
		pmt.add(&p.seen, &m.clock)
	}
	for _, p := range m.pids {
		if p.class == classVideo || p.class == classAudio {
			pts.add(&p.pts, &m.clock)
		}
		if p.generation == m.generation {
			m.waiting(p)
		}
	}
	return pat, pmt, pts
}

// takeMissing counts the PIDs that were absent for too long.
func (m *Monitor) takeMissing() (n int) {
	for _, p := range m.pids {
		if p.era != m.clock.era {
			p.seen, p.era = m.clock.now, m.clock.era
		}
		if p.missed || p.absent(&m.clock) {
			n++
		}
		p.missed = false
	}
	return n
}

// takeSplice is the second's record of SCTE 35, as of a stream time.
func (m *Monitor) takeSplice(now int64) *schemas.Splice {
	q := &m.cues
	for len(q.coming) > 0 && q.coming[0].at <= now {
		q.next()
	}
	events, count := q.events, q.sections
	out := now >= 0 && q.out(now)
	q.events, q.sections = nil, 0
	if !m.signals() {
		return nil
	}
	s := &schemas.Splice{Count: int32(count), Out: out, Unmatched: q.tags.take(m.clock.now)}
	if q.any {
		s.EventID, s.Kind, s.PTS, s.SinceMS = q.last.EventID, q.last.Kind, q.last.PTS, pointer(max(now-q.at, 0)/ticksPerMS)
	}
	if len(events) > 0 {
		s.Events = &events
	}
	return s
}

// signals tells whether a PMT names a PID for cues.
func (m *Monitor) signals() bool {
	for _, p := range m.tables.listed {
		if p.class == classSCTE35 {
			return true
		}
	}
	return false
}

// milliseconds of ticks, nil for -1.
func milliseconds(ticks int64) *int32 {
	if ticks < 0 {
		return nil
	}
	return counted(ticks / ticksPerMS)
}

func counted(n int64) *int32 { return pointer(int32(min(n, math.MaxInt32))) }
