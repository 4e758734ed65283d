package rule

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// DecodeError judges whether the decoder had to mend what came: packets that it refused or complained of, macroblocks that it concealed, pictures
// that are missing as references. What of that can be seen is another rule's matter.
type DecodeError struct {
	Options `yaml:",inline"`

	// joined tells that a clean key picture has come in the epoch: what comes before hangs on what nobody has seen, and that is our doing.
	joined  bool
	session int64
	epoch   int32
}

// NewDecodeError is the rule with its documented defaults.
func NewDecodeError() Rule {
	return &DecodeError{Options: Options{
		// A damaged picture is one.
		Raise: 1, Clear: 1,
		For: 0,
		// Errors that come in bursts are one defect.
		KeepFiringFor: 10 * time.Second,
		Severity:      "warning",
	}}
}

// Judge reads the decoder's state over each picture.
func (d *DecodeError) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	from, to := r.Time, r.Time+duration(f)
	if f.Decode == nil || f.Sampling == 0 {
		return Verdict{From: from, To: to}, true
	}
	if f.Epoch != d.epoch || f.Session != d.session {
		d.joined, d.epoch, d.session = false, f.Epoch, f.Session
	}
	d.joined = d.joined || f.Decode.SinceIDR != nil
	if !d.joined {
		return Verdict{From: from, To: to}, true
	}
	return d.verdict(damage(f.Decode)).over(from, to), true
}

// Describe tells what the figure is.
func (*DecodeError) Describe() Description {
	return Description{
		Version: 1, Unit: "", Summary: "Pictures are damaged: %s errors in one", Gap: time.Second, Parents: []string{"no_signal"},
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
