package ingest

import (
	"time"

	"github.com/framewatch/framewatch/ingest/media"
)

// What the presentation clock tolerates. None of these decides about a defect: they define what `at` means.
const (
	// maxJump is the longest step forward between two units of one track that is still one timeline, maxBack the longest step back.
	maxJump = 10 * media.Clock
	maxBack = media.Clock / 10
	// settleTime is how long after its first unit a live source's anchor may still move towards earlier: what a server or the
	// demuxer's probing had stored comes out in a burst, and only the units after it came as they happened.
	settleTime = int64(time.Second / time.Microsecond)
	// maxBurst is the longest such burst; a source with more in store is not live.
	maxBurst = int64(5 * time.Second / time.Microsecond)
	// maxAhead is how far a live source's units may be ahead of the wall before it is held to be none (a file over HTTP) and is paced.
	maxAhead = int64(time.Second / time.Microsecond)
	// joinSlack is how far the end of the last epoch and now may be apart for the next epoch to follow without a gap.
	joinSlack = int64(500 * time.Millisecond / time.Microsecond)
	// maxLate is how late everything may be before the clock is set again, with an epoch.
	maxLate = int64(3 * time.Second / time.Microsecond)
	// driftWindow is how long the smallest lateness is looked for, and slewDivisor bounds its correction: 0.1 % of media time.
	driftWindow = int64(10 * time.Second / time.Microsecond)
	slewDivisor = 1000
)

// mode is how presentation time passes.
type mode int

const (
	// offline: presentation time is media time from the first unit.
	offline mode = iota
	// live: units come as they happen; presentation time follows their arrival.
	live
	// paced: units are there ahead of their time and are held until it has come.
	paced
)

// clock turns time stamps into presentation time, one for all tracks of a worker. One goroutine.
//
//	       first unit                 time stamp jumps, Restart, or all too late
//	(none) ----------> line, epoch 0 ------------------------------------------> line, epoch + 1 ...
//
// A line maps the time stamps of one unbroken stretch onto presentation time. When a track jumps, a new line begins where the last one
// ended; the other tracks stay on their line until they jump too, and then join the new one, so that a discontinuity which reaches
// sound and picture at different moments is one epoch.
type clock struct {
	mode  mode
	epoch int32
	// line is the newest.
	line   *line
	tracks map[int]*position
	// end of all that has been presented, in microseconds since session.
	end int64
	// broken tells that the next unit begins a new line.
	broken bool
	// started is when the first unit came.
	started int64
	// shift is what slewing has added to every line so far, owed what it still has to add; microseconds.
	shift, owed int64
	drift       drift
}

// line maps time stamps onto presentation time: at + (pts - the line's pts).
type line struct {
	pts, at int64
	// latest time stamp seen on it.
	latest int64
}

// position is where one track stands: on which line, its last time stamp and the one expected next, its last instant.
type position struct {
	line          *line
	pts, next, at int64
}

// instant is what the clock says of one unit.
type instant struct {
	// PTS is unwrapped, 90 kHz.
	PTS int64
	// At is presentation time since session in microseconds: never decreasing within a track.
	At int64
	// Epoch counts breaks of the timeline; it never decreases.
	Epoch int32
	// Missing is the time between the end of the track's last unit and this one, 90 kHz; negative when they overlap, 0 on a new line.
	Missing int64
	// Fresh tells that the track is on another line than with its last unit.
	Fresh bool
}

func newClock(m mode) *clock {
	return &clock{mode: m, tracks: map[int]*position{}}
}

// Restart makes the next unit begin a new line after the end of the last: the source was opened anew.
func (c *clock) Restart() {
	c.broken = true
	for _, t := range c.tracks {
		t.line = nil
	}
}

// Change tells that a format changed: an epoch, on the same line.
func (c *clock) Change() {
	if c.line != nil {
		c.epoch++
	}
}

// Pace tells that a live source is none after all: its units are there ahead of their time.
func (c *clock) Pace() {
	if c.mode == live {
		c.mode = paced
	}
}

// Stamp places one unit: its track, time stamp (NoTime: right after the track's last) and duration in 90 kHz, and when it came, in
// microseconds since session. It is called in the order in which the units come.
func (c *clock) Stamp(track int, pts, duration, now int64) instant {
	t := c.tracks[track]
	if t == nil {
		t = &position{}
		c.tracks[track] = t
	}
	pts = c.unwrap(t, pts)
	out := instant{PTS: pts, Fresh: c.place(t, pts, now)}
	if !out.Fresh {
		out.Missing = pts - t.next
	}
	c.slew(t.line, pts)
	at := c.at(t.line, pts)
	if c.mode == live && now-c.started < settleTime && at > now {
		at = c.settle(at, now)
	}
	out.At = max(at, t.at, 0)
	out.Epoch = c.epoch
	t.pts, t.next, t.at = pts, pts+duration, out.At
	c.end = max(c.end, out.At+microseconds(duration))
	return out
}

