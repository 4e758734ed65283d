package detector_test

import (
	"testing"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

// lookedAt is what a detector tells of seven seconds of sound pictures and two of which a version of the edge's network, heeded as Settings say, calls damaged.
func lookedAt(heeded, version int32) (opened int) {
	p := detector.New(detector.Config{})
	const begun = 1_764_136_800_000_000
	offset := int64(0)
	fold := func(stream string, f *schemas.Feature) {
		p.Fold(detector.Input{Stream: stream, Offset: offset, Feature: f}, func(out detector.Output) {
			if d := out.Defect; d != nil && d.Kind == "corruption" && d.State == "opened" {
				opened++
			}
		})
		offset++
	}
	share := int32(20)
	for i := range int64(25 * 12) {
		if i%25 == 0 {
			fold("", &schemas.Feature{Tick: &schemas.Tick{Time: begun + i*40_000, Generation: 1}})
		}
		if i == 0 {
			fold("", &schemas.Feature{Setting: &schemas.Setting{Time: begun, Generation: 1, Stream: "a", Profile: "default", Rules: `{"corruption":{"network":true}}`,
				Models: map[string]int64{"damage": int64(heeded)}}})
		}
		v := &schemas.VideoFrame{Session: begun, Seq: i, At: i * 40_000, Duration: 3600, Sampling: 1, Macroblock: &schemas.Macroblock{RowStd: 20, DifferenceShare: &share, Flat: 10},
			Block: &schemas.Block{}, Difference: &schemas.Difference{Low: 9_000, Previous: 9_000}}
		worst := byte(25)
		if i >= 25*7 {
			worst, v.Macroblock.RowStd = 250, 110
		}
		if i%25 == 0 {
			v.Sampled = &schemas.Sampled{Model: &version, Tiles: []byte{worst, worst}}
		}
		fold("a", &schemas.Feature{VideoFrame: v})
		if i%25 == 24 {
			fold("a", &schemas.Feature{StreamSecond: &schemas.StreamSecond{Session: begun, At: (i + 1) * 40_000, State: "up", FramesDecoded: 25}})
		}
	}
	return opened
}

// The scores of a version are taken when the Setting names it, and of no other.
func TestSettingsNameTheNetworkThatIsHeeded(t *testing.T) {
	for _, test := range []struct {
		heeded, version int32
		want            int
	}{{1, 1, 1}, {2, 2, 1}, {1, 2, 0}, {2, 1, 0}} {
		if got := lookedAt(test.heeded, test.version); got != test.want {
			t.Errorf("version %d is heeded and %d has looked: %d defects, want %d", test.heeded, test.version, got, test.want)
		}
	}
}
