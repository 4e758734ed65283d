package lab_test

import (
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
)

func TestFiltersAreRead(t *testing.T) {
	// What FFmpeg 5.1 says; the freeze has not ended.
	said := `Input #0, mpegts, from 'x.ts':
[blackdetect @ 0x5581] black_start:1.96 black_end:5.96 black_duration:4
[silencedetect @ 0x5582] silence_start: -0.0213333
[silencedetect @ 0x5582] silence_end: 2.5 | silence_duration: 2.52133
[freezedetect @ 0x5583] lavfi.freezedetect.freeze_start: 3.96
[h264 @ 0x5585] black_start:0 black_end:9 black_duration:9
[blackdetect @ 0x5581] black_start:6 black_end:8 black_duration:2
`
	for filter, spans := range map[string][][2]float64{
		"blackdetect": {{1.96, 5.96}, {6, 8}}, "freezedetect": {{3.96, 10}}, "silencedetect": {{-0.021333, 2.5}}, "cropdetect": nil,
	} {
		found := lab.FilterDetector{Kind: "kind", Filter: filter}.Read(said, "x", 10*time.Second)
		if len(found) != len(spans) {
			t.Fatalf("%s found %v, want %v", filter, found, spans)
		}
		for j, span := range spans {
			d := found[j]
			if from, to := float64(d.Onset.UnixMicro())/1e6, float64(d.End.UnixMicro())/1e6; from != span[0] || to != span[1] || d.Stream != "x" || d.Kind != "kind" {
				t.Errorf("%s: %v to %v of %q, want %v", filter, from, to, d.Stream, span)
			}
		}
	}
}
