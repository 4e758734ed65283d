package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/replay"
)

// Labelled is one clip of an evaluation set, however it came to be.
type Labelled struct {
	Name string
	// Source is the name of the recording that it was made from: it decides the half.
	Source string
	// Kinds are those that it is labelled with, and "recipe" or "clean" when it is one of these.
	Kinds []string
	// Companions are kinds that its faults explain.
	Companions []string
	// Make gives the clip; WarmUp one of the same recording without a fault that a stream would have been before, nil: there is none.
	Make   func(ctx context.Context) (Made, error)
	WarmUp func(ctx context.Context) (Made, error)
}

// What a clip may be besides labelled with a kind.
const (
	CleanClips  = "clean"
	RecipeClips = "recipe"
)

// warmUp is how long a stream has been there before a sample: what is usual for it is known then.
const warmUpLength = 75 * time.Second

// BuiltIn is the evaluation set that is made from the footage in clips, as Samples tells.
func BuiltIn(clips, cache string, seed uint64, clean float64) ([]Labelled, error) {
	footage := FootageIn(clips)
	if len(footage) == 0 {
		return nil, fmt.Errorf("make the evaluation set: %s has none of the footage", clips)
	}
	made := func(s Sample) func(context.Context) (Made, error) {
		return func(ctx context.Context) (Made, error) { return s.Make(ctx, clips, cache) }
	}
	var set []Labelled
	for _, s := range Samples(footage, seed, clean) {
		l := Labelled{Name: s.Name, Source: s.Footage.Name, Kinds: s.Kinds(), Companions: s.Companions(), Make: made(s)}
		switch {
		case s.Recipe:
			l.Kinds = []string{RecipeClips}
		case len(l.Kinds) == 0:
			l.Kinds = []string{CleanClips}
		}
		if len(s.faults) > 0 && !s.quiet() {
			warm := newSample(s.Footage, seed, "before")
			warm.length = frames(warmUpLength)
			l.WarmUp = made(warm)
		}
		set = append(set, l)
	}
	return set, nil
}

// setFile lists the clips of a set in a folder.
const setFile = "set.ndjson"

// setLine is one line of it. Times are in seconds since the clip's first picture.
type setLine struct {
	File       string   `json:"file"`
	Source     string   `json:"source"`
	Companions []string `json:"companions"`
	Labels     []struct {
		Kind    string  `json:"kind"`
		Variant string  `json:"variant"`
		Level   string  `json:"level"`
		Start   float64 `json:"start"`
		End     float64 `json:"end"`
		// Brief ones need not be found by who judges durations.
		Brief bool `json:"brief"`
	} `json:"labels"`
}

// SetIn is the set of a folder: set.ndjson has a line a clip, with its file, its source (else the file's name), and its labels; without any it is clean.
func SetIn(folder string) (set []Labelled, err error) {
	f, err := os.Open(filepath.Join(folder, setFile))
	if err != nil {
		return nil, fmt.Errorf("read the set: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		l, err := labelled(folder, lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("read the set: line %d: %w", n, err)
		}
		set = append(set, l)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the set: %w", err)
	}
	if len(set) == 0 {
		return nil, errors.New("read the set: it has no clip")
	}
	return set, nil
}

func labelled(folder string, text []byte) (Labelled, error) {
	var line setLine
	if err := json.Unmarshal(text, &line); err != nil {
		return Labelled{}, err
	}
	if !filepath.IsLocal(line.File) {
		return Labelled{}, fmt.Errorf("file %q is not within the folder", line.File)
	}
	if line.Source == "" {
		line.Source = filepath.Base(line.File)
	}
	l := Labelled{Name: line.File, Source: line.Source, Companions: line.Companions}
	made := Made{File: filepath.Join(folder, line.File)}
	for _, label := range line.Labels {
		if !knownKind(label.Kind) {
			return l, fmt.Errorf("kind %q is unknown%s", label.Kind, catalogue.Suggest(label.Kind, Kinds()))
		}
		if !(label.Start < label.End) {
			return l, fmt.Errorf("a label from %v to %v has no length", label.Start, label.End)
		}
		made.Labels = append(made.Labels, replay.Label{Stream: l.Name, Kind: label.Kind, Variant: label.Variant, Level: label.Level,
			Optional: label.Brief, Start: time.UnixMicro(int64(label.Start * 1e6)), End: time.UnixMicro(int64(label.End * 1e6))})
		l.Kinds = append(l.Kinds, label.Kind)
	}
	if len(l.Kinds) == 0 {
		l.Kinds = []string{CleanClips}
	}
	l.Make = func(context.Context) (Made, error) { return made, nil }
	return l, nil
}

// Kinds are all kinds of defect that clips may be labelled with: those of the detector and those of the injections.
func Kinds() []string {
	kinds := slices.Clone(rule.Catalogue.Names())
	for _, in := range Injections {
		if !slices.Contains(kinds, in.Kind) {
			kinds = append(kinds, in.Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

func knownKind(kind string) bool { return slices.Contains(Kinds(), kind) }

// quiet tells that only sound is spoilt: the pictures are small then.
func (s Sample) quiet() bool {
	return !slices.ContainsFunc(s.faults, func(p placement) bool { return !p.soundOnly() })
}
