package rule

import (
	"time"

	"github.com/framewatch/framewatch/detector/window"
)

// clippingSpan is the stretch of sound that one verdict is about.
const clippingSpan = 3 * time.Second

// blocksPerSecond is the number of AudioBlocks in a second of sound.
const blocksPerSecond = 10

// Clipping judges, track by track, how often the samples of a channel are held at full scale: three in a row and more.
type Clipping struct {
	Options `yaml:",inline"`

	perTrack[*window.Sums] `yaml:"-"`
	runs                   []float64
}

// NewClipping is the rule with its documented defaults.
func NewClipping() Rule {
	return &Clipping{perTrack: perTrack[*window.Sums]{fresh: func() *window.Sums { return &window.Sums{Span: clippingSpan.Microseconds()} }}, Options: Options{
		// A trailer that is mastered to the limit has up to 7 a second where it is loudest; an input that is overdriven by 6 dB has hundreds.
		Raise: 20, Clear: 10,
		For:           time.Second,
		KeepFiringFor: 2 * time.Second,
		Severity:      "warning",
	}}
}

// Judge counts the runs a second of the worst channel.
func (c *Clipping) Judge(r *Record) (Verdict, bool) {
	b := r.AudioBlock
	if b == nil {
		return Verdict{}, false
	}
	t := c.sent(r)
	if t == nil {
		return Verdict{}, false
	}
	end := t.end
	v := Verdict{From: r.Time, To: end}
	var ok bool
	if c.runs, ok = clipRuns(c.runs, b.Channels); !ok || b.Skipped > 0 {
		t.memory.Reset()
	} else if t.memory.Add(end, c.runs...); t.memory.Full(end) {
		// Blocks that came damaged are missing. Of a second of sound nothing is said.
		heard := float64(t.memory.Len()) / blocksPerSecond
		if heard < clippingSpan.Seconds()/2 {
			return v, true
		}
		v = c.verdict(t.memory.Largest()/heard).within(end, clippingSpan, 0.5)
		if v.State == Bad {
			// A burst is not older than its first block.
			v.From = max(v.From, t.memory.First()-(end-r.Time))
			v.To = max(v.To, v.From)
		}
	}
	return v, true
}

// Describe tells what the figure is.
func (*Clipping) Describe() Description {
	return Description{
		Version: 1, Records: AudioBlocks, Unit: "/s", Summary: "The sound is clipped %s", Window: clippingSpan, Gap: time.Second, Parents: []string{"no_signal"},
	}
}
