package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
)

// Bounds of what a file may hold: it comes from other people.
const (
	// MaxBytes bounds a model's file: it must fit into one record of the log.
	MaxBytes = 800_000
	// maxTrees and maxDepth bound what one score costs.
	maxTrees, maxDepth, maxFeatures = 400, 8, 255
	// format is the version of the file's layout that this program reads.
	format = 1
	// treesKind is the kind of a File.
	treesKind = "trees"
)

// File is a model as JSON: the only form that it is kept and published in.
type File struct {
	// Format is the version of this layout: 1.
	Format int `json:"format"`
	// Kind is "trees".
	Kind string `json:"kind"`
	// Name of the model, lower-case words joined by hyphens, and Version, from 1: they are in Setting.models and in each defect. A version is of one content
	// for ever.
	Name    string `json:"name"`
	Version int64  `json:"version"`
	// Features is the fingerprint of the features, Names are they in order.
	Features string   `json:"features"`
	Names    []string `json:"names"`
	// Linear, if there is one, is a score that trees read as one feature more, after the last.
	Linear *Linear `json:"linear,omitempty"`
	// Base is added to the sum of the trees.
	Base float64 `json:"base"`
	// Calibration makes a probability of that sum x: 1 / (1 + exp(-(slope x + intercept))).
	Calibration Calibration `json:"calibration"`
	// Threshold is the probability at and above which what is scored is bad, above 0 and below 1: the operating point.
	Threshold float64 `json:"threshold"`
	Trees     []Tree  `json:"trees"`
	// Training says what it was made from.
	Training Training `json:"training"`
}

// Linear is a sum of the features, each by its weight, and the intercept. What grows evenly with features a few trees tell in steps only.
type Linear struct {
	Weights   []float64 `json:"weights"`
	Intercept float64   `json:"intercept"`
}

// Calibration is Platt's.
type Calibration struct {
	Slope     float64 `json:"slope"`
	Intercept float64 `json:"intercept"`
}

// Tree is nodes, of which the first is the root. Node i is inner where left[i] is above 0: what has feature[i] at or below threshold[i] goes to left[i], else to
// right[i], both after i. Else it is a leaf of that value.
type Tree struct {
	Feature   []int     `json:"feature"`
	Threshold []float64 `json:"threshold"`
	Left      []int     `json:"left"`
	Right     []int     `json:"right"`
	Value     []float64 `json:"value"`
}

// Training is what a model was made from.
type Training struct {
	// Seed of everything that was drawn.
	Seed int64 `json:"seed"`
	// Data is the SHA-256 of the rows, hexadecimal, Rows their number, and Sources the recordings that they were made from.
	Data    string   `json:"data"`
	Rows    int64    `json:"rows"`
	Sources []string `json:"sources"`
	// Made is the version of the script.
	Made string `json:"made"`
}

// name is what models may be called.
var name = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// CheckName tells what is wrong with a model's name.
func CheckName(s string) error {
	if len(s) > 60 || !name.MatchString(s) {
		return fmt.Errorf("the model's name %.60q is not lower-case words joined by hyphens, of at most 60 characters", s)
	}
	return nil
}

// Parse reads a model's file, and tells what is wrong with it whatever its features are.
func Parse(data []byte) (*File, error) {
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	return f, nil
}

func parse(data []byte) (*File, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("it has %d bytes, at most %d may be", len(data), MaxBytes)
	}
	f := new(File)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(f); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind it")
	}
	return f, f.validate()
}

func (f *File) validate() error {
	if err := CheckName(f.Name); err != nil {
		return err
	}
	switch {
	case f.Format != format:
		return fmt.Errorf("its format is %d, this program reads %d", f.Format, format)
	case f.Kind != treesKind:
		return fmt.Errorf("its kind is %.60q, want %s", f.Kind, treesKind)
	case f.Version < 1 || f.Version > math.MaxInt32:
		return fmt.Errorf("its version %d is not within 1 and %d", f.Version, math.MaxInt32)
	case len(f.Names) > maxFeatures:
		return fmt.Errorf("it has %d features, at most %d may be", len(f.Names), maxFeatures)
	case len(f.Trees) == 0 || len(f.Trees) > maxTrees:
		return fmt.Errorf("it has %d trees, want 1 to %d", len(f.Trees), maxTrees)
	case !finite(f.Base, f.Calibration.Slope, f.Calibration.Intercept):
		return errors.New("base or calibration is no number")
	case !(f.Calibration.Slope > 0):
		return fmt.Errorf("the calibration's slope %v is not above 0", f.Calibration.Slope)
	case !(f.Threshold > 0 && f.Threshold < 1):
		return fmt.Errorf("its threshold %v is not between 0 and 1", f.Threshold)
	}
	features := len(f.Names)
	if l := f.Linear; l != nil {
		if len(l.Weights) != features || !finite(l.Weights...) || !finite(l.Intercept) {
			return fmt.Errorf("its linear part has %d weights for %d features, or one that is no number", len(l.Weights), features)
		}
		features++
	}
	for i := range f.Trees {
		if err := f.Trees[i].validate(features); err != nil {
			return fmt.Errorf("tree %d: %w", i, err)
		}
	}
	return nil
}

// validate tells whether the tree is one: every node but the root is the child of one before it.
func (t *Tree) validate(features int) error {
	n := len(t.Left)
	if n == 0 || n > 1<<(maxDepth+1) || len(t.Right) != n || len(t.Feature) != n || len(t.Threshold) != n || len(t.Value) != n {
		return fmt.Errorf("its lists have %d, %d, %d, %d and %d nodes", n, len(t.Right), len(t.Feature), len(t.Threshold), len(t.Value))
	}
	depth, parents := make([]int, n), make([]int, n)
	for i := range n {
		if !finite(t.Threshold[i], t.Value[i]) {
			return fmt.Errorf("node %d: no number", i)
		}
		if parents[i] != 1 && i > 0 {
			return fmt.Errorf("node %d: it has %d parents", i, parents[i])
		}
		if t.Left[i] <= 0 {
			continue
		}
		if t.Feature[i] < 0 || t.Feature[i] >= features {
			return fmt.Errorf("node %d: feature %d is none of %d", i, t.Feature[i], features)
		}
		if depth[i] == maxDepth {
			return fmt.Errorf("node %d: it is deeper than %d", i, maxDepth)
		}
		for _, child := range []int{t.Left[i], t.Right[i]} {
			if child <= i || child >= n {
				return fmt.Errorf("node %d: its child %d does not come after it", i, child)
			}
			parents[child]++
			depth[child] = depth[i] + 1
		}
	}
	return nil
}

// finite tells whether all are numbers of which sums are numbers.
func finite(all ...float64) bool {
	for _, x := range all {
		if !(math.Abs(x) <= 1e12) {
			return false
		}
	}
	return true
}
