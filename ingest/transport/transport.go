// Package transport watches an MPEG-TS on its way to the decoder: the packets' own errors by ETSI TR 101 290, the programmes that it carries
// and its SCTE 35 cues. It counts and measures and judges nothing but what that report calls an error.
//
// It reads no clock. Intervals are of stream time, which the stream's PCR tells: see clock. The accuracy of PCR (2.4, 500 ns) is not
// measured, since that takes the times at which hardware saw the packets arrive.
package transport

import (
	"sync"

	"github.com/framewatch/framewatch/schemas"
)

// Monitor is what is known of one stream. It is safe for concurrent use: one goroutine writes, another takes the seconds.
type Monitor struct {
	mu     sync.Mutex
	framer framer
	clock  clock
	// number of the packet at hand, from 1.
	number int64

	// index leads from a PID to its place in pids, plus 1.
	index [pidNull]uint16
	pids  []*pid
	// generation grows when what follows does not go on where the packets before it ended.
	generation int32

	// assemblies counts the PIDs that have a place to put sections together.
	assemblies int
	tables     tables
	cues       cues
	second     second
}

// New watches nothing yet.
func New() *Monitor {
	return &Monitor{
		clock: newClock(), second: newSecond(),
		tables: tables{version: -1, pat: interval{limit: tableMost, max: -1}},
		cues:   cues{now: -1, late: lateMost},
	}
}

// Write takes what comes next of the stream, cut anywhere. It never fails and keeps none of b.
func (m *Monitor) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.framer.Add(b)
	for p := m.framer.Next(); p != nil; p = m.framer.Next() {
		if m.framer.Regained() {
			m.forget()
		}
		m.number++
		m.packet(p)
		if m.tables.changed {
			m.assign()
		}
	}
	return len(b), nil
}

// Discontinuity tells that what is written next does not go on where the last ended: after a reconnection, over EXT-X-DISCONTINUITY or in
// another variant. Continuity, PCR and intervals begin anew; the programmes are kept until other tables come. What follows may be no transport
// stream.
func (m *Monitor) Discontinuity() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.framer.Reset() // the first packet that is found after it is compared with none
}

// forget lets nothing be compared with what was before.
func (m *Monitor) forget() {
	m.generation++
	m.clock.Break()
}

// Second hands out what came since it was last called and begins anew. The first is nil when none of it was a transport stream, the other
// when no programme has a PID for SCTE 35. Of a stream that comes ahead of its time the cues are told of as far as it is presented, by the time stamp of what is
// presented now, 90 kHz; nil: nothing is, and they are told of as far behind what has come as before.
func (m *Monitor) Second(ahead bool, presented *int64) (*schemas.Transport, *schemas.Splice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.presented(ahead, presented)
	return m.takeTransport(), m.takeSplice(now)
}

// Programmes is what the tables say, nil when there are none.
func (m *Monitor) Programmes() *[]schemas.Programme {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.tables.programmes) == 0 || !m.framer.acquired {
		return nil
	}
	all := make([]schemas.Programme, len(m.tables.programmes))
	for i, p := range m.tables.programmes {
		all[i] = p.record()
	}
	return &all
}
