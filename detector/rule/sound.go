package rule

import (
	"encoding/binary"
	"math"
)

// sound are figures of a record's block that several rules want. They are worked out once, in memory that is used again for the next record.
type sound struct {
	known bool
	// levels are those of the loudest channel in each 10 ms, in LUFS as one channel of weight 1 (ITU-R BS.1770-5, annex 1), at least
	// -silenceFloor; no number when the energies are none.
	levels []float64
	// energies are the channels' mean K-weighted ones over the block; what is no number counts as silence.
	energies []float64
}

// heard are the figures of the record, which is an AudioBlock.
func (r *Record) heard() *sound {
	s := &r.sound
	if s.known {
		return s
	}
	s.known, s.levels, s.energies = true, s.levels[:0], s.energies[:0]
	for c := range r.AudioBlock.Channels {
		coded, sum := r.AudioBlock.Channels[c].KEnergy, 0.0
		n := len(coded) / 4
		for i := range n {
			energy := float64(math.Float32frombits(binary.BigEndian.Uint32(coded[4*i:])))
			if energy > 0 {
				sum += energy
			}
			if i == len(s.levels) {
				s.levels = append(s.levels, 0)
			}
			s.levels[i] = max(s.levels[i], energy)
		}
		s.energies = append(s.energies, sum/float64(max(n, 1)))
	}
	for i, loudest := range s.levels {
		if !math.IsNaN(loudest) {
			s.levels[i] = decibels(loudest) - 0.691
		}
	}
	return s
}
