package rule

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// DecodeError judges whether the decoder had to mend what came: packets that it refused or complained of, macroblocks that it concealed, pictures
// that are missing as references. What of that can be seen is another rule's matter.
type DecodeError struct {
	Options `yaml:",inline"`

	joining joining
	lasting lasting
}

// NewDecodeError is the rule with its documented defaults.
func NewDecodeError() Rule {
	return &DecodeError{joining: joining{within: spoiltFor - joinGap}, Options: Options{
		// A damaged picture is one.
		Raise: 1, Clear: 1,
		For: untilHeartbeat,
		// Errors that come in bursts are one defect.
		KeepFiringFor: 10 * time.Second,
		Severity:      "warning",
	}}
}

// Judge reads the decoder's state over each picture.
func (d *DecodeError) Judge(r *Record) (Verdict, bool) {
	if r.StreamSecond != nil && d.joining.hear(r.Time, r.StreamSecond) {
		d.lasting = lasting{}
	}
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	v := Verdict{}
	if !d.joining.ours(r.Time, f) {
		v = d.verdict(damage(f.Decode))
	}
	return d.lasting.take(r.Time, v.over(r.Time, r.Time+duration(f))), true
}

// Describe tells what the figure is.
func (*DecodeError) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames | StreamSeconds, Unit: "", Summary: "Pictures are damaged: %s errors in one", Window: spoiltFor, Gap: time.Second,
		Parents: []string{"no_signal", "corruption"},
	}
}

// damage is how much was wrong with a picture: errors, and concealed macroblocks and missing references as one each.
func damage(d *schemas.DecoderState) float64 {
	n := float64(d.Errors)
	for _, wrong := range []bool{d.Concealed > 0, d.LostBefore > 0, d.ErrorFlags != 0} {
		if wrong {
			n++
		}
	}
	return n
}
