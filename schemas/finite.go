package schemas

import (
	"encoding/binary"
	"fmt"
	"math"
)

// measured is a value with figures in it. One that is infinite or no number cannot come from a measurement: such a record is poison.
type measured interface {
	// finite names the first figure that is not.
	finite() error
}

func (f *Feature) finite() error {
	if f.AudioBlock != nil {
		return f.AudioBlock.finite()
	}
	return nil
}

func (b *AudioBlock) finite() error {
	for i := range b.Channels {
		energy := b.Channels[i].KEnergy
		if len(energy)%4 != 0 {
			return fmt.Errorf("channels[%d].k_energy: %d bytes are no float32s", i, len(energy))
		}
		for ; len(energy) > 0; energy = energy[4:] {
			if bits := binary.BigEndian.Uint32(energy); bits&exponent == exponent {
				return fmt.Errorf("channels[%d].k_energy: %v is not finite", i, math.Float32frombits(bits))
			}
		}
	}
	if b.Pairs == nil {
		return nil
	}
	for i, p := range *b.Pairs {
		if !isFinite(float64(p)) {
			return fmt.Errorf("pairs[%d]: %v is not finite", i, p)
		}
	}
	return nil
}

func (e *DefectEvent) finite() error {
	if !isFinite(e.Value) {
		return fmt.Errorf("value: %v is not finite", e.Value)
	}
	if !isFinite(e.Threshold) {
		return fmt.Errorf("threshold: %v is not finite", e.Threshold)
	}
	return nil
}

func (h *Health) finite() error {
	for _, f := range h.Figures {
		for _, v := range []float64{f.Min, f.Mean, f.Max} {
			if !isFinite(v) {
				return fmt.Errorf("figures.%s: %v is not finite", f.Name, v)
			}
		}
	}
	if h.Usual == nil {
		return nil
	}
	for _, b := range h.Usual.Baselines {
		if !isFinite(b.Level) || !isFinite(b.Spread) {
			return fmt.Errorf("usual.%s: %v or %v is not finite", b.Kind, b.Level, b.Spread)
		}
	}
	return nil
}

// exponent of a float32 has all of its bits set where it is infinite or no number.
const exponent = 0xff << 23

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
