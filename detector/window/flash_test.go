package window_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/detector/window"
)

// picture is the mean of a figure and the share of the picture that changed with it.
type picture struct{ mean, changed float64 }

// all are means that all of the picture follows.
func all(means ...float64) (out []picture) {
	for i, mean := range means {
		changed := 0.0
		if i > 0 && mean != means[i-1] {
			changed = 1
		}
		out = append(out, picture{mean, changed})
	}
	return out
}

// steady rises by so much with each of so many pictures.
func steady(step float64, pictures int) (means []float64) {
	for i := range pictures {
		means = append(means, float64(i)*step)
	}
	return means
}

func TestFlashTransitions(t *testing.T) {
	for _, c := range []struct {
		name     string
		flash    *window.Flash
		pictures []picture
		want     []int // pictures with a transition
	}{
		{"at once", window.NewLuminanceFlash(), all(0, 0, 1, 1, 0), []int{2, 4}},
		{"too little", window.NewLuminanceFlash(), all(0, 0.09, 0, 0.09), nil},
		{"gradually, once", window.NewLuminanceFlash(), all(0, 0.04, 0.08, 0.12, 0.5, 0.5, 0.46, 0.42, 0.38), []int{3, 8}},
		{"with a rest", window.NewLuminanceFlash(), all(0, 0.06, 0.06, 0.12), []int{3}},
		{"back too early", window.NewLuminanceFlash(), all(0, 0.06, 0.03, 0.09, 0.06, 0.12), nil},
		{"among bright ones", window.NewLuminanceFlash(), all(0.85, 1, 0.85, 1), nil},
		{"from the bright, late", window.NewLuminanceFlash(), all(1, 0.85, 0.7, 0.6), []int{2}},
		{"from the dark into the bright", window.NewLuminanceFlash(), all(0.75, 0.81, 0.87), []int{2}},
		// 24 steps or 25 of .0039 are .0936 and .0975, 25 of .0041 .1025.
		{"in more than a second", window.NewLuminanceFlash(), all(steady(0.0039, 60)...), nil},
		{"in a second", window.NewLuminanceFlash(), all(steady(0.0041, 60)...), []int{25}},
		{"on little of it", window.NewLuminanceFlash(), []picture{{0, 0}, {0.2, 0.24}, {0, -0.24}}, nil},
		{"on a quarter of it", window.NewLuminanceFlash(), []picture{{0, 0}, {0.2, 0.25}, {0, -0.25}}, []int{1, 2}},
		{"red, too little", window.NewRedFlash(), all(0, 19, 0), nil},
		{"red, bright", window.NewRedFlash(), all(320, 299, 320), []int{1, 2}},
	} {
		var got []int
		for i, p := range c.pictures {
			before := c.flash.Transitions()
			c.flash.Add(int64(i)*40_000, p.mean, p.changed)
			if c.flash.Transitions() > before {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: transitions at %v, want %v", c.name, got, c.want)
		}
	}
}

// Black and white change places every six pictures, at 25 a second. Transitions 6, 12, 18 and 24 make the first warning; from then on any 25
// pictures hold four or five. With the hundredth such picture, 24+99, four seconds are full.
func TestFlashVerdicts(t *testing.T) {
	w := window.NewLuminanceFlash()
	for i := range 200 {
		want := window.FlashPass
		if i >= 24 {
			want = window.FlashWarning
		}
		if i >= 123 {
			want = window.FlashExtended
		}
		mean := float64(i / 6 % 2)
		if got := w.Add(int64(i)*40_000, mean, float64(b2i(i%6 == 0 && i > 0))); got != want {
			t.Fatalf("picture %d: %v, want %v", i, got, want)
		}
	}
	// The last transitions were at 180, 186, 192 and 198; three more are seven.
	for i := 200; i < 203; i++ {
		w.Add(int64(i)*40_000, float64(i%2), 1)
	}
	if got := w.Add(203*40_000, 0, 0); got != window.FlashFail {
		t.Errorf("flashing faster: %v, want %v", got, window.FlashFail)
	}
}

// A transition is forgotten after a second to the microsecond.
func TestFlashSecond(t *testing.T) {
	w := window.NewLuminanceFlash()
	for at, want := range map[int64]int{40_000: 1, 1_039_999: 1, 1_040_000: 0} {
		w.Reset()
		w.Add(0, 0, 0)
		w.Add(40_000, 1, 1)
		if w.Add(at, 1, 0); w.Transitions() != want {
			t.Errorf("after %d us there are %d transitions, want %d", at, w.Transitions(), want)
		}
	}
}

// Other rates, with times rounded to microseconds: black and white change places every 240 ms. The fourth time, at 960 ms, warns from the
// next picture on, and four seconds are full with the picture whose end is 4 s later or next to it.
func TestFlashVerdictsAtAnyRate(t *testing.T) {
	for _, rate := range [][2]int64{{24000, 1001}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}} {
		w, white, first := window.NewLuminanceFlash(), int64(0), int64(-1)
		for i := int64(0); first < 0 && i < 10*rate[0]/rate[1]; i++ {
			at := i * 1_000_000 * rate[1] / rate[0]
			changed := at/240_000%2 - white
			white += changed
			if w.Add(at, float64(white), float64(changed)) == window.FlashExtended {
				first = at
			}
		}
		if picture := 1_000_000 * rate[1] / rate[0]; first < 4_960_000-picture || first > 4_960_000+picture {
			t.Errorf("%d/%d pictures a second: extended from %d us on, want 4960000 give or take a picture", rate[0], rate[1], first)
		}
	}
}

