package model_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/detector/model"
)

var features = model.Features{Version: 3, Names: []string{"width", "height", "depth"}}

// file is a sound model of features: two stumps, of which the second has a deeper right side.
//
//	tree 0: width <= 2 ? -1 : 1
//	tree 1: height <= 0.5 ? 0.25 : (depth <= -1 ? 2 : 4)
func file() *model.File {
	return &model.File{
		Format: 1, Kind: "trees", Name: "shape", Version: 7, Features: features.Fingerprint(), Names: features.Names,
		Base: 0.5, Calibration: model.Calibration{Slope: 2, Intercept: -1}, Threshold: 0.9,
		Trees: []model.Tree{
			{Feature: []int{0, 0, 0}, Threshold: []float64{2, 0, 0}, Left: []int{1, 0, 0}, Right: []int{2, 0, 0}, Value: []float64{0, -1, 1}},
			{Feature: []int{1, 0, 2, 0, 0}, Threshold: []float64{0.5, 0, -1, 0, 0}, Left: []int{1, 0, 3, 0, 0}, Right: []int{2, 0, 4, 0, 0}, Value: []float64{0, 0.25, 0, 2, 4}},
		},
	}
}

func encoded(t testing.TB, f *model.File) []byte {
	t.Helper()
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The sums by hand: the base, and a leaf of each tree. What is at a threshold goes left.
func TestScores(t *testing.T) {
	m, err := model.Read(encoded(t, file()), features)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		x   []float64
		sum float64
	}{
		{[]float64{2, 0.5, 0}, 0.5 - 1 + 0.25},
		{[]float64{2.1, 0.5, 0}, 0.5 + 1 + 0.25},
		{[]float64{0, 0.6, -1}, 0.5 - 1 + 2},
		{[]float64{9, 0.6, -0.9}, 0.5 + 1 + 4},
		{[]float64{1e300, 1e300, -1e300}, 0.5 + 1 + 2},
	} {
		want := 1 / (1 + math.Exp(-(2*test.sum - 1)))
		if got := m.Probability(test.x); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: the probability is %v, want %v", test.x, got, want)
		}
		if got := m.Figure(test.x); got >= model.Operating != (want >= 0.9) {
			t.Errorf("%v: the figure is %v, and the probability %v with a threshold of 0.9", test.x, got, want)
		}
	}
}

// At the model's threshold the figure is Operating: 2 x - 1 = ln 9, where the probability is 0.9.
func TestFigureAtTheOperatingPoint(t *testing.T) {
	f := file()
	f.Base = (math.Log(9) + 1) / 2
	f.Trees = []model.Tree{{Feature: []int{0}, Threshold: []float64{0}, Left: []int{0}, Right: []int{0}, Value: []float64{0}}}
	m, err := model.Read(encoded(t, f), features)
	if err != nil {
		t.Fatal(err)
	}
	x := []float64{0, 0, 0}
	if p, figure := m.Probability(x), m.Figure(x); math.Abs(p-0.9) > 1e-12 || math.Abs(figure-model.Operating) > 1e-12 {
		t.Errorf("the probability is %v and the figure %v, want 0.9 and %v", p, figure, model.Operating)
	}
}

// A linear part is one feature more: 3 - 4/2 + 0.5 is 1.5, which the second of two stumps splits at.
func TestLinearPartIsAFeature(t *testing.T) {
	f := file()
	f.Linear = &model.Linear{Weights: []float64{1, -0.5, 0.25}, Intercept: 0.5}
	f.Calibration = model.Calibration{Slope: 1, Intercept: 0}
	f.Trees[1] = model.Tree{Feature: []int{3, 0, 0}, Threshold: []float64{1.5, 0, 0}, Left: []int{1, 0, 0}, Right: []int{2, 0, 0}, Value: []float64{0, -1, -2}}
	m, err := model.Read(encoded(t, f), features)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		x   []float64
		sum float64
	}{
		{[]float64{3, 4, 0}, 0.5 + 1 - 1},
		{[]float64{3, 4, 0.1}, 0.5 + 1 - 2},
	} {
		if got, want := m.Probability(test.x), 1/(1+math.Exp(-test.sum)); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: the probability is %v, want %v", test.x, got, want)
		}
	}
}

