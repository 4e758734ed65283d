package replay_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/replay"
)

// A second's worth may come at once; of 5 MB at 1 MB/s the other four take four seconds, in whatever pieces they come.
func TestPace(t *testing.T) {
	for _, test := range []struct {
		rate  int64
		bytes []int
		want  time.Duration
	}{
		{1e6, []int{5e6}, 4 * time.Second},
		{1e6, []int{1e6, 1e6, 2_500_000, 500_000}, 4 * time.Second},
		{1e6, []int{999_999}, 0},
		{0, []int{1e9}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			if err := replay.Spend(t.Context(), test.rate, test.bytes...); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(begin).Round(time.Millisecond); got != test.want {
				t.Errorf("%d bytes at %d a second take %s, want %s", test.bytes, test.rate, got, test.want)
			}
		})
	}
}
