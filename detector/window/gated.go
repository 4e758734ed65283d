package window

import "math"

const (
	// absoluteGate in LUFS lets pass what lies above it (ITU-R BS.1770-5, Annex 1).
	absoluteGate = -70
	// bins of a tenth of a LU reach from the gate to loudest; what is louder is in the last.
	binsPerLU = 10
	loudest   = 10
	bins      = (loudest - absoluteGate) * binsPerLU
	// lowShare and highShare are the percentiles between which the loudness range lies (EBU Tech 3342).
	lowShare, highShare = 0.10, 0.95
)

// gated counts the energies that pass the absolute gate, by loudness. Each bin knows the sum of its energies, so that means are exact but
// for the one bin in which a relative gate may lie: it is in or out as its own mean is.
type gated struct {
	counts [bins]uint32
	sums   [bins]float64
}

func (g *gated) add(energy float64) {
	level := lufs(energy)
	if level <= absoluteGate {
		return
	}
	i := int(min((level-absoluteGate)*binsPerLU, bins-1))
	g.counts[i]++
	g.sums[i] += energy
}

// above is the mean energy and number of those that are within lu of the mean of all.
func (g *gated) above(lu float64) (mean float64, n int64) {
	gate := g.gate(lu)
	sum := 0.0
	for i, count := range g.counts {
		if count > 0 && g.mean(i) >= gate {
			sum += g.sums[i]
			n += int64(count)
		}
	}
	return sum / max(float64(n), 1), n
}

// spread is the distance in LU between the low and the high percentile of those that are within lu of the mean of all.
func (g *gated) spread(lu float64) (distance float64, ok bool) {
	_, n := g.above(lu)
	if n == 0 {
		return 0, false
	}
	low, high := math.Round(lowShare*float64(n-1)), math.Round(highShare*float64(n-1))
	gate, passed := g.gate(lu), 0.0
	for i, count := range g.counts {
		if count == 0 || g.mean(i) < gate {
			continue
		}
		level, before := lufs(g.mean(i)), passed
		passed += float64(count)
		if before <= low && low < passed {
			distance -= level
		}
		if before <= high && high < passed {
			distance += level
		}
	}
	return distance, true
}

// gate is lu below the mean of all energies.
func (g *gated) gate(lu float64) float64 {
	sum, n := 0.0, int64(0)
	for i, count := range g.counts {
		sum += g.sums[i]
		n += int64(count)
	}
	return sum / max(float64(n), 1) * math.Pow(10, -lu/10)
}

// mean is that of a bin that is not empty.
func (g *gated) mean(i int) float64 { return g.sums[i] / float64(g.counts[i]) }
