package feature

import (
	"encoding/binary"
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// channel measures one channel of sound: energy with and without K-weighting each 10 ms, peak and mean each block.
type channel struct {
	weighting kWeighting
	// Sums of squares of the tick, K-weighted and plain.
	weighted, plain float64
	// The block's: mean squares of the ticks so far, sum and largest absolute value of the samples.
	kEnergy   [4 * ticksPerBlock]byte
	energy    [ticksPerBlock]byte
	ticks     int
	sum, peak float64
	// decibels is the peak that the record points to, 1/100 dBFS.
	decibels int32
}

func (c *channel) add(samples []float32) {
	for _, s := range samples {
		x := finite(s)
		k := c.weighting.filter(x)
		c.weighted += k * k
		c.plain += x * x
		c.sum += x
		c.peak = max(c.peak, math.Abs(x))
	}
}

// endTick closes a tick of n samples.
func (c *channel) endTick(n int) {
	mean := saturate(c.weighted / float64(n))
	binary.BigEndian.PutUint32(c.kEnergy[4*c.ticks:], math.Float32bits(mean))
	c.energy[c.ticks] = halfDecibels(c.plain / float64(n))
	c.ticks++
	c.weighted, c.plain = 0, 0
	c.weighting.settle()
}

// endBlock writes the block of n samples to out and begins the next.
func (c *channel) endBlock(n int, out *schemas.Channel) {
	out.KEnergy = append(out.KEnergy[:0], c.kEnergy[:4*c.ticks]...)
	out.Energy = append(out.Energy[:0], c.energy[:c.ticks]...)
	out.Peak = nil
	if c.peak > 0 {
		c.decibels = int32(math.Round(2000 * math.Log10(c.peak)))
		out.Peak = &c.decibels
	}
	out.DC = int32(max(math.MinInt32, min(math.MaxInt32, math.Round(c.sum/float64(n)*(1<<20)))))
	c.ticks, c.sum, c.peak = 0, 0, 0
}

// pair measures how alike two channels are.
type pair struct{ product float64 }

func (p *pair) add(left, right []float32) {
	for i := range left {
		p.product += finite(left[i]) * finite(right[i])
	}
}

// endBlock is the mean product over the block of n samples; the next begins.
func (p *pair) endBlock(n int) float32 {
	mean := saturate(p.product / float64(n))
	p.product = 0
	return mean
}

// finite is the sample, or silence for one that is no number.
func finite(s float32) float64 {
	x := float64(s)
	if x-x != 0 { // NaN, +Inf or -Inf
		return 0
	}
	return x
}

// saturate keeps what is too large for a float32 from becoming infinite.
func saturate(x float64) float32 {
	return float32(max(-math.MaxFloat32, min(math.MaxFloat32, x)))
}

// halfDecibels is the level of a mean square in steps of 0.5 dB: 255 + 2*dBFS, within 1 and 255; 0 for digital zero.
func halfDecibels(meanSquare float64) byte {
	if meanSquare == 0 {
		return 0
	}
	return byte(max(1, min(255, math.Round(255+20*math.Log10(meanSquare)))))
}