func TestFlashReset(t *testing.T) {
	w, at := window.NewLuminanceFlash(), int64(0)
	add := func(mean, changed float64) window.FlashVerdict { at += 40_000; return w.Add(at, mean, changed) }
	for i := 1; i < 150; i++ {
		add(float64(i/6%2), float64(b2i(i%6 == 0)))
	}
	w.Reset()
	// Of the first picture nothing is known that changed, be it said or not.
	if got := add(0, 1); got != window.FlashPass || w.Transitions() != 0 {
		t.Errorf("after a reset: %v with %d transitions, want none", got, w.Transitions())
	}
	add(1, 1)
	add(0, 1)
	add(1, 1)
	if got := add(0, 1); got != window.FlashWarning {
		t.Errorf("four transitions after a reset: %v, want %v", got, window.FlashWarning)
	}
}

// The verdict on a picture does not depend on what was more than seven seconds before it.
func TestFlashForgets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.Custom(func(t *rapid.T) picture {
			return picture{rapid.SampledFrom([]float64{0, 0.07, 0.3, 1}).Draw(t, "mean"), rapid.SampledFrom([]float64{0, 0, 0, -0.3, 1}).Draw(t, "changed")}
		})
		before := rapid.SliceOfN(step, 0, 200).Draw(t, "before")
		after := rapid.SliceOfN(step, 190, 240).Draw(t, "after")
		uncut, cut := window.NewLuminanceFlash(), window.NewLuminanceFlash()
		at := int64(0)
		for _, p := range before {
			at += 40_000
			uncut.Add(at, p.mean, p.changed)
		}
		for i, p := range after {
			at += 40_000
			a, b := uncut.Add(at, p.mean, p.changed), cut.Add(at, p.mean, p.changed)
			if i > 177 && (a != b || uncut.Transitions() != cut.Transitions()) { // 7 s and two pictures
				t.Fatalf("picture %d: %v with %d transitions, cut off %v with %d", i, a, uncut.Transitions(), b, cut.Transitions())
			}
		}
	})
}

func TestFlashAllocatesNothing(t *testing.T) {
	w, i := window.NewLuminanceFlash(), int64(0)
	add := func() { i++; w.Add(i*40_000, float64(i/6%2), float64(b2i(i%6 == 0))) }
	for range 1000 {
		add()
	}
	if n := testing.AllocsPerRun(1000, add); n != 0 {
		t.Errorf("a picture allocates %v times, want 0", n)
	}
}

func ExampleFlash() {
	luminance, red := window.NewLuminanceFlash(), window.NewRedFlash()
	for i := range 8 {
		white := float64(i % 2)
		fmt.Println(max(luminance.Add(int64(i)*40_000, white, 1), red.Add(int64(i)*40_000, 0, 0)))
	}
	// Output:
	// pass
	// pass
	// pass
	// pass
	// warning
	// warning
	// warning
	// fail
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
