package lab_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/framewatch/framewatch/internal/lab"
)

func TestSearchDoublesAndThenHalves(t *testing.T) {
	for _, test := range []struct {
		first, most, holds int
		tries              string
		want               int
	}{
		{500, 5000, 2800, "[500 1000 2000 4000 3000 2500 2750]", 2750}, // 3000-2750 is less than 2750/8
		{500, 1500, 9999, "[500 1000 1500]", 1500},
		{500, 5000, 100, "[500 250 125 62 93 109 101]", 93}, // 101-93 is less than 93/8
		{7, 5, 9, "[5]", 5},
		{4, 100, 0, "[4 2 1]", 0},
	} {
		var tries []int
		got, err := lab.Search(test.first, test.most, func() bool { return true }, func(n int) (bool, error) {
			tries = append(tries, n)
			return n <= test.holds, nil
		})
		if err != nil || got != test.want || fmt.Sprint(tries) != test.tries {
			t.Errorf("of %d at most %d hold: %d after trying %v (%v), want %d after %s", test.holds, test.most, got, tries, err, test.want, test.tries)
		}
	}
}

// What is found within the time is kept, and one try is made however little there is.
func TestSearchStopsWhenThereIsNoTime(t *testing.T) {
	for _, test := range []struct{ left, want int }{{0, 500}, {1, 1000}} {
		left := test.left
		got, err := lab.Search(500, 5000, func() bool { left--; return left >= 0 }, func(int) (bool, error) { return true, nil })
		if err != nil || got != test.want {
			t.Errorf("with time for %d more: %d, %v, want %d", test.left, got, err, test.want)
		}
	}
	broken := errors.New("broken")
	if got, err := lab.Search(1, 8, func() bool { return true }, func(n int) (bool, error) {
		if n > 2 {
			return false, broken
		}
		return true, nil
	}); got != 2 || !errors.Is(err, broken) {
		t.Errorf("got %d, %v, want 2 and the error", got, err)
	}
}
