package rule_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// content is the hash of the n-th fifth of a second of a programme: a new one in each second, and of it one bit that changes.
func content(programme uint64, n int) uint64 {
	x := (programme<<32 + uint64(n/5)) * 0x9e3779b97f4a7c15
	x = (x ^ x>>29) * 0xbf58476d1ce4e5b9
	return x ^ x>>32 ^ uint64(n%2)
}

// TestContentMismatch shows two streams for twelve seconds, five pictures a second, and compares at a tick.
func TestContentMismatch(t *testing.T) {
	type showing struct {
		programme uint64
		late      int // pictures
		still     bool
		dark      bool
		from      int // pictures that are missing at the beginning
		bits      uint64
	}
	for _, test := range []struct {
		name  string
		other showing
		state rule.State
		value float64
	}{
		{"the same", showing{programme: 1}, rule.Good, 0},
		{"the same, eight seconds later", showing{programme: 1, late: 40}, rule.Good, 0},
		{"the same, eight seconds earlier", showing{programme: 1, late: -40}, rule.Good, 0},
		{"the same, too late to be found", showing{programme: 1, late: 51}, rule.Bad, 1},
		{"the same, with a logo", showing{programme: 1, bits: 0xfff}, rule.Good, 0},
		{"so much else that it is another", showing{programme: 1, bits: 0x3fff}, rule.Bad, 1},
		{"another programme", showing{programme: 2}, rule.Bad, 1},
		{"another programme that stands still", showing{programme: 2, still: true}, rule.Unknown, 0},
		{"no detail", showing{programme: 2, dark: true}, rule.Unknown, 0},
		{"hardly anything", showing{programme: 2, from: 41}, rule.Unknown, 0},
		{"nothing", showing{programme: 2, from: 1000}, rule.Unknown, 0},
	} {
		rules := []*rule.ContentMismatch{rule.NewContentMismatch().(*rule.ContentMismatch), rule.NewContentMismatch().(*rule.ContentMismatch)}
		rules[0].Want(rule.Wanted{SameAs: "other"})
		for n := range 60 {
			for i, s := range []showing{{programme: 1}, test.other} {
				if n < s.from {
					continue
				}
				f := &schemas.VideoFrame{Luma: &schemas.Luma{Std: 40 * 256}, Hash: &schemas.PictureHash{}, Difference: &schemas.Difference{Low: 8192}}
				binary.BigEndian.PutUint64(f.Hash.Perceptual[:], content(s.programme, n+1000-s.late)^s.bits)
				if s.still {
					f.Difference.Low = 100
				}
				if s.dark {
					f.Luma.Std = 0
				}
				rules[i].Judge(&rule.Record{Time: int64(n) * 200_000, Feature: &schemas.Feature{VideoFrame: f}})
			}
		}
		tick := &rule.Record{Time: 12_000_000, Feature: &schemas.Feature{Tick: &schemas.Tick{Time: 12_000_000}}}
		if v, ok := rules[0].Judge(tick); !ok || v.State != rule.Unknown {
			t.Errorf("%s: before they met: got %+v, %v", test.name, v, ok)
		}
		rules[0].Meet(rules[1])
		v, ok := rules[0].Judge(tick)
		if !ok || v.State != test.state || test.state != rule.Unknown && math.Abs(v.Value-test.value) > 1e-9 {
			t.Errorf("%s: got %+v, want %v and %v", test.name, v, test.state, test.value)
		}
		if _, ok := rules[1].Judge(tick); ok {
			t.Errorf("%s: the other stream, of which nothing is expected, is judged", test.name)
		}
	}
	if _, err := rule.Catalogue.New("content_mismatch", []byte("shift: 20s")); err == nil || !strings.Contains(err.Error(), "shift 20s is not within 0s and 8s") {
		t.Errorf("got %v", err)
	}
}
