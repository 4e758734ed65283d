package detector

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// awayAfter without a tick says that the detector itself was away.
	awayAfter = 3 * time.Second
	// deposedAfter is how far ahead of the newest tick one of an older generation must be to be believed again: group generations begin anew
	// when a group is made anew.
	deposedAfter = 5 * time.Second
)

// clock is the log's own time, told by ticks. The zero clock has not begun.
type clock struct {
	// now is the largest time seen, microseconds since the Unix epoch.
	now        int64
	generation int32
	begun      bool
}

// passing is the step from one tick to the next.
type passing struct {
	before, now int64
	// away says that the step tells nothing about what was absent meanwhile: nobody was there to see it. So is the first step.
	away bool
}

// advance takes a tick; ok is false when it must be ignored: time does not run backwards and an older owner is not believed.
func (c *clock) advance(t *schemas.Tick) (step passing, ok bool) {
	if !plausible(t.Time) {
		return passing{}, false
	}
	if c.begun && (t.Time <= c.now || t.Generation < c.generation && t.Time < c.now+deposedAfter.Microseconds()) {
		return passing{}, false
	}
	step = passing{before: c.now, now: t.Time, away: !c.begun || t.Time-c.now > awayAfter.Microseconds()}
	*c = clock{now: t.Time, generation: t.Generation, begun: true}
	return step, true
}

// maxTime bounds the times that are believed, microseconds: the year 3111. Sums and differences of such times do not overflow.
const maxTime = 1 << 55

// plausible tells whether t may be a time in microseconds since the Unix epoch, or since a session's start.
func plausible(t int64) bool { return t >= 0 && t < maxTime }