// grown is a random tree of at most so many splits, and leafOf the value of its leaf by the plain walk.
func grown(random *rand.Rand, splits, features, depth int) (t model.Tree) {
	at := []int{0}
	leaf := func() {
		t.Feature, t.Threshold, t.Left, t.Right, t.Value = append(t.Feature, 0), append(t.Threshold, 0), append(t.Left, 0), append(t.Right, 0), append(t.Value, random.NormFloat64())
	}
	leaf()
	for open := []int{0}; splits > 0 && len(open) > 0; splits-- {
		i := random.IntN(len(open))
		n := open[i]
		open = append(open[:i], open[i+1:]...)
		t.Feature[n], t.Threshold[n], t.Left[n], t.Right[n] = random.IntN(features), math.Round(2*random.NormFloat64())/2, len(t.Left), len(t.Left)+1
		for range 2 {
			leaf()
			at = append(at, at[n]+1)
			if child := len(t.Left) - 1; at[child] < depth {
				open = append(open, child)
			}
		}
	}
	return t
}

// chain is a tree that goes so deep.
func chain(depth int) (t model.Tree) {
	for i := range 2*depth + 1 {
		left := 0
		if i%2 == 0 && i < 2*depth {
			left = i + 1
		}
		t.Feature, t.Threshold, t.Left, t.Right, t.Value = append(t.Feature, 0), append(t.Threshold, float64(i)), append(t.Left, left), append(t.Right, left+1), append(t.Value, 1)
	}
	return t
}

func leafOf(t *model.Tree, x []float64) float64 {
	n := 0
	for t.Left[n] > 0 {
		if x[t.Feature[n]] <= t.Threshold[n] {
			n = t.Left[n]
		} else {
			n = t.Right[n]
		}
	}
	return t.Value[n]
}

// The trees as they are laid out give what walking each gives.
func TestTreesAreWalkedRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		f := file()
		f.Calibration = model.Calibration{Slope: 1}
		f.Trees = nil
		for range rapid.IntRange(1, 9).Draw(t, "trees") {
			f.Trees = append(f.Trees, grown(random, rapid.IntRange(0, 20).Draw(t, "splits"), 3, 6))
		}
		data, _ := json.Marshal(f)
		m, err := model.Read(data, features)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			x := []float64{math.Round(2*random.NormFloat64()) / 2, random.NormFloat64(), random.NormFloat64()}
			sum := f.Base
			for i := range f.Trees {
				sum += leafOf(&f.Trees[i], x)
			}
			if got, want := m.Probability(x), 1/(1+math.Exp(-sum)); math.Abs(got-want) > 1e-9 {
				t.Fatalf("%v: got %v, want %v", x, got, want)
			}
		}
	})
}

