package rule

import (
	"encoding/binary"
	"math"
)

// sound are figures of a record's block that several rules want. They are worked out once, in memory that is used again for the next record.
type sound struct {
	known bool
	// loudest are the largest K-weighted energies of a channel in each 10 ms, at least 0; no number where one of them is none.
	loudest []float64
	// energies are the channels' mean K-weighted ones over the block; what is no number counts as silence.
	energies []float64
}

// heard are the figures of the record, which is an AudioBlock.
func (r *Record) heard() *sound {
	s := &r.sound
	if s.known {
		return s
	}
	s.known, s.loudest, s.energies = true, s.loudest[:0], s.energies[:0]
	for c := range r.AudioBlock.Channels {
		coded, sum := r.AudioBlock.Channels[c].KEnergy, 0.0
		n := len(coded) / 4
		for i := range n {
			energy := float64(math.Float32frombits(binary.BigEndian.Uint32(coded[4*i:])))
			if energy > 0 {
				sum += energy
			}
			if i == len(s.loudest) {
				s.loudest = append(s.loudest, 0)
			}
			if energy > s.loudest[i] || math.IsNaN(energy) {
				s.loudest[i] = energy
			}
		}
		s.energies = append(s.energies, sum/float64(max(n, 1)))
	}
	return s
}

// levelOf is the level of a K-weighted energy, in LUFS as one channel of weight 1 (ITU-R BS.1770-5, annex 1), at least -silenceFloor. It grows with
// the energy: two float32s that differ are further apart than logarithms are rounded.
func levelOf(energy float64) float64 { return decibels(energy) - 0.691 }

// leastEnergy is the smallest float32 that has a level, so that energies need no logarithm to be compared with it.
func leastEnergy(level float64) float64 {
	low, high := uint32(0), math.Float32bits(float32(math.Inf(1)))
	for low < high {
		if middle := low + (high-low)/2; levelOf(float64(math.Float32frombits(middle))) < level {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return float64(math.Float32frombits(low))
}
