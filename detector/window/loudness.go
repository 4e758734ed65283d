package window

import (
	"encoding/binary"
	"math"
)

const (
	// momentaryTicks and shortTermTicks of 10 ms are the windows of momentary (400 ms) and short-term loudness (3 s).
	momentaryTicks, shortTermTicks = 40, 300
	// gateHop is how many ticks lie between one gating block, or one short-term value of the range, and the next: 100 ms.
	gateHop = 10
	// integratedGate and rangeGate lie so far below the mean, in LU.
	integratedGate, rangeGate = 10, 20
	// quiet is the loudness of what is softer, in LUFS.
	quiet = -120
)

// Loudness replays the loudness of a programme from AudioBlock's K-weighted energies of 10 ms: momentary, short-term and integrated by
// ITU-R BS.1770-5 and EBU Tech 3341, range by EBU Tech 3342. The windows slide by 10 ms, so that a burst of 400 ms is seen whole wherever
// it begins: FFmpeg's ebur128, which slides by 100 ms, reads up to 0.45 LU too little in cases 13 and 14 of Tech 3341. Integrated loudness
// and range are sampled each 100 ms. What they need is counted in 0.1 LU and takes 26 kB however long the programme. Windows are summed
// anew each time, in order of time: what M and S are does not depend on what was before them.
type Loudness struct {
	// Weights of the channels, as from ChannelWeights. Channels beyond them do not count.
	Weights []float64

	ticks [shortTermTicks]float64 // weighted energies; that of tick i since a break at i modulo the length
	count int64                   // of ticks since a break
	// What the windows hold now, mean weighted energies, and the largest since Reset.
	momentary, shortTerm, maxMomentary, maxShortTerm float64
	// Whether there has been such a window since Reset.
	hadMomentary, hadShortTerm bool
	blocks, shortTerms         gated
}

// Add takes the energies of a block in: AudioBlock.channels.k_energy of each channel. Ticks that not all channels have are passed over.
func (l *Loudness) Add(kEnergy ...[]byte) {
	n := math.MaxInt
	for _, k := range kEnergy {
		n = min(n, len(k)/4)
	}
	for i := 0; i < n && len(kEnergy) > 0; i++ {
		sum := 0.0
		for c, k := range kEnergy[:min(len(kEnergy), len(l.Weights))] {
			sum += l.Weights[c] * float64(math.Float32frombits(binary.BigEndian.Uint32(k[4*i:])))
		}
		l.tick(sum)
	}
}

// Break empties the windows where sound is missing or a new epoch begins; integrated loudness, range and the largest values go on.
func (l *Loudness) Break() { l.count, l.momentary, l.shortTerm = 0, 0, 0 }

// Reset begins a new programme.
func (l *Loudness) Reset() { *l = Loudness{Weights: l.Weights} }

// Momentary and ShortTerm are the loudness of the last 400 ms and 3 s in LUFS, at least -120; false before there is so much.
func (l *Loudness) Momentary() (float64, bool) { return lufs(l.momentary), l.count >= momentaryTicks }
func (l *Loudness) ShortTerm() (float64, bool) { return lufs(l.shortTerm), l.count >= shortTermTicks }

// MaxMomentary and MaxShortTerm are the largest since Reset.
func (l *Loudness) MaxMomentary() (float64, bool) { return lufs(l.maxMomentary), l.hadMomentary }
func (l *Loudness) MaxShortTerm() (float64, bool) { return lufs(l.maxShortTerm), l.hadShortTerm }

// Integrated is the gated loudness since Reset in LUFS; false when nothing has passed the gate at -70.
func (l *Loudness) Integrated() (float64, bool) {
	mean, n := l.blocks.above(integratedGate)
	return lufs(mean), n > 0
}

// Range is the loudness range (LRA) since Reset in LU; false when nothing has passed the gate at -70.
func (l *Loudness) Range() (float64, bool) { return l.shortTerms.spread(rangeGate) }

// tick takes in one weighted energy; what is no number counts as silence.
func (l *Loudness) tick(energy float64) {
	if !(energy > 0) {
		energy = 0
	}
	l.ticks[l.count%shortTermTicks] = energy
	l.count++
	if l.count >= momentaryTicks {
		l.momentary, l.hadMomentary = l.mean(momentaryTicks), true
		l.maxMomentary = max(l.maxMomentary, l.momentary)
		if (l.count-momentaryTicks)%gateHop == 0 {
			l.blocks.add(l.momentary)
		}
	}
	if l.count >= shortTermTicks {
		l.shortTerm, l.hadShortTerm = l.mean(shortTermTicks), true
		l.maxShortTerm = max(l.maxShortTerm, l.shortTerm)
		if (l.count-shortTermTicks)%gateHop == 0 {
			l.shortTerms.add(l.shortTerm)
		}
	}
}

// mean is that of the last n energies.
func (l *Loudness) mean(n int64) float64 {
	begin, end := (l.count-n)%shortTermTicks, (l.count-1)%shortTermTicks+1
	sum := 0.0
	if begin >= end {
		for _, e := range l.ticks[begin:] {
			sum += e
		}
		begin = 0
	}
	for _, e := range l.ticks[begin:end] {
		sum += e
	}
	return sum / float64(n)
}

func lufs(energy float64) float64 { return max(-0.691+10*math.Log10(energy), quiet) }
