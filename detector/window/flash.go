package window

import "math"

const (
	// flashSecond is the stretch in which transitions are counted, and in which a gradual change may come about, in microseconds.
	flashSecond = 1_000_000
	// So much of the last five seconds with as many transitions as warn is as bad as more.
	flashSustained, flashSpan = 4_000_000, 5_000_000
)

// FlashVerdict is what a picture is to people with photosensitive epilepsy; the larger the worse.
type FlashVerdict int

// The verdicts: fewer transitions than warn; as many; as many for four of the last five seconds; more than are allowed.
const (
	FlashPass FlashVerdict = iota
	FlashWarning
	FlashExtended
	FlashFail
)

func (v FlashVerdict) String() string {
	return [...]string{"pass", "warning", "extended fail", "fail"}[v]
}

// Flash counts the transitions of a figure of light, VideoFrame.flash's luminance or red: WCAG 2.2's general and red flash thresholds with
// their areas and counts, on the means of whole pictures as EA's IRIS takes them. A flash is a pair of opposing transitions. It needs a
// picture's figures only, so that a topic tells the verdicts again.
//
// The changes of the mean between pictures, where enough of the picture changes, are added up as long as they go one way, for a second at
// most: what comes gradually counts as what comes at once, when it has come far enough. From IRIS it differs in two things. What changes
// must change the same way (IRIS adds what rises and what falls). And the darker picture is that at the dark end of the change and not the
// darker of the last two, which lets a fall from white pass as soon as it takes more than a picture to leave the bright.
type Flash struct {
	// Change is how far the figure must go to make a transition.
	Change float64
	// Dark is what the figure must be below at the darker end.
	Dark float64
	// Area is the least share of the picture that changes with it.
	Area float64
	// Warning transitions within a second warn, more than Most fail.
	Warning, Most int

	// began tells that there is a last picture, of time and mean.
	began bool
	time  int64
	mean  float64
	// run are the changes that go one way; way is their sum, counted that it has made its transition.
	run     trail
	way     float64
	counted bool
	// transitions of the last second; risky are the lengths of pictures with as many as warn.
	transitions, risky trail
}

// NewLuminanceFlash counts flashes of relative luminance, 0 to 1: changes of a tenth of white, where the darker picture is below 0.80, over
// a quarter of the screen; two flashes in a second warn, more than three fail.
func NewLuminanceFlash() *Flash {
	return &Flash{Change: 0.10, Dark: 0.80, Area: 0.25, Warning: 4, Most: 6}
}

// NewRedFlash counts flashes of saturated red, 0 to 320: changes of 20, however bright.
func NewRedFlash() *Flash {
	return &Flash{Change: 20, Dark: math.Inf(1), Area: 0.25, Warning: 4, Most: 6}
}

// Add puts in the picture at time t, microseconds, with its mean and the share of it that changed since the last picture, negative where
// it fell: 0 on the first of an epoch. Times do not decrease. It gives the verdict on the picture, which what was more than seven seconds
// before has no part in.
func (w *Flash) Add(t int64, mean, changed float64) FlashVerdict {
	change, length := 0.0, int64(0)
	if w.began {
		length = t - w.time
		if math.Abs(changed) >= w.Area {
			change = mean - w.mean
		}
	}
	w.began, w.time, w.mean = true, t, mean
	w.transitions.drop(t - flashSecond)
	w.risky.drop(t - flashSpan)

	if w.turns(t, change) {
		w.transitions.add(t, 1)
	}
	n := w.Transitions()
	if n >= w.Warning && n <= w.Most {
		w.risky.add(t, float64(length))
	}
	switch {
	case n > w.Most:
		return FlashFail
	case n < w.Warning:
		return FlashPass
	case w.risky.sum() >= flashSustained:
		return FlashExtended
	}
	return FlashWarning
}

// Transitions are those within the last second.
func (w *Flash) Transitions() int { return w.transitions.len() }

// Since is when the first of them was, microseconds; ok is false when there is none.
func (w *Flash) Since() (t int64, ok bool) {
	if w.transitions.len() == 0 {
		return 0, false
	}
	return w.transitions.figures[w.transitions.head].time, true
}

// Reset forgets all pictures.
func (w *Flash) Reset() {
	w.began, w.way, w.counted = false, 0, false
	w.run.clear()
	w.transitions.clear()
	w.risky.clear()
}

// turns tells whether the change makes a transition. A picture that stays as it is belongs to either way.
func (w *Flash) turns(t int64, change float64) bool {
	if w.way*change < 0 {
		w.run.clear()
		w.counted = false
	}
	w.run.drop(t - flashSecond)
	if change != 0 {
		w.run.add(t, change)
	}
	w.way = w.run.sum()
	if math.Abs(w.way) < w.Change {
		w.counted = false
		return false
	}
	if w.counted || min(w.mean, w.mean-w.way) >= w.Dark {
		return false
	}
	w.counted = true
	return true
}

// trail holds figures in order of time.
type trail struct {
	figures []sample // from head on
	head    int
}

func (s *trail) add(t int64, value float64) {
	if s.head > 0 && len(s.figures) == cap(s.figures) {
		s.figures = s.figures[:copy(s.figures, s.figures[s.head:])]
		s.head = 0
	}
	s.figures = append(s.figures, sample{t, value})
}

// drop forgets those at or before t.
func (s *trail) drop(t int64) {
	for s.head < len(s.figures) && s.figures[s.head].time <= t {
		s.head++
	}
}

func (s *trail) clear() { s.figures, s.head = s.figures[:0], 0 }

func (s *trail) len() int { return len(s.figures) - s.head }

// sum is taken anew each time: what is dropped leaves no rounding behind. Four figures at once need not wait for each other.
func (s *trail) sum() float64 {
	var a, b, c, d float64
	figures := s.figures[s.head:]
	for ; len(figures) >= 4; figures = figures[4:] {
		a, b, c, d = a+figures[0].value, b+figures[1].value, c+figures[2].value, d+figures[3].value
	}
	for _, f := range figures {
		a += f.value
	}
	return a + b + (c + d)
}
