package detector_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/schemas"
)

// TestModelNotWaitedFor: a model that is not there changes nothing, however often it is named, and is asked for once; one that was no longer waited for makes
// all that follows void.
func TestModelNotWaitedFor(t *testing.T) {
	for _, test := range []struct {
		name  string
		found error
		asked int
		void  bool
	}{
		{"not there", errors.New("it is not there"), 1, false},
		{"ended", context.Canceled, 1, true},
		{"timed out", fmt.Errorf("read models: %w", context.DeadlineExceeded), 1, true},
	} {
		asked := 0
		p := detector.New(detector.Config{Model: func(string, int64) (*model.Trees, error) {
			asked++
			return nil, test.found
		}})
		for n, stream := range []string{"a", "b"} {
			s := &schemas.Setting{Time: int64(n+1) * 1_000_000, Generation: 1, Stream: stream, Rules: "{}", Models: map[string]int64{"corruption": 99}}
			p.Fold(detector.Input{Offset: int64(n), Feature: &schemas.Feature{Setting: s}}, func(detector.Output) {})
			if p.Err() != nil {
				break // nobody goes on with it
			}
		}
		if asked != test.asked || (p.Err() != nil) != test.void {
			t.Errorf("%s: asked %d times, error %v", test.name, asked, p.Err())
		}
	}
}
