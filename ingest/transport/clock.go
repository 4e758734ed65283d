package transport

// Times are in ticks of 27 MHz; those of PCR and DTS wrap at 33 bits of 90 kHz.
const (
	ticksPerSecond = 27_000_000
	ticksPerMS     = ticksPerSecond / 1000
	wrap           = 300 << 33
	// jumpMost is the largest step of PCR that time can have passed by, and silenceMost how long the clock's source may say nothing.
	jumpMost    = ticksPerSecond
	silenceMost = ticksPerSecond
	// eventsMost bounds the events between two readings.
	eventsMost = 256
)

// clock is stream time: what the PCR of one PID says has passed. Between two of its readings the packets stand evenly by their number
// (ISO/IEC 13818-1, 2.4.2.2), so an event's time is known once the reading after it has come. While the source is silent for silenceMost by the
// PCR of another PID, or by the DTS of one, that takes its place; a PCR takes that of a DTS at once.
type clock struct {
	// now only grows. era grows when it is unknown how much time passed: nothing is measured across.
	now int64
	era int32
	// source is what is read, value and packet its last reading, readings how many there were of this and earlier sources.
	source   source
	value    int64
	packet   int64
	readings uint32
	// events since the last reading.
	events [eventsMost]event
	n      int

	// Of the second: the packets between readings of PCR and the time that they took.
	packets, ticks int64
}

// source names a PID's PCR, or its DTS.
type source struct {
	pid int
	pcr bool
}

// mark is where another source stood when the clock's source was read last.
type mark struct {
	value    int64
	readings uint32
	era      int32
}

// event is something that came with a packet and ends an interval.
type event struct {
	packet   int64
	interval *interval
}

func newClock() clock { return clock{source: source{pid: -1}} }

// Event ends i with the packet, as soon as its time is known.
func (c *clock) Event(i *interval, packet int64) {
	switch {
	case c.source.pid < 0:
		i.begin(c.now, c.era)
		return
	case c.n == eventsMost:
		i.end(c.now, c.era)
		return
	}
	c.events[c.n] = event{packet, i}
	c.n++
}

// Break begins stream time anew: what follows cannot be compared.
func (c *clock) Break() {
	c.settle(0, c.packet)
	c.era++
	c.source = source{pid: -1}
}

// Read takes a reading of a source, whose mark m is. Broken: it is known not to go on from the last.
func (c *clock) Read(s source, m *mark, value, packet int64, broken bool) {
	step := difference(value, c.value)
	switch {
	case c.source.pid < 0:
		c.settle(0, packet)
		c.adopt(s, value, packet)
	case s == c.source && !broken && step >= 0 && step <= jumpMost:
		if s.pcr {
			c.packets += packet - c.packet
			c.ticks += step
		}
		c.settle(step, packet)
		c.adopt(s, value, packet)
	case s == c.source:
		c.Break()
		c.adopt(s, value, packet)
	case s.pcr && !c.source.pcr:
		c.settle(0, packet)
		c.adopt(s, value, packet)
	case broken || m.era != c.era || m.readings != c.readings:
		*m = mark{value, c.readings, c.era}
	default:
		c.take(s, m, value, packet)
	}
}

// take lets s take the place of a source that was silent for long enough.
func (c *clock) take(s source, m *mark, value, packet int64) {
	switch step := difference(value, m.value); {
	case step < 0 || step > silenceMost+jumpMost:
		m.value = value
	case step > silenceMost:
		c.settle(step, packet)
		c.adopt(s, value, packet)
	}
}

func (c *clock) adopt(s source, value, packet int64) {
	c.source, c.value, c.packet = s, value, packet
	c.readings++
}

// settle lets step pass from the last reading to packet and ends the intervals of the events between them.
func (c *clock) settle(step, packet int64) {
	for _, e := range c.events[:c.n] {
		t := c.now
		if packet > c.packet {
			t += step * (e.packet - c.packet) / (packet - c.packet)
		}
		e.interval.end(t, c.era)
	}
	c.n = 0
	c.now += step
}

// difference of two values that wrap, in [-wrap/2, wrap/2).
func difference(a, b int64) int64 {
	d := (a - b) % wrap
	switch {
	case d >= wrap/2:
		return d - wrap
	case d < -wrap/2:
		return d + wrap
	}
	return d
}
