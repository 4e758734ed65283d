package source_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/source"
)

func TestSoundFormats(t *testing.T) {
	for _, c := range []struct {
		codec, format string
		step          float64 // of a quantiser, full scale 1.0
	}{
		{"pcm_u8", "u8", 1.0 / 128}, {"pcm_s16le", "s16", 1.0 / 32768}, {"pcm_s24le", "s32", 1.0 / (1 << 23)}, {"pcm_s32le", "s32", 1e-7},
		{"pcm_s64le", "s64", 1e-7}, {"pcm_f32le", "flt", 1e-7}, {"pcm_f64le", "dbl", 1e-7}, {"pcm_s16le_planar", "s16p", 1.0 / 32768},
	} {
		t.Run(c.codec, func(t *testing.T) {
			got := decode(t, source.Input{Path: clip(t, "a.nut", "-f lavfi -i aevalsrc=0.5|-0.25:s=48000:d=0.5 -c:a "+c.codec)})
			samples := 0
			for _, s := range got.samples {
				if s.Format.SampleFormat != c.format || len(s.Channels) != 2 {
					t.Fatalf("got %+v of %d channels, want %s of 2", s.Format, len(s.Channels), c.format)
				}
				for i := range s.Channels[0] {
					left, right := float64(s.Channels[0][i]), float64(s.Channels[1][i])
					if math.Abs(left-0.5) > c.step || math.Abs(right+0.25) > c.step {
						t.Fatalf("sample %d is %v, %v, want 0.5, -0.25", samples+i, left, right)
					}
				}
				samples += len(s.Channels[0])
			}
			if got.err != nil || samples != 24000 {
				t.Errorf("got %d samples, %v, want 24000", samples, got.err)
			}
		})
	}
}

func TestSoundPassesNotANumber(t *testing.T) {
	got := decode(t, source.Input{Path: clip(t, "a.wav", "-f lavfi -i aevalsrc=0/0:s=8000:d=0.1 -c:a pcm_f32le")})
	if len(got.samples) == 0 || !math.IsNaN(float64(got.samples[0].Channels[0][0])) {
		t.Errorf("got %v, want NaN", got.samples)
	}
}

// TestSoundTracks decodes ten tracks: all are described, the first eight decoded.
func TestSoundTracks(t *testing.T) {
	arguments := "-f lavfi -i sine=r=8000:d=0.2 " + strings.Repeat("-map 0:a ", 10) + "-c:a pcm_s16le"
	got := decode(t, source.Input{Path: clip(t, "a.mkv", arguments+" -metadata:s:a:3 language=fra")})
	if got.err != nil || len(got.tracks) != 1 || len(got.tracks[0].List) != 10 {
		t.Fatalf("got %+v, %v, want one list of 10 tracks", got.tracks, got.err)
	}
	if track := got.tracks[0].List[3]; track.Language != "fra" || track.Kind != "audio" || track.Codec != "pcm_s16le" {
		t.Errorf("track 3 is %+v", track)
	}
	heard := map[int]int{}
	for _, s := range got.samples {
		heard[s.Track] += len(s.Channels[0])
	}
	if want := "map[0:1600 1:1600 2:1600 3:1600 4:1600 5:1600 6:1600 7:1600]"; fmt.Sprint(heard) != want {
		t.Errorf("samples by track are %v, want %v", heard, want)
	}
}
