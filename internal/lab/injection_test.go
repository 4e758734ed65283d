package lab_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/lab"
)

func TestEveryKindIsInjectedOrSaidNotToBe(t *testing.T) {
	injected := map[string]bool{}
	seen := map[string]bool{}
	for _, in := range lab.Injections {
		injected[in.Kind] = true
		row := strings.Join([]string{in.Kind, in.Variant, in.Level}, "/")
		if seen[row] || in.Level == "" || in.Length <= 0 {
			t.Errorf("injection %s: a level of its own and a length are wanted", row)
		}
		seen[row] = true
		if _, not := lab.NotInjected[in.Kind]; not {
			t.Errorf("%s is injected and said not to be", in.Kind)
		}
	}
	for _, kind := range rule.Catalogue.Names() {
		if _, not := lab.NotInjected[kind]; !injected[kind] && !not {
			t.Errorf("%s: no row of the injections, and no reason why not", kind)
		}
	}
}

func TestSamplesAreTheSameForASeedAndAsMuchClean(t *testing.T) {
	footage := lab.FootageIn(clips)
	one, two, other := lab.Samples(footage, 1, 1), lab.Samples(footage, 1, 1), lab.Samples(footage, 2, 1)
	var clean, spoilt time.Duration
	differ := 0
	for i, s := range one {
		if s.Describe() != two[i].Describe() {
			t.Errorf("%s differs from itself", s.Name)
		}
		if s.Describe() != other[i].Describe() {
			differ++
		}
		if len(s.Kinds()) == 0 && !s.Recipe {
			clean += s.Length()
		} else {
			spoilt += s.Length()
		}
	}
	if differ == 0 {
		t.Error("another seed gives the same set")
	}
	if share := clean.Seconds() / spoilt.Seconds(); share < 0.98 || share > 1 {
		t.Errorf("%v clean beside %v", clean, spoilt)
	}
	for _, half := range []string{lab.TuneHalf, lab.TestHalf} {
		if !slices.ContainsFunc(footage, func(f lab.Footage) bool { return f.Half() == half }) {
			t.Errorf("the clips of the source tree have no footage of the %s half", half)
		}
	}
}

// TestSamplesAreSpoiltWhereTheySay looks at the pictures of three samples with FFmpeg's own eyes.
func TestSamplesAreSpoiltWhereTheySay(t *testing.T) {
	cache := t.TempDir()
	for _, c := range []struct {
		kind, level string
		// pictures are the brightest luma before, in and after the fault, as bounds: black has 16.
		black bool
		// lost is how many pictures fewer there are than the clip's length.
		lost int
	}{
		{"black", "16 frames", true, 0},
		{"dropped_frames", "8 frames", false, 8},
	} {
		t.Run(c.kind, func(t *testing.T) {
			s := sample(t, "frog: "+c.kind+" "+c.level)
			made, err := s.Make(t.Context(), clips, cache)
			if err != nil {
				t.Fatal(err)
			}
			label := made.Labels[0]
			brightest := brightness(t, made.File)
			if want := int(s.Length()*25/time.Second) - c.lost; len(brightest) != want {
				t.Errorf("%d pictures, want %d", len(brightest), want)
			}
			from, to := int(label.Start.UnixMicro()/40000), int(label.End.UnixMicro()/40000)
			for i, y := range brightest {
				if dark := y < 40; dark != (c.black && i >= from && i < to) {
					t.Errorf("picture %d is %d at its brightest; the fault is from %d to %d", i, y, from, to)
				}
			}
			again, err := s.Make(t.Context(), clips, cache)
			if err != nil || len(again.Labels) != 1 || again.Labels[0] != label || again.File != made.File {
				t.Errorf("made again: %+v, %v, want %+v", again, err, made)
			}
		})
	}
}

// TestSoundIsSpoiltWhereItSays listens to a sample with FFmpeg's own ears: it is silent for as long as the fault lasts, and nowhere else for longer than sounds
// pause.
func TestSoundIsSpoiltWhereItSays(t *testing.T) {
	s := sample(t, "frog: silence 3.5 s")
	made, err := s.Make(t.Context(), clips, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	found, err := lab.RunFilters(t.Context(), lab.FilterDetectors, made.File, s.Name, s.Length())
	if err != nil {
		t.Fatal(err)
	}
	label, silences := made.Labels[0], found[len(found)-1]
	near := func(a, b time.Time) bool { return a.Sub(b).Abs() < 100*time.Millisecond }
	if len(silences) != 1 || !near(silences[0].Onset, label.Start) || !near(silences[0].End, label.End) {
		t.Errorf("silent at %+v, want from %v to %v", silences, label.Start, label.End)
	}
}

// TestLossIsLabelledWhereItIsSeen compares the pictures with those of the same clip without a fault.
func TestLossIsLabelledWhereItIsSeen(t *testing.T) {
	cache := t.TempDir()
	s := sample(t, ": corruption in-band 1 % lost")
	made, err := s.Make(t.Context(), clips, cache)
	if err != nil {
		t.Fatal(err)
	}
	if len(made.Labels) != 2 || made.Labels[0].Kind != "corruption" || made.Labels[1].Kind != "ts_error" {
		t.Fatalf("labels are %+v, want corruption and ts_error", made.Labels)
	}
	seen, lost := made.Labels[0], made.Labels[1]
	// What is lost is seen from its own picture on, and until the next key picture at most: two seconds.
	if seen.Start.Before(lost.Start.Add(-100*time.Millisecond)) || seen.End.After(lost.End.Add(2100*time.Millisecond)) || !seen.End.After(seen.Start) {
		t.Errorf("lost from %v to %v, seen from %v to %v", lost.Start.UTC(), lost.End.UTC(), seen.Start.UTC(), seen.End.UTC())
	}
}

// sample finds the first sample whose name ends so.
func sample(t *testing.T, name string) lab.Sample {
	t.Helper()
	samples := lab.Samples(lab.FootageIn(clips), 1, 0)
	i := slices.IndexFunc(samples, func(s lab.Sample) bool { return strings.HasSuffix(s.Name, name) })
	if i < 0 {
		t.Fatalf("no sample %q", name)
	}
	return samples[i]
}

// brightness is the brightest luma of each picture.
func brightness(t *testing.T, file string) (list []int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-i", filepath.Clean(file), "-an", "-vf", "scale=32:18:flags=area,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for len(out) >= 32*18 {
		list = append(list, int(slices.Max(out[:32*18])))
		out = out[32*18:]
	}
	return list
}
