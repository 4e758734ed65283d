package rule

import (
	"encoding/binary"
	"math/bits"
	"time"
)

const (
	// stutterSpan is the stretch of pictures that one verdict is about, stutterStep how often there is one, stutterMemory what is remembered:
	// the span, and what came before a hold at its beginning.
	stutterSpan, stutterStep, stutterMemory = 4 * time.Second, 200 * time.Millisecond, 6 * time.Second
	// longestHold is how long a picture may stand before it is frozen and not held.
	longestHold = time.Second
	// flank is how many moving pictures before and after a hold tell how much moves from one to the next.
	flank = 4
)

// Levels of VideoFrame.difference.low, in 2^-20 of 256 levels.
const (
	// stutterMotion is the mean difference from which a scene moves as a whole.
	stutterMotion = 3000
	// held is the share of the difference of moving pictures up to which a picture repeats the one before.
	held = 0.1
	// jumped is how many times as much as between its neighbours changes over a picture that has been left out.
	jumped = 1.35
	// cut is how many bits of the perceptual hash change at most within a scene.
	cut = 20
)

// Stutter judges whether movement stops and jumps: pictures are repeated and those left out that should have been in their place. A regular
// cadence does not jump, as film in 60 pictures a second or animation at 12 do not. The figure is the share of pictures that are held so.
type Stutter struct {
	Options `yaml:",inline"`

	sequence sequence
	// began is the time of the first picture without a break, last that of the newest.
	began, last int64
	// seen are the pictures of stutterMemory from head on, in order of time.
	seen []movement
	head int
}

// movement is what a picture differs by from the one before, and what it looks like.
type movement struct {
	time       int64
	difference int32
	hash       uint64
}

// NewStutter is the rule with its documented defaults.
func NewStutter() Rule {
	return &Stutter{Options: Options{
		// Two of 25 pictures.
		Raise: 0.08, Clear: 0.04,
		For: 0,
		// Stutter comes and goes with what moves.
		KeepFiringFor: 3 * time.Second,
		Severity:      "warning",
	}, last: never}
}

// Judge counts the held pictures of the last seconds.
func (s *Stutter) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	due := stepped(s.last, r.Time, stutterStep)
	s.last = r.Time
	if !s.sequence.follows(r.Time, f, sequenceGap) || f.Difference == nil || f.Hash == nil {
		s.seen, s.head, s.began = s.seen[:0], 0, r.Time
	} else {
		s.remember(movement{r.Time, f.Difference.Low, binary.BigEndian.Uint64(f.Hash.Perceptual[:])})
	}
	if !due {
		return Verdict{}, false
	}
	if r.Time-s.began < stutterMemory.Microseconds() {
		return Verdict{From: r.Time, To: r.Time}, true
	}
	share, from, to, ok := s.stops(r.Time)
	if !ok {
		return Verdict{From: r.Time, To: r.Time}, true
	}
	return s.verdict(share).over(from, to), true
}

// Describe tells what the figure is.
func (*Stutter) Describe() Description {
	return Description{
		Version: 1, Unit: "share", Summary: "Movement stutters: %s of the pictures are held", Window: stutterMemory, Gap: time.Second,
		Parents: []string{"no_signal", "freeze", "dropped_frames"},
	}
}

// remember keeps a picture, and forgets those of before stutterMemory.
func (s *Stutter) remember(m movement) {
	for s.head < len(s.seen) && s.seen[s.head].time <= m.time-stutterMemory.Microseconds() {
		s.head++
	}
	if s.head > 0 && len(s.seen) == cap(s.seen) {
		s.seen, s.head = s.seen[:copy(s.seen, s.seen[s.head:])], 0
	}
	s.seen = append(s.seen, m)
}

// stops is the share of the pictures in the span up to t that are held before a jump, from the first of them to the last. ok is false where
// not enough moves to tell.
func (s *Stutter) stops(t int64) (share float64, from, to int64, ok bool) {
	seen := s.seen[s.head:]
	sum := int64(0)
	for i := range seen {
		sum += int64(seen[i].difference)
	}
	mean := float64(sum) / float64(max(len(seen), 1))
	if mean < stutterMotion {
		return 0, t, t, false
	}
	still := int32(held * mean)
	first, stopped, all := t-stutterSpan.Microseconds(), 0, 0
	from, to = t, t
	began := -1 // where the pictures begin that repeat the one before them
	for i := range seen {
		if seen[i].time > first {
			all++
		}
		switch repeats := seen[i].difference <= still; {
		case repeats && began < 0:
			began = i
		case repeats || began < 0:
		default:
			if seen[began].time > first && jumps(seen, began, i, still) {
				if stopped == 0 {
					from = seen[began].time
				}
				to = seen[i].time
				stopped += i - began
			}
			began = -1
		}
	}
	return float64(stopped) / float64(max(all, 1)), from, to, true
}

// jumps tells whether the picture i, which ends a hold that began with the picture began, comes by a jump within a scene that moves evenly
// before and after the hold.
func jumps(seen []movement, began, i int, still int32) bool {
	if began == 0 || seen[i].time-seen[began].time > longestHold.Microseconds() {
		return false
	}
	if bits.OnesCount64(seen[i].hash^seen[began-1].hash) > cut {
		return false
	}
	before, after := mean(seen[max(0, began-flank):began], still), mean(seen[i+1:min(len(seen), i+1+flank)], still)
	if before == 0 || after == 0 {
		return false
	}
	for _, m := range seen[began:i] {
		if float64(m.difference) > held*min(before, after) {
			return false // it moves slowly, as between two fades
		}
	}
	return float64(seen[i].difference) >= jumped*max(before, after)
}

// mean difference of the pictures that move, without the largest, which may be the jump of another hold; 0 where less than half of a flank move.
func mean(seen []movement, still int32) float64 {
	sum, largest, n := 0.0, 0.0, 0
	for _, m := range seen {
		if m.difference > still {
			sum += float64(m.difference)
			largest = max(largest, float64(m.difference))
			n++
		}
	}
	switch {
	case n < flank/2:
		return 0
	case n > 2:
		return (sum - largest) / float64(n-1)
	}
	return sum / float64(n)
}
