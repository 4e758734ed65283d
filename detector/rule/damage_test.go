package rule_test

import (
	"math"
	"slices"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// described judges pictures, 25 a second, and gives the features of the last by name; nil where it has none.
func described(list ...*schemas.VideoFrame) map[string]float64 {
	c := rule.NewCorruption().(*rule.Corruption)
	for i, f := range list {
		f.Seq = int64(i)
		c.Judge(&rule.Record{Time: int64(i) * 40_000, Feature: &schemas.Feature{VideoFrame: f}})
	}
	if c.Features() == nil {
		return nil
	}
	named := map[string]float64{}
	for i, name := range rule.DamageFeatures.Names {
		named[name] = c.Features()[i]
	}
	return named
}

// tainted is a picture with so many borders, whose packet or one before is damaged; concealed is the decoder's word on itself.
func tainted(edges, moved, concealed int32) *schemas.VideoFrame {
	f := blocks(20, edges, moved, 10, 1)
	f.Decode.Concealed, f.Decode.SinceIDR = concealed, number(int32(30))
	return f
}

// The features by hand. Before the taint the share of borders is 31, so its logarithm 5; then it is 63, 127, 127, 63: 6, 7, 7 and 6.
func TestFeaturesOfDamage(t *testing.T) {
	var list []*schemas.VideoFrame
	for i := range 125 {
		f := blocks(20, 31, 15, 10, 0)
		if f.Decode.SinceIDR = number(int32(i)); i == 120 {
			f = blocks(20, 4000, 15, 10, 0) // one that stands out does not move the median
		}
		list = append(list, f)
	}
	if got := described(list...); got != nil {
		t.Errorf("a picture without taint has the features %v", got)
	}
	list = append(list, tainted(63, 255, 63), tainted(127, 15, 0), tainted(127, 15, 0), tainted(63, 15, 0))
	got := described(list...)
	for name, want := range map[string]float64{
		"look_edge_share": 6, "over_edge_share": 1, "over_row_std": 0, "look_grid8": 10.0 / 64,
		"peak_edge_share": 2,
		"mean_edge_share": (4*5+6+7+7+6)/8.0 - 5, // four pictures before the taint are among the last eight
		"long_edge_share": math.Log2(4001) - 5, "least_edge_share": 1, "before_edge_share": 2,
		"peak_difference_share": 4, "long_difference_share": 4, "over_difference_share": 0,
		"ancestors": 1, "concealed": 0, "concealed_max8": 6, "concealed_sum32": 6, "tainted_of_32": 4, "since_hit": 3, "since_idr": math.Log2(31), "usual_known": 1,
		"hits": 1, "hits_b": 0, "hit_concealed": 6, "since_reference_hit": 3, "last_hit_moved": 4, "last_hit_moved_next": 0, "last_hit_edges": 1, "own": 0,
	} {
		if math.Abs(got[name]-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

// A taint that lasts for longer than pictures without one are remembered has nothing to be compared with.
func TestFeaturesOfDamageThatLasts(t *testing.T) {
	var list []*schemas.VideoFrame
	for range 125 {
		list = append(list, blocks(20, 31, 15, 10, 0))
	}
	for range 260 { // 10.4 s
		list = append(list, tainted(127, 15, 0))
	}
	early, late := described(list[:130]...), described(list...)
	if early["over_edge_share"] != 2 || early["usual_known"] != 1 {
		t.Errorf("at first the excess is %v, and it is known: %v, want 2 and 1", early["over_edge_share"], early["usual_known"])
	}
	if late["over_edge_share"] != 0 || late["usual_known"] != 0 {
		t.Errorf("in the end the excess is %v, and it is known: %v, want 0 and 0", late["over_edge_share"], late["usual_known"])
	}
}

// Without a taint in between, a hit is forgotten; one on a B picture is another's.
func TestHitsEndWithTheTaint(t *testing.T) {
	var list []*schemas.VideoFrame
	for range 125 {
		list = append(list, blocks(20, 31, 15, 10, 0))
	}
	b := tainted(63, 15, 9)
	b.Flags = 3 << 8
	list = append(list, tainted(63, 15, 9), blocks(20, 31, 15, 10, 0), b, tainted(63, 15, 0))
	got := described(list...)
	if got["hits"] != 0 || got["hits_b"] != 1 || got["since_reference_hit"] != 125 || got["hit_concealed"] != 0 {
		t.Errorf("hits %v, on B pictures %v, since %v, concealed %v, want 0, 1, 125 and 0", got["hits"], got["hits_b"], got["since_reference_hit"], got["hit_concealed"])
	}
}

// gridded is a picture by its temporal information and the coded difference and the mean of its cells, of which the first are others.
func gridded(ti int32, coded, mean byte, others int, otherCoded, otherMean byte, ancestors int32) *schemas.VideoFrame {
	f := blocks(20, 31, 15, 10, ancestors)
	f.Detail = &schemas.Detail{TI: &ti}
	f.Grid = &schemas.Grid{Difference: new([72]byte)}
	for cell := range f.Grid.Mean {
		difference := coded
		if f.Grid.Mean[cell] = mean; cell < others {
			f.Grid.Mean[cell], difference = otherMean, otherCoded
		}
		f.Grid.Difference[cell/2] |= difference << (4 * (1 - cell%2))
	}
	if ancestors > 0 {
		f.Decode.Concealed = 36
	}
	return f
}

// The signs by hand: ti is 3 of 1/64 level before the loss, so its square 9; cells differ by up to 3 as it is coded, which stands for 1.5 x 4 and so 36. A
// hit has 5 for ti, 25 - 9 = 16, and 36 of the 144 cells differ by 5, 576 - 36 each, a quarter of that over the picture. Three levels are 24 of 1/8.
func TestSignsOfDamage(t *testing.T) {
	var list []*schemas.VideoFrame
	for i := range 125 {
		list = append(list, gridded(3, byte(2+i%2), 100, 0, 0, 0, 0))
	}
	hit := gridded(5, 3, 100, 36, 5, 103, 1)
	later := gridded(3, 3, 100, 36, 3, 103, 1)
	later.Decode.Concealed = 0
	list = append(list, hit, later)
	got := described(list...)
	for name, want := range map[string]float64{
		"look_jump": 0, "peak_jump": math.Log2(17), "long_jump": math.Log2(17), "hits_jump": math.Log2(17), "last_hit_jump": math.Log2(17),
		"look_cells": 0, "peak_cells": math.Log2(37), "hits_cells": math.Log2(37),
		"look_cell_energy": 0, "peak_cell_energy": math.Log2(1 + 540/4.0), "last_hit_cell_energy": math.Log2(1 + 540/4.0),
		"hits_frozen": math.Log2(1 + 36*16), // as features tell it, usual_ti is log2(1 + 3): 16 is the square of 1 + 3
		"away":        math.Log2(1 + 24*24/4.0), "away_most": math.Log2(1 + 24*24), "tainted_for": math.Log2(1 + 2),
		"usual_ti": 2, "peak_ti": math.Log2(6) - 2, "long_ti": math.Log2(6) - 2,
	} {
		if math.Abs(got[name]-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

// Whatever the figures are, features are numbers.
func TestFeaturesOfDamageAreNumbers(t *testing.T) {
	for _, x := range []int32{math.MinInt32, -1, 0, math.MaxInt32} {
		var list []*schemas.VideoFrame
		for i := range 140 {
			f := blocks(x, x, x, x, int32(i/130))
			f.Macroblock.RowMax, f.Macroblock.DifferenceMax, f.Difference.Previous = x, &x, x
			f.Grid = &schemas.Grid{Difference: new([72]byte)}
			f.Grid.Difference[i%72], f.Grid.Mean[i%144] = byte(x), byte(x)
			f.Detail = &schemas.Detail{LaplacianFull: x, LaplacianHalf: x, Noise: x, TI: &x}
			f.Decode.Concealed, f.Decode.Errors, f.Decode.LostBefore, f.Decode.SinceIDR, f.Decode.PacketSize, f.Decode.QPMean, f.Flags = x, x, x, &x, x, &x, x
			list = append(list, f)
		}
		got := described(list...)
		for name, v := range got {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("of %d: %s is %v", x, name, v)
			}
		}
		if missing := slices.IndexFunc(rule.DamageFeatures.Names, func(n string) bool { _, ok := got[n]; return !ok }); missing >= 0 && len(got) > 0 {
			t.Errorf("of %d: there is no %s", x, rule.DamageFeatures.Names[missing])
		}
	}
}

// BenchmarkCorruption judges pictures without taint, and tainted ones with their features and score.
func BenchmarkCorruption(b *testing.B) {
	for name, ancestors := range map[string]int32{"clean": 0, "tainted": 3} {
		b.Run(name, func(b *testing.B) {
			c := rule.NewCorruption()
			f := blocks(40, 60, 30, 10, ancestors)
			f.Detail = &schemas.Detail{LaplacianFull: 900, LaplacianHalf: 1200, Noise: 100}
			r := &rule.Record{Feature: &schemas.Feature{VideoFrame: f}}
			b.ReportAllocs()
			for b.Loop() {
				f.Seq++
				r.Time += 40_000
				c.Judge(r)
			}
		})
	}
}
