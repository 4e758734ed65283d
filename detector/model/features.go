// Package model scores features by what was learned: gradient-boosted trees, read from a small file and evaluated in pure Go.
package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Features are what a model scores: names in order, and the version of what they mean.
type Features struct {
	// Version grows with every change of what a name means.
	Version int
	Names   []string
}

// Fingerprint is 16 hexadecimal digits that differ where the features do. A model is of the features of one fingerprint.
func (f Features) Fingerprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%s", f.Version, strings.Join(f.Names, "\n")))
	return hex.EncodeToString(sum[:8])
}

// check tells in what the features that a model was made from differ from those that it would score.
func (f Features) check(fingerprint string, names []string) error {
	want := f.Fingerprint()
	for _, name := range names {
		if !slices.Contains(f.Names, name) {
			return fmt.Errorf("it reads the feature %.60q, which there is not: train it again from rows of this version (features %s)", name, want)
		}
	}
	switch {
	case len(names) < len(f.Names):
		return fmt.Errorf("it lacks %d of the %d features: train it again from rows of this version (features %s)", len(f.Names)-len(names), len(f.Names), want)
	case !slices.Equal(names, f.Names):
		return fmt.Errorf("its features stand in another order: train it again from rows of this version (features %s)", want)
	case fingerprint != want:
		return fmt.Errorf("its features are %.60q, here they are %s: train it again from rows of this version", fingerprint, want)
	}
	return nil
}