// Expect is where a packet with that time stamp (NoTime: where all ends so far) will be presented, as far as can be told before it is
// decoded: on a new line that has not begun, where it would begin. It changes nothing.
func (c *clock) Expect(track int, pts, now int64) int64 {
	next := c.end
	if c.mode != offline {
		next = max(next, now)
	}
	if c.line == nil || c.broken || pts == media.NoTime {
		return next
	}
	t, line := c.tracks[track], c.line
	if t == nil {
		t = &position{}
	}
	pts = c.unwrap(t, pts)
	switch {
	case t.line != nil && within(pts-t.pts):
		line = t.line
	case !near(pts, line.latest):
		return next
	}
	at := max(c.at(line, pts), 0)
	if c.mode != offline {
		at = min(at, now+microseconds(maxJump))
	}
	return at
}

// Hold is how long a unit must wait before it is presented. A live source that runs ahead is paced from then on.
func (c *clock) Hold(at, now int64) time.Duration {
	if at-now > maxAhead {
		c.Pace()
	}
	if c.mode != paced || at <= now {
		return 0
	}
	return time.Duration(at-now) * time.Microsecond
}

// Presented tells the clock how late a unit came (its arrival when live, now when paced and not before its time, against its instant)
// and for how long its data had waited for the decoder, in microseconds. Slow drift between the source's clock and ours is followed at no more than 0.1 %;
// when nothing has come in time for a whole window, the clock is set again with the next unit.
func (c *clock) Presented(late, waited, now int64) {
	if c.mode == offline || !c.drift.add(late, waited, now) {
		return
	}
	switch {
	case c.drift.late > maxLate:
		c.Restart()
	case c.mode == paced && c.drift.waited > maxLate:
		// The source runs fast and its data would pile up: present a little faster.
		c.owed = maxLate - c.drift.waited
	default:
		c.owed = c.drift.late
	}
	c.drift = drift{}
}

// place puts the track on its line and tells whether that is another one than before.
func (c *clock) place(t *position, pts, now int64) (fresh bool) {
	switch {
	case c.line == nil || c.broken:
		c.begin(pts, now)
	case t.line != nil && within(pts-t.pts):
		return false
	case t.line != c.line && near(pts, c.line.latest):
	default:
		c.begin(pts, now)
	}
	t.line = c.line
	return true
}

// begin starts a line whose first unit has pts.
func (c *clock) begin(pts, now int64) {
	at := c.end
	switch {
	case c.line == nil && c.mode != offline:
		at, c.started = now, now
	case c.line != nil:
		c.epoch++
		if c.mode != offline && now-c.end > joinSlack {
			at = now
		}
	}
	c.line, c.broken = &line{pts: pts, at: at - c.shift, latest: pts}, false
	c.drift, c.owed = drift{}, 0
}

func (c *clock) at(l *line, pts int64) int64 {
	return l.at + c.shift + microseconds(pts-l.pts)
}

// settle moves the lines so that what comes at now has now for its instant.
func (c *clock) settle(at, now int64) int64 {
	if c.shift-(at-now) < -maxBurst {
		c.Pace()
		return at
	}
	c.shift -= at - now
	return now
}

// slew pays off some of what is owed as the line advances.
func (c *clock) slew(l *line, pts int64) {
	if pts <= l.latest {
		return
	}
	most := microseconds(pts-l.latest) / slewDivisor
	step := min(max(c.owed, -most), most)
	c.shift += step
	c.owed -= step
	l.latest = pts
}

// unwrap undoes the wrap of 33-bit time stamps: it takes the one nearest to the track's last, or to the newest line's.
func (c *clock) unwrap(t *position, pts int64) int64 {
	reference := pts
	switch {
	case t.line != nil && pts == media.NoTime:
		return t.next
	case t.line != nil:
		reference = t.pts
	case c.line != nil:
		reference = c.line.latest
	}
	if pts == media.NoTime {
		return max(reference, 0)
	}
	return nearest(pts, reference)
}

// nearest undoes the wrap of a 33-bit time stamp: it takes the one nearest to reference.
func nearest(pts, reference int64) int64 {
	const wrap = 1 << 33
	turns := (reference - pts + wrap/2) >> 33
	return pts + turns*wrap
}

// within tells whether a step between two units of a track keeps to one timeline.
func within(step int64) bool { return -maxBack <= step && step <= maxJump }

// near tells whether two time stamps of different tracks belong to one timeline.
func near(a, b int64) bool { return -maxJump <= a-b && a-b <= maxJump }

// microseconds of a 90 kHz time, rounded down.
func microseconds(ticks int64) int64 {
	us := ticks * 100
	if us < 0 {
		us -= 8
	}
	return us / 9
}

// drift is the smallest lateness and the shortest wait for the decoder in a window of wall time, in microseconds.
type drift struct {
	since, late, waited int64
	any                 bool
}

// add tells whether the window is full.
func (d *drift) add(late, waited, now int64) bool {
	if !d.any {
		*d = drift{since: now, late: late, waited: waited, any: true}
		return false
	}
	d.late, d.waited = min(d.late, late), min(d.waited, waited)
	return now-d.since >= driftWindow
}
