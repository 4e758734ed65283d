package rule

import (
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// interlaceSpan is the stretch of pictures that one verdict is about, interlaceStep how often there is one.
	interlaceSpan, interlaceStep = 3 * time.Second, 200 * time.Millisecond
	// interlacePictures are the fewest that move and so show how their fields lie.
	interlacePictures = 12
)

// What a picture that moves shows of its two fields.
const (
	fieldsStill  = iota // nothing moves, or fields cannot be told
	fieldsOne           // of one instant
	fieldsCombed        // of two instants, and told to be of one
	fieldsRight         // of two instants, in the order that is told
	fieldsWrong         // of two instants, in the other order
	fieldsFar           // of two pictures, and told to be of one
)

// Interlace judges whether pictures are made of two fields without saying so, which shows as combs wherever something moves (part "combing"), and
// whether fields are shown in the wrong order, which makes all movement tremble (part "field_order"). The figure is the share of the moving
// pictures.
type Interlace struct {
	Options `yaml:",inline"`

	queue    `yaml:"-"`
	sequence sequence
	last     int64
	// flags of the picture before, which VideoFrame.field is about.
	flags int32
	shown window.Histogram
}

// NewInterlace is the rule with its documented defaults.
func NewInterlace() Rule {
	return &Interlace{Options: Options{
		// At 600 kbit/s, 50 fields a second read 0.81 to 0.93 in the median of three seconds, film in 60 fields at most 0.55 but for one of seven clips, and progressive
		// programmes at most 0.29.
		Raise: 0.72, Clear: 0.5,
		For: 2 * time.Second, KeepFiringFor: 3 * time.Second,
		Severity: "warning",
	}, last: never, shown: window.Histogram{Span: interlaceSpan.Microseconds()}}
}

// Judge counts what the pictures of the last seconds show.
func (i *Interlace) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	due := stepped(i.last, r.Time, interlaceStep)
	i.last = r.Time
	flags := i.flags
	i.flags = f.Flags
	if !i.sequence.follows(r.Time, f, sequenceGap) {
		i.shown.Reset()
	} else if f.Field != nil {
		i.shown.Add(r.Time, fields(f.Field, flags))
	}
	if !due {
		return Verdict{}, false
	}
	i.judge(r.Time)
	return i.More()
}

// Describe tells what the figure is.
func (*Interlace) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "share", Summary: "%s of the moving pictures show wrong fields", Window: interlaceSpan, Gap: time.Second,
		Parents: []string{"no_signal", "freeze"},
	}
}

// judge queues the verdicts up to t.
func (i *Interlace) judge(t int64) {
	i.shown.Advance(t)
	one, combed, far := i.shown.Count(fieldsOne), i.shown.Count(fieldsCombed), i.shown.Count(fieldsFar)
	right, wrong := i.shown.Count(fieldsRight), i.shown.Count(fieldsWrong)
	moving := one + combed + far + right + wrong
	i.begin()
	for _, part := range [...]struct {
		name string
		bad  int
	}{{"combing", max(combed, far)}, {"field_order", wrong}} {
		v := Verdict{}
		if i.shown.Full(t) && moving >= interlacePictures {
			v = i.verdict(float64(part.bad) / float64(moving))
		}
		i.say(part.name, v.within(t, interlaceSpan, i.Raise))
	}
}

const (
	// fieldsMove is by how much the larger alpha exceeds delta, in 1/256 level, where something moves.
	fieldsMove = 128
	// fieldsApart is by how much the alphas differ where fields are of two instants.
	fieldsApart = 64
	// Delta lies below the smaller alpha by at most fieldsBelow times their distance, as what coding adds to the alphas; and above it by at most
	// fieldsAbove: more are fields of two neighbouring pictures of film. Two of five are such where film is shown in 60 fields, all where its fields
	// are paired wrongly.
	fieldsBelow, fieldsAbove = 3, 0.15
)

// fields tells what a picture shows, from the sums of FFmpeg's idet: with the top field first alpha0 compares fields that are one and a half
// pictures apart, and alpha1, as delta, such as are half a picture apart. In a picture of one instant the alphas are equal, and delta sees no movement.
func fields(f *schemas.Field, flags int32) int {
	low, high := min(f.Alpha0, f.Alpha1), max(f.Alpha0, f.Alpha1)
	interlaced, topFirst := flags&2 != 0, flags&4 != 0
	apart := float64(high - low)
	switch {
	case high-f.Delta < fieldsMove:
		return fieldsStill
	case apart < fieldsApart, float64(low-f.Delta) >= fieldsBelow*apart:
		return fieldsOne
	case float64(f.Delta-low) > fieldsAbove*apart:
		if interlaced {
			return fieldsOne
		}
		return fieldsFar
	case !interlaced:
		return fieldsCombed
	case topFirst == (f.Alpha0 > f.Alpha1):
		return fieldsRight
	}
	return fieldsWrong
}
