package rule

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// printStep is the step of stream time of which the first picture is remembered, in microseconds, counted from the time's zero.
	printStep = 200_000
	// printSpan is how long it is remembered, by stream time and by the log's.
	printSpan = 14 * time.Second
	// maxPrints are those of printSpan.
	maxPrints = int64(printSpan/time.Microsecond)/printStep + 1
	// standsStill is the mean difference of the pooled picture, in levels, up to which it does not move: a still encoded at 150 kb/s to 1 Mb/s reaches
	// 0.02 in one picture of 20, a seated speaker 0.3.
	standsStill = 0.1
	// alikeBits is how many bits two prints of one picture may differ by: two encodings of one have a median of 2 and at most 14, pictures of two of five
	// clips 14 at least and a median of 32.
	alikeBits = 12
	// fewPrints are too few to be compared: four seconds.
	fewPrints = 20
	// mismatchShare of the prints in the window must differ for a verdict to be bad.
	mismatchShare = 0.7
	// maxShift bounds Shift.
	maxShift = 8 * time.Second
)

// ContentMismatch judges whether a stream shows what the one shows that it is to be the same as, by the pictures' perceptual hashes: the figure is the share
// of pictures of one that the other did not show at the same time, once the two are laid over each other as well as they can be. Pictures without detail and
// without movement say nothing.
type ContentMismatch struct {
	Options `yaml:",inline"`
	// Shift is how much one stream may be late, at most 8 s.
	Shift time.Duration `yaml:"shift"`

	// sameAs is the other stream's id, other its rule; nil when there is none.
	sameAs string
	other  *ContentMismatch
	// prints are the pictures of the last seconds, in order of time, and tick the log's time as last seen.
	prints []print
	tick   int64
}

// Comparing is a rule that looks at what the same rule has seen of another stream of the partition. It does so at ticks only: between two of them the records
// of different streams have no order.
type Comparing interface {
	Rule
	// Other is the id of the other stream; empty: none.
	Other() string
	// Meet is given the other stream's rule before a tick is judged; nil when there is none.
	Meet(other Rule)
}

// print is the first picture of a step of stream time: its hash, whether it says anything, and the log's time when it came.
type print struct {
	step, came int64
	hash       uint64
	tells      bool
}

// NewContentMismatch is the rule with its documented defaults.
func NewContentMismatch() Rule {
	return &ContentMismatch{Options: Options{
		// Of two encodings of one programme, 320x180 at 150 kb/s and 640x360 with a logo, up to 15 % of the pictures differ when they are 80 ms apart; of two
		// programmes all do.
		Raise: mismatchShare, Clear: 0.4,
		// News of the region may differ for some seconds at their edges; other advertisements are what ad_breaks are for.
		For: 15 * time.Second, KeepFiringFor: 5 * time.Second,
		Severity: "critical",
	}, Shift: maxShift}
}

// Judge remembers pictures, and compares at ticks.
func (c *ContentMismatch) Judge(r *Record) (Verdict, bool) {
	if f := r.VideoFrame; f != nil {
		c.see(r.Time, f)
		return Verdict{}, false
	}
	if r.Tick == nil {
		return Verdict{}, false
	}
	c.tick = r.Time
	c.forget()
	if c.sameAs == "" {
		return Verdict{}, false
	}
	v := Verdict{}
	if c.other != nil && c.other != c {
		v = c.verdict(c.mismatch())
	}
	return v.within(r.Time, printSpan, mismatchShare), true
}

// see remembers the first picture of each step; one that moves or has detail later in the step counts for it.
func (c *ContentMismatch) see(t int64, f *schemas.VideoFrame) {
	if f.Hash == nil || f.Luma == nil {
		return
	}
	tells := f.Luma.Std >= detailed*256 && f.Difference != nil && float64(f.Difference.Low) > standsStill*(1<<12)
	step, n := t/printStep, len(c.prints)
	if n > 0 && c.prints[n-1].step >= step {
		c.prints[n-1].tells = c.prints[n-1].tells || tells
		return
	}
	c.prints = append(c.prints, print{step: step, came: c.tick, hash: binary.BigEndian.Uint64(f.Hash.Perceptual[:]), tells: tells})
	c.forget()
}

// forget drops what is too old.
func (c *ContentMismatch) forget() {
	n := len(c.prints)
	old := 0
	for old < n && (c.prints[old].step <= c.prints[n-1].step-maxPrints || c.tick-c.prints[old].came > printSpan.Microseconds()) {
		old++
	}
	c.prints = c.prints[:copy(c.prints, c.prints[old:])]
}

// mismatch is the share of pictures that differ where both streams tell something, at the shift at which it is least; no number where they tell too little.
func (c *ContentMismatch) mismatch() float64 {
	// theirs holds the other's prints by their step from base.
	var theirs [maxPrints + 2]*print
	if len(c.other.prints) == 0 {
		return math.NaN()
	}
	base := c.other.prints[0].step
	for i := range c.other.prints {
		p := &c.other.prints[i]
		if n := p.step - base; n < int64(len(theirs)) && c.tick-p.came <= printSpan.Microseconds() {
			theirs[n] = p
		}
	}
	best := math.NaN()
	most := c.Shift.Microseconds() / printStep
	for shift := -most; shift <= most; shift++ {
		differ, told := 0, 0
		for i := range c.prints {
			mine := &c.prints[i]
			n := mine.step + shift - base
			if !mine.tells || n < 0 || n+1 >= int64(len(theirs)) || theirs[n] == nil || !theirs[n].tells {
				continue
			}
			told++
			if !alike(mine, theirs[n]) && !alike(mine, theirs[n+1]) {
				differ++
			}
		}
		if share := float64(differ) / float64(told); told >= fewPrints && !(share >= best) {
			best = share
		}
	}
	return best
}

// alike tells whether two prints may be of one picture; a stream's pictures fall anywhere in a step.
func alike(a, b *print) bool { return b != nil && bits.OnesCount64(a.hash^b.hash) <= alikeBits }

// Want takes which stream it is to be the same as.
func (c *ContentMismatch) Want(w Wanted) { c.sameAs = w.SameAs }

// Other is the id of the other stream.
func (c *ContentMismatch) Other() string { return c.sameAs }

// Meet takes the other stream's rule.
func (c *ContentMismatch) Meet(other Rule) { c.other, _ = other.(*ContentMismatch) }

// Describe tells what the figure is.
func (*ContentMismatch) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames | Ticks, Unit: "share", Summary: "%s of the pictures differ from those of the stream that it is to be the same as", Window: printSpan + time.Second,
		Gap: 2500 * time.Millisecond, Absence: true, Parents: []string{"no_monitor", "no_signal", "freeze", "black", "slate"},
	}
}

// Validate tells what is wrong with the options.
func (c *ContentMismatch) Validate() error {
	if c.Shift < 0 || c.Shift > maxShift {
		return fmt.Errorf("shift %v is not within 0s and %v", c.Shift, maxShift)
	}
	return c.Options.Validate()
}
