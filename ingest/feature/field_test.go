package feature_test

import (
	"fmt"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// Lines alternate between 100 (even) and 140 (odd) in a picture between two others.
func TestField(t *testing.T) {
	comb := draw(20, 16, func(_, y int) int { return 100 + 40*(y%2) })
	low, high := draw(20, 16, flat(100)), draw(20, 16, flat(140))
	for _, c := range []struct {
		name            string
		prev, cur, next *media.Frame
		want            schemas.Field
	}{
		{name: "a flat picture, still", prev: low, cur: low, next: low, want: schemas.Field{}},
		// Every line is 40 from both neighbours: |2*40| = 80 levels.
		{name: "a combed picture, still", prev: comb, cur: comb, next: comb, want: schemas.Field{Alpha0: 80 * 256, Alpha1: 80 * 256, Delta: 80 * 256}},
		// alpha0: even lines with the previous picture's, |140+140-2*100| = 80; odd lines with the next's, |100+100-2*140| = 80.
		// alpha1: odd lines with the previous picture's, |100+100-2*100| = 0; even lines with the next's, |140+140-2*140| = 0.
		// gamma0: odd lines that changed since, 2*40 on half the rows; gamma1: even lines, that did not.
		{name: "odd lines are new", prev: low, cur: comb, next: high,
			want: schemas.Field{Alpha0: 80 * 256, Alpha1: 0, Delta: 80 * 256, Gamma0: 40 * 256}},
		{name: "even lines are new", prev: high, cur: comb, next: low,
			want: schemas.Field{Alpha0: 0, Alpha1: 80 * 256, Delta: 80 * 256, Gamma1: 40 * 256}},
	} {
		if got := measure(c.prev, c.cur, c.next).Field; *got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, *got, c.want)
		}
		if got := measure(c.prev, c.cur).Field; got != nil {
			t.Errorf("%s: two pictures have %+v, want null", c.name, got)
		}
	}
	line := draw(20, 4, flat(100))
	if got := measure(line, line, line).Field; got != nil {
		t.Errorf("four rows: got %+v, want null", got)
	}
}

// weaves make pictures of two fields, or leave the film as it is.
var weaves = []string{"null", "tinterlace=interleave_top", "tinterlace=interleave_bottom"}

// FFmpeg's idet, from all columns and planes, comes to the same verdict by the same ratios on a film, woven into fields or not.
func TestFieldAgreesWithFFmpeg(t *testing.T) {
	const frames = 24
	c := clips[0]
	for _, weave := range weaves {
		want := metadata(t, c.path(), weave+",idet", frames)
		raw := decode(t, c.path(), weave, frames)
		agree, told := 0, 0
		for i := 2; i < frames; i++ {
			got, _ := verdict(measure(luma(raw, c.width, c.height, i-2), luma(raw, c.width, c.height, i-1), luma(raw, c.width, c.height, i)).Field)
			if w := want[i-1]["idet.single.current_frame"]; w != "undetermined" {
				told++
				agree += b2i(got == w)
			}
		}
		if told < 15 || agree < told-1 {
			t.Errorf("%s: of %d verdicts of FFmpeg's %d are ours too", weave, told, agree)
		}
	}
}

// Of a grey picture of 16 columns, which we all look at, our sums are idet's: every verdict is the same, of order and of repetition.
func TestFieldEqualsFFmpeg(t *testing.T) {
	const frames, width = 24, 16
	seen := map[string]int{}
	for _, c := range []clip{clips[0], clips[2]} {
		for _, weave := range append(weaves, "telecine") {
			strip := fmt.Sprintf("%s,crop=%d:ih:%d:0", weave, width, c.width/2)
			want := metadata(t, c.path(), strip+",extractplanes=y,idet", frames)
			raw := decode(t, c.path(), strip, frames)
			for i := 2; i < frames; i++ {
				order, repeated := verdict(measure(luma(raw, width, c.height, i-2), luma(raw, width, c.height, i-1), luma(raw, width, c.height, i)).Field)
				if w := want[i-1]["idet.single.current_frame"]; order != w {
					t.Errorf("%s, %s, picture %d: %s, want %s", c.name, weave, i-1, order, w)
				}
				if w := want[i-1]["idet.repeated.current_frame"]; repeated != w {
					t.Errorf("%s, %s, picture %d: repeated %s, want %s", c.name, weave, i-1, repeated, w)
				}
				seen[order]++
				seen[repeated]++
			}
		}
	}
	for _, v := range []string{"tff", "bff", "progressive", "undetermined", "neither", "top", "bottom"} {
		if seen[v] < 5 {
			t.Errorf("%d pictures are %s: the clips tell too little", seen[v], v)
		}
	}
}

// verdict is idet's on a single picture, with its default thresholds: which field is first, and which is repeated.
func verdict(f *schemas.Field) (order, repeated string) {
	alpha0, alpha1, gamma0, gamma1 := float64(f.Alpha0), float64(f.Alpha1), float64(f.Gamma0), float64(f.Gamma1)
	order, repeated = "undetermined", "neither"
	switch {
	case alpha0 > 1.04*alpha1:
		order = "tff"
	case alpha1 > 1.04*alpha0:
		order = "bff"
	case alpha1 > 1.5*float64(f.Delta):
		order = "progressive"
	}
	switch {
	case gamma0 > 3*gamma1:
		repeated = "top"
	case gamma1 > 3*gamma0:
		repeated = "bottom"
	}
	return order, repeated
}