// Whatever is wrong with a model is said, and in which way it is another's.
func TestModelsAreRefused(t *testing.T) {
	for _, test := range []struct {
		name, want string
		change     func(f *model.File)
	}{
		{"another layout", "its format is 2", func(f *model.File) { f.Format = 2 }},
		{"another kind", `its kind is "onnx"`, func(f *model.File) { f.Kind = "onnx" }},
		{"no name", "the model's name", func(f *model.File) { f.Name = "" }},
		{"a name as a path", "the model's name", func(f *model.File) { f.Name = "../etc/passwd" }},
		{"no version", "its version 0", func(f *model.File) { f.Version = 0 }},
		{"no trees", "it has 0 trees", func(f *model.File) { f.Trees = nil }},
		{"very many trees", "it has 401 trees", func(f *model.File) { f.Trees = make([]model.Tree, 401) }},
		{"an operating point of 1", "its threshold 1", func(f *model.File) { f.Threshold = 1 }},
		{"a calibration that turns it around", "slope -1", func(f *model.File) { f.Calibration.Slope = -1 }},
		{"other features", "another order", func(f *model.File) { f.Names = []string{"width", "depth", "height"} }},
		{"an unknown feature", `the feature "age"`, func(f *model.File) { f.Names = []string{"width", "height", "age"} }},
		{"fewer features", "lacks 1 of the 3", func(f *model.File) { f.Names, f.Trees = f.Names[:2], f.Trees[:1] }},
		{"features of another version", "its features are", func(f *model.File) { f.Features = model.Features{Version: 2, Names: features.Names}.Fingerprint() }},
		{"a feature that is not there", "feature 3 is none of 3", func(f *model.File) { f.Trees[0].Feature[0] = 3 }},
		{"the linear part that is not there", "feature 4 is none of 4", func(f *model.File) {
			f.Linear = &model.Linear{Weights: []float64{1, 1, 1}}
			f.Trees[0].Feature[0] = 4
		}},
		{"a weight too many", "4 weights for 3 features", func(f *model.File) { f.Linear = &model.Linear{Weights: []float64{1, 1, 1, 1}} }},
		{"a weight that is no number", "no number", func(f *model.File) { f.Linear = &model.Linear{Weights: []float64{1, 1, 1e300}} }},
		{"very many features", "it has 256 features", func(f *model.File) { f.Names = make([]string, 256) }},
		{"a loop", "its child 0 does not come after it", func(f *model.File) { f.Trees[0].Right[0] = 0 }},
		{"a child beyond the end", "its child 9", func(f *model.File) { f.Trees[0].Left[0] = 9 }},
		{"a leaf of two", "node 1: it has 2 parents", func(f *model.File) { f.Trees[0].Right[0] = 1 }},
		{"lists that do not fit", "nodes", func(f *model.File) { f.Trees[0].Value = f.Trees[0].Value[:2] }},
		{"very deep", "deeper than 8", func(f *model.File) { f.Trees[0] = chain(9) }},
		{"a sum beyond numbers", "tree 0: node 1: no number", func(f *model.File) { f.Trees[0].Value[1] = 1e300 }},
	} {
		f := file()
		test.change(f)
		_, err := model.Read(encoded(t, f), features)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got the error %v, want one with %q", test.name, err, test.want)
		}
	}
	sound := string(encoded(t, file()))
	for name, data := range map[string]string{
		"nothing": "", "no JSON": "\x08\x03onnx", "a half": sound[:len(sound)/2], "more behind it": sound + "{}", "an unknown key": `{"pickle":"x",` + sound[1:],
		"a value that is no number": strings.Replace(sound, `"base":0.5`, `"base":1e999`, 1), "too long": sound + strings.Repeat(" ", model.MaxBytes),
	} {
		if _, err := model.Read([]byte(data), features); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

// BenchmarkFigure scores as many trees as are allowed for a model of the size that is shipped: 100 of 15 leaves, of 68 features.
func BenchmarkFigure(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	f := file()
	f.Names, f.Trees = nil, nil
	for i := range 68 {
		f.Names = append(f.Names, string(rune('a'+i%26))+strings.Repeat("x", i/26))
	}
	for range 100 {
		f.Trees = append(f.Trees, grown(random, 14, 68, 6))
	}
	of := model.Features{Version: 1, Names: f.Names}
	f.Features = of.Fingerprint()
	m, err := model.Read(encoded(b, f), of)
	if err != nil {
		b.Fatal(err)
	}
	pictures := make([][]float64, 512) // so many that no branch is learnt by heart
	for i := range pictures {
		for range 68 {
			pictures[i] = append(pictures[i], random.NormFloat64())
		}
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		m.Figure(pictures[n%len(pictures)])
		n++
	}
}

// FuzzRead reads anything, and what it takes can be scored.
func FuzzRead(f *testing.F) {
	f.Add(encoded(f, file()))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := model.Read(data, features)
		if err != nil {
			return
		}
		if p := m.Figure([]float64{1, 2, 3}); !(p >= 0 && p <= 1) {
			t.Errorf("the figure is %v", p)
		}
	})
}
