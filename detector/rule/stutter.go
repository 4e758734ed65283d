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
	// stutterMotion is the difference between pictures from which a scene moves so much that a held one shows: half a level. Speakers before a
	// wall make an eighth.
	stutterMotion = 2000
	// held is the share of the difference of moving pictures up to which a picture repeats the one before: encoded again it makes 0.17.
	held = 0.2
	// pulse is the same of an intra coded one.
	pulse = 0.5
	// jumped is how many times as much as between its neighbours changes over a picture that has been left out.
	jumped = 1.35
	// A change of leap times as much, with more than cut bits of the perceptual hash, is another scene.
	leap, cut = 5, 20
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
	intra      bool
}

// repeats tells whether a picture repeats the one before where others differ by level. Intra coding alone changes a still picture: as much as that
// counts after one that repeats already.
func (m *movement) repeats(level float64, already bool) bool {
	share := held
	if m.intra && already {
		share = pulse
	}
	return float64(m.difference) <= share*level
}

// NewStutter is the rule with its documented defaults.
func NewStutter() Rule {
	return &Stutter{Options: Options{
		// One picture of 15 within four seconds. Fifteen minutes of clean programmes of 83 kinds stay below 0.02, confetti drawn 12 times a second
		// over a moving scene at 0.06; where all of a scene moves one held picture of five reads 0.16, a single hold of 16 0.12 to 0.17.
		Raise: 0.065, Clear: 0.03,
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
		s.remember(movement{r.Time, f.Difference.Low, binary.BigEndian.Uint64(f.Hash.Perceptual[:]), intra(f)})
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
		Version: 1, Records: VideoFrames, Unit: "share", Summary: "Movement stutters: %s of the pictures are held", Window: stutterMemory, Gap: time.Second,
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
	first, stopped, all, moving := t-stutterSpan.Microseconds(), 0, 0, 0
	from, to = t, t
	var p pace
	for i := range seen {
		d, level := float64(seen[i].difference), p.level
		if seen[i].time > first {
			all++
		}
		if p.holds(&seen[i]) {
			if p.held++; seen[i].time-seen[i-p.held].time > longestHold.Microseconds() {
				p = pace{} // it stands
			}
			continue
		}
		if began := i - p.held; p.held > 0 && seen[began].time > first && jumps(seen, began, i, level) {
			if stopped == 0 {
				from = seen[began].time
			}
			to = seen[i].time
			stopped += p.held
		}
		if d >= stutterMotion && seen[i].time > first {
			moving++
		}
		p.move(d)
	}
	return float64(stopped) / float64(max(all, 1)), from, to, 4*moving >= all
}

// jumps tells whether the picture i, which ends a hold that began with the picture began, comes by a jump within a scene that moves on evenly
// afterwards. before is how much moved from one picture to the next.
func jumps(seen []movement, began, i int, before float64) bool {
	p := pace{last: before}
	next := seen[i+1 : min(len(seen), i+1+flank)]
	for k := range next {
		if p.holds(&next[k]) {
			p.held++
		} else {
			p.move(float64(next[k].difference))
		}
	}
	after := p.level
	if before < stutterMotion || after < stutterMotion {
		return false
	}
	for k := range seen[began:i] {
		if !seen[began+k].repeats(after, k > 0) {
			return false // it moves slowly, as between two fades
		}
	}
	jump, level := float64(seen[i].difference), max(before, after)
	if jump >= leap*level && bits.OnesCount64(seen[i].hash^seen[began-1].hash) > cut {
		return false // another scene
	}
	return jump >= jumped*level
}

// pace is how much the newest pictures differ of those that move and follow one that moves: what follows a hold may be a jump.
type pace struct {
	differences [flank]float64
	n           int
	// level is their mean without the largest, which may be a cut; 0 before half a flank has been seen.
	level float64
	// last is the difference of the newest picture that moves, held how many have been held since.
	last float64
	held int
}

// holds tells whether a picture repeats the one before.
func (p *pace) holds(m *movement) bool {
	level := p.level
	if level == 0 {
		level = p.last
	}
	return level >= stutterMotion && m.repeats(level, p.held > 0)
}

// move takes a picture that moves.
func (p *pace) move(difference float64) {
	if p.held == 0 && p.last > 0 {
		p.differences[p.n%flank] = difference
		p.n++
		p.level = p.mean()
	}
	p.last, p.held = difference, 0
}

// mean is the level of the differences.
func (p *pace) mean() float64 {
	n := min(p.n, flank)
	if n < flank/2 {
		return 0
	}
	sum, largest := 0.0, 0.0
	for _, d := range p.differences[:n] {
		sum += d
		largest = max(largest, d)
	}
	if n == 2 {
		return sum / 2
	}
	return (sum - largest) / float64(n-1)
}
