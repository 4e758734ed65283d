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
		// Of film in 60 fields a second two pictures of five are combed.
		Raise: 0.7, Clear: 0.5,
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
	one, combed := i.shown.Count(fieldsOne), i.shown.Count(fieldsCombed)
	right, wrong := i.shown.Count(fieldsRight), i.shown.Count(fieldsWrong)
	moving := one + combed + right + wrong
	i.begin()
	for _, part := range [...]struct {
		name string
		bad  int
	}{{"combing", combed}, {"field_order", wrong}} {
		v := Verdict{}
		if i.shown.Full(t) && moving >= interlacePictures {
			v = i.verdict(float64(part.bad) / float64(moving))
		}
		v = v.within(t, interlaceSpan, i.Raise)
		v.Part = part.name
		i.waiting = append(i.waiting, v)
	}
}

// fields tells what a picture shows, as FFmpeg's idet does: alpha0 is large and alpha1 small where the top field comes first, they are equal where
// both fields are of one instant, and then delta, which compares the fields of the picture itself, is smaller.
func fields(f *schemas.Field, flags int32) int {
	low, high := min(f.Alpha0, f.Alpha1), max(f.Alpha0, f.Alpha1)
	interlaced, topFirst := flags&2 != 0, flags&4 != 0
	switch {
	case high-f.Delta < fieldsMove && high-low < fieldsMove:
		return fieldsStill
	case 2*low > 3*f.Delta:
		return fieldsOne
	case fieldsApart*float64(low) > float64(high):
		return fieldsStill
	case !interlaced:
		return fieldsCombed
	case topFirst == (f.Alpha0 > f.Alpha1):
		return fieldsRight
	}
	return fieldsWrong
}

const (
	// fieldsMove is the least difference of the sums, in 1/256 level, that is movement.
	fieldsMove = 64
	// fieldsApart is by what factor the sums of two fields differ when they are of two instants.
	fieldsApart = 1.2
)
