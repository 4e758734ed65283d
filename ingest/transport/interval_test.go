package transport_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest/transport"
	"github.com/framewatch/framewatch/schemas"
)

// without leaves out the packets of a PID in [from, to) ms.
func without(pid, from, to int) func(int, packet) bool {
	return func(at int, p packet) bool { return p.pid == pid && at >= from && at < to }
}

// Each row is what is missing of a channel of 3 s. Tables come every 100 ms, PCR and PTS every 20 ms.
func TestIntervals(t *testing.T) {
	type figures struct{ pat, patErrors, pmt, pmtErrors, pcr, pcrErrors, jumps, pts, ptsErrors int32 }
	usual := figures{pat: 100, pmt: 100, pcr: 20, pts: 20}
	with := func(change func(f *figures)) figures {
		f := usual
		change(&f)
		return f
	}
	for _, c := range []struct {
		name string
		skip func(int, packet) bool
		want figures
	}{
		{"nothing", nil, usual},
		{"PAT, to the limit", without(pidPAT, 500, 900), with(func(f *figures) { f.pat = 500 })}, // 400 to 900
		{"PAT", without(pidPAT, 500, 1000), with(func(f *figures) { f.pat, f.patErrors = 600, 1 })},
		{"PAT, three times the limit", without(pidPAT, 500, 2000), with(func(f *figures) { f.pat, f.patErrors = 1600, 3 })},
		{"PMT", without(pidPMT, 500, 1500), with(func(f *figures) { f.pmt, f.pmtErrors = 1100, 2 })},
		{"PMT to the end", without(pidPMT, 1500, 3000), with(func(f *figures) { f.pmt, f.pmtErrors = 1580, 3 })}, // 1400 to the last PCR at 2980
		{"PCR, to the limit", without(pidPCR, 520, 600), with(func(f *figures) { f.pcr = 100 })},                 // 500 to 600
		{"PCR", without(pidPCR, 520, 620), with(func(f *figures) { f.pcr, f.pcrErrors, f.jumps = 120, 1, 1 })},
		{"PTS of pictures, to the limit", without(pidVideo, 520, 1200), with(func(f *figures) { f.pts = 700 })}, // 500 to 1200
		{"PTS of pictures", without(pidVideo, 520, 1220), with(func(f *figures) { f.pts, f.ptsErrors = 720, 1 })},
		{"PTS of sound", without(pidAudio, 520, 2000), with(func(f *figures) { f.pts, f.ptsErrors = 1500, 2 })},
	} {
		var m mux
		m.channel(0, 3000, c.skip)
		s, _ := m.watch(t)
		got := figures{value(s.PATIntervalMax), *s.PATErrors, value(s.PMTIntervalMax), *s.PMTErrors, value(s.PCRGapMax), *s.PCRErrors, s.PCRDiscontinuities, value(s.PTSGapMax), *s.PTSErrors}
		// A packet's time between two PCRs hangs on how many there are: the PMT, third of 8, comes 5 ms after the PCR, and of 5 that are left 8 ms.
		near := func(a, b int32) bool { return a-b <= 5 && b-a <= 5 }
		if !near(got.pat, c.want.pat) || !near(got.pmt, c.want.pmt) || !near(got.pts, c.want.pts) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		got.pat, got.pmt, got.pts = c.want.pat, c.want.pmt, c.want.pts
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// What is counted of an interval in one second is not counted again when it ends in another.
func TestIntervalsOverSeconds(t *testing.T) {
	var m mux
	monitor := transport.New()
	skip := without(pidPAT, 500, 2600) // from 400 to 2600: 2200 ms, four times 500 ms and more
	var errors, longest []int32
	for second := range 3 {
		m.channel(second*1000, second*1000+1000, skip)
		monitor.Write(m.out.Bytes())
		m.out.Reset()
		s, _ := monitor.Second(false, nil)
		errors, longest = append(errors, *s.PATErrors), append(longest, value(s.PATIntervalMax))
	}
	// The PAT is the second of 8 packets in 20 ms: it came at 402.5. The first second ends at its last PCR, 980, 577.5 later, the second at 1980,
	// three times the limit later.
	if text(errors) != "[1,2,1]" || text(longest) != "[577,1577,2200]" {
		t.Errorf("errors %v, longest %v", errors, longest)
	}
}

// However fast it comes, only PCR counts; over a break nothing is measured.
func TestIntervalsEndAtABreak(t *testing.T) {
	for name, c := range map[string]struct {
		jump func(m *mux, monitor *transport.Monitor) // at 2000 the channel goes on with another time
		want func(s *schemas.Transport) bool
	}{
		"announced": {func(m *mux, _ *transport.Monitor) { m.add(packet{pid: pidPCR, indicator: true, empty: true}) },
			func(s *schemas.Transport) bool { return s.PCRDiscontinuities == 0 && *s.PCRErrors == 0 }},
		"told": {func(_ *mux, monitor *transport.Monitor) { monitor.Discontinuity() },
			func(s *schemas.Transport) bool { return s.PCRDiscontinuities == 0 && *s.PCRErrors == 0 }},
		"neither": {func(*mux, *transport.Monitor) {},
			func(s *schemas.Transport) bool { return s.PCRDiscontinuities == 1 && *s.PCRErrors == 0 }},
	} {
		nexts := []int{10_000, 1040, -900, 90_000_000}
		if name != "neither" {
			nexts = append(nexts, 2600) // for all that is known these 600 ms may have passed
		}
		for _, next := range nexts {
			var m mux
			monitor := transport.New()
			m.channel(0, 2000, nil)
			monitor.Write(m.out.Bytes())
			m.out.Reset()
			c.jump(&m, monitor)
			m.channel(next, next+2000, nil)
			monitor.Write(m.out.Bytes())
			s, _ := monitor.Second(false, nil)
			if !c.want(s) || *s.PATErrors != 0 || *s.PTSErrors != 0 || value(s.PCRGapMax) != 20 || value(s.PATIntervalMax) > 102 || value(s.PTSGapMax) > 22 || s.PIDMissing != 0 {
				t.Errorf("%s, going on at %d ms: %s", name, next, text(s))
			}
		}
	}
}

// Over the wrap of 33 bits time goes on.
func TestWrap(t *testing.T) {
	var m mux
	const wrapMS = (1 << 33) / 90 // 95443717 ms and 62 of 90 parts of one, at which it is 0
	m.channel(wrapMS-1000-1000, wrapMS-1000, nil)
	for at := 20; at < 1000; at += 20 {
		m.add(packet{pid: pidPCR, pcr: int64(at) * ms, empty: true})
	}
	s, _ := m.watch(t)
	if s.PCRDiscontinuities != 0 || *s.PCRErrors != 0 || value(s.PCRGapMax) > 40 {
		t.Errorf("%s", text(s))
	}
}

// Bit rate by PCR: 8 packets in 20 ms are 8 * 188 * 8 / 0.02 = 601600 bit/s, however they come.
func TestBitRate(t *testing.T) {
	var m mux
	monitor := transport.New()
	for at := range 10 {
		m.channel(at*100, at*100+100, nil)
	}
	monitor.Write(m.out.Bytes())
	s, _ := monitor.Second(false, nil)
	if value(s.BitRate) != 601600 || *s.PCRCount != 50 || s.NullPackets != 130 { // a null packet in each step, two more in 40 of 50
		t.Errorf("%s", text(s))
	}
}

// Without any PCR the DTS of pictures keeps the time once there was none for a second, and the PCRs' silence is told with it.
func TestPCRStops(t *testing.T) {
	var m mux
	monitor := transport.New()
	take := func(from, to int, skip func(int, packet) bool) *schemas.Transport {
		m.channel(from, to, skip)
		monitor.Write(m.out.Bytes())
		m.out.Reset()
		s, _ := monitor.Second(false, nil)
		return s
	}
	// From 980 on there is none; the sound stops at 2000, which takes PCR or DTS to be told.
	s := take(0, 3000, func(at int, p packet) bool { return p.pid == pidPCR && at >= 1000 || p.pid == pidAudio && at >= 2000 })
	if gap := value(s.PCRGapMax); gap < 1970 || gap > 2030 || *s.PCRErrors != 1 || s.PCRDiscontinuities != 0 || *s.PATErrors != 0 || *s.PTSErrors != 1 {
		t.Errorf("without PCR: %s", text(s))
	}
	// The silence that is going on is told anew, and was counted. With the first PCR, at 4000, a jump is counted as well.
	s = take(3000, 4000, without(pidPCR, 3000, 4000))
	if gap := value(s.PCRGapMax); gap < 2970 || gap > 3030 || *s.PCRErrors != 0 || s.BitRate != nil {
		t.Errorf("a second later: %s", text(s))
	}
	s = take(4000, 5000, nil)
	if gap := value(s.PCRGapMax); gap < 2970 || gap > 3030 || *s.PCRErrors != 0 || s.PCRDiscontinuities != 1 || value(s.BitRate) != 601600 {
		t.Errorf("with PCR again: %s", text(s))
	}
}

// Only the PIDs that a PMT names for PCR are looked at.
func TestPCROfNoProgramme(t *testing.T) {
	var m mux
	m.channel(0, 500, nil)
	m.add(packet{pid: 0x500, pcr: 5 * ms}, packet{pid: pidVideo, pcr: 7 * ms}, packet{pid: 0x500, pcr: 9000 * ms})
	m.channel(500, 1000, nil)
	if s, _ := m.watch(t); *s.PCRCount != 50 || s.PCRDiscontinuities != 0 || value(s.PCRGapMax) != 20 {
		t.Errorf("%s", text(s))
	}
}

// A stream that has never had a PCR is measured by DTS.
func TestNoPCR(t *testing.T) {
	var m mux
	m.channel(0, 3000, func(at int, p packet) bool { return p.pid == pidPCR || p.pid == pidPAT && at > 1000 && at < 2000 })
	s, _ := m.watch(t)
	if got := value(s.PATIntervalMax); got < 980 || got > 1020 || *s.PATErrors != 1 || *s.PCRCount != 0 || s.PCRGapMax != nil {
		t.Errorf("%s", text(s))
	}
}

// With neither no time is known, and no interval is called short.
func TestNoClock(t *testing.T) {
	var m mux
	for range 100 {
		m.tables()
	}
	s, _ := m.watch(t)
	if s.PATIntervalMax != nil || s.PMTIntervalMax != nil || s.PCRGapMax != nil || s.PTSGapMax != nil || s.BitRate != nil || *s.PATErrors != 0 {
		t.Errorf("%s", text(s))
	}
}

// A PID that is wanted is missing 5 s after its last packet, in each second until it is back; one that comes when it comes is not.
func TestPIDMissing(t *testing.T) {
	for _, c := range []struct {
		name string
		pid  int
		want string
	}{
		// Away from 1000 to 8000. It was last seen at 980, and stream time stands at 20 ms before the second's end: 5980 is not yet more than 5 s.
		{"pictures", pidVideo, "[0,0,0,0,0,0,1,1,1,0]"},
		{"sound", pidAudio, "[0,0,0,0,0,0,1,1,1,0]"},
		{"cues, which are never there", pidCues, "[0,0,0,0,0,0,0,0,0,0]"},
		{"null packets", pidNull, "[0,0,0,0,0,0,0,0,0,0]"},
	} {
		var m mux
		monitor := transport.New()
		var missing []int32
		for second := range 10 {
			m.channel(second*1000, second*1000+1000, without(c.pid, 1000, 8000))
			monitor.Write(m.out.Bytes())
			m.out.Reset()
			s, _ := monitor.Second(false, nil)
			missing = append(missing, s.PIDMissing)
		}
		if text(missing) != c.want {
			t.Errorf("%s: %s, want %s", c.name, text(missing), c.want)
		}
	}
	// All of it in one burst: it was away within.
	var m mux
	m.channel(0, 10_000, without(pidVideo, 1000, 8000))
	if s, _ := m.watch(t); s.PIDMissing != 1 {
		t.Errorf("in a burst: %s", text(s))
	}
	// Over a break its absence begins anew, from the second's end on.
	monitor := transport.New()
	m.out.Reset()
	m.channel(0, 4000, without(pidVideo, 1000, 4000))
	monitor.Write(m.out.Bytes())
	monitor.Second(false, nil)
	monitor.Discontinuity()
	var missing []int32
	for second := 4; second < 12; second++ {
		m.out.Reset()
		m.channel(second*1000, second*1000+1000, without(pidVideo, 0, 20_000))
		monitor.Write(m.out.Bytes())
		s, _ := monitor.Second(false, nil)
		missing = append(missing, s.PIDMissing)
	}
	if text(missing) != "[0,0,0,0,0,0,1,1]" { // seen by the end of the fifth second, 4980, and more than 5 s later at 10980
		t.Errorf("over a break: %s", text(missing))
	}
}

// The absence of a PID that a new table names begins with that.
func TestPIDNamedLate(t *testing.T) {
	var m mux
	m.channel(0, 20, nil)
	m.add(packet{pid: 0x300})
	m.channel(20, 8000, nil)
	m.add(table(pidPMT, pmt(1, pidPCR, nil, elementary{0x1b, pidVideo, nil}, elementary{0x0f, pidAudio, nil}, elementary{0x0f, 0x300, nil})))
	m.add(packet{pid: 0x300})
	if s, _ := m.watch(t); s.PIDMissing != 0 {
		t.Errorf("%s", text(s))
	}
}

// Of two programmes the clock of one goes on being kept by the other's PCR when it falls silent.
func TestClockOfAnotherProgramme(t *testing.T) {
	const other = 0x201
	var m mux
	m.add(table(pidPAT, pat(0, 1, pidPMT, 2, 0x200)), table(0x200, pmt(2, other, nil)))
	for at := 0; at < 8000; at += 20 {
		m.channel(at, at+20, func(at int, p packet) bool {
			return p.pid == pidPAT || p.pid == pidPMT && at > 0 || at >= 1000 && p.pid != pidNull
		})
		m.add(packet{pid: other, pcr: int64(at+500_000) * ms, empty: true})
	}
	s, _ := m.watch(t)
	// Pictures and sound from 980 to 7980: 7 s, ten times 700 ms less the one that is not exceeded; both PIDs and that of PCR are missing.
	if gap := value(s.PTSGapMax); gap < 6950 || gap > 7020 || s.PIDMissing != 5 || *s.PCRErrors != 1 {
		t.Errorf("%s", text(s))
	}
}
