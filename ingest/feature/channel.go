package feature

import (
	"encoding/binary"
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// channel measures one channel of sound, block by block.
type channel struct {
	weighting kWeighting
	// buffer holds the block so far, clean, after the last samples of the one before; notFinite counts those that were no numbers.
	buffer    []float32
	notFinite int
	runs      runs
	// What the record points to.
	peak   int32
	detail detail
}

func newChannel(sampleRate int) channel {
	// The longest block is a sample longer than the shortest.
	buffer := make([]float32, soundHistory, soundHistory+sampleRate*ticksPerBlock/ticksPerSecond+1)
	return channel{weighting: newKWeighting(sampleRate), buffer: buffer}
}

func (c *channel) add(samples []float32) {
	n := len(c.buffer)
	c.buffer = c.buffer[:n+len(samples)]
	c.notFinite += clean(c.buffer[n:], samples)
}

// block is what has been added since the block began.
func (c *channel) block() []float32 { return c.buffer[soundHistory:] }

// begin starts the next block.
func (c *channel) begin() {
	copy(c.buffer, c.buffer[len(c.buffer)-soundHistory:])
	c.buffer, c.notFinite = c.buffer[:soundHistory], 0
}

// measure writes the block, whose ticks end at ends, to out.
func (c *channel) measure(ends []int, spectrum *spectrum, out *schemas.Channel) {
	block, begin, total := c.block(), 0, weight{}
	out.KEnergy, out.Energy = out.KEnergy[:0], out.Energy[:0]
	for _, end := range ends {
		n := float64(end - begin)
		w := c.weighting.weigh(block[begin:end])
		out.KEnergy = binary.BigEndian.AppendUint32(out.KEnergy, math.Float32bits(float32(w.weighted/n)))
		out.Energy = append(out.Energy, halfDecibels(w.plain/n))
		total.plain += w.plain
		total.sum += w.sum
		begin = end
	}
	n := float64(len(block))
	out.DC = millionths(total.sum / n)
	scan := c.runs.scan(c.buffer)
	out.Peak = hundredths(&c.peak, scan.peak(), 20)
	c.detail.fill(&scan, &c.runs)
	c.detail.NotFinite = int32(c.notFinite)
	c.detail.stand(c.buffer, spectrum.rate)
	c.detail.hear(spectrum, block, total.sum/n, total.plain/n)
	out.Detail = &c.detail.ChannelDetail
}

// halfDecibels is the level of a mean square in steps of 0.5 dB: 255 + 2*dBFS, within 1 and 255; 0 for digital zero.
func halfDecibels(meanSquare float64) byte {
	if meanSquare == 0 {
		return 0
	}
	return byte(max(1, min(255, math.Round(255+20*math.Log10(meanSquare)))))
}

// hundredths sets to to the level of x, scale times its decimal logarithm, in 1/100 dB, and returns it; nil when there is no level.
func hundredths(to *int32, x, scale float64) *int32 {
	if !(x > 0) {
		return nil
	}
	*to = int32(math.Round(100 * scale * math.Log10(x)))
	return to
}

// millionths is x in units of 2^-20, as far as they go.
func millionths(x float64) int32 {
	return int32(max(math.MinInt32, min(math.MaxInt32, math.Round(x*(1<<20)))))
}
