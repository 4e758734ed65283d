package feature

import (
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// ticksPerBlock are the stretches of 10 ms in a block.
	ticksPerBlock = 10
	// ticksPerSecond after which the lengths of ticks repeat.
	ticksPerSecond = 100
	// warmUp is how many ticks the K-weighting filters need before their output counts.
	warmUp = 20
	// lowestRate leaves room for the K-weighting shelf, in Hz.
	lowestRate = 8000
)

// The flags of an AudioBlock that are set here.
const (
	flagPacketCorrupt = 1 << 0
	flagDecodeError   = 1 << 1
	flagWarmUp        = 1 << 3
)

// Audio cuts the sound of one track, of one format, into blocks of 100 ms and measures them. One goroutine.
//
// A block is ten ticks of 10 ms. Where 10 ms are no whole number of samples, tick i of a second ends at sample (i+1)*rate/100, rounded
// down: at 22050 Hz ticks of 220 and 221 samples alternate. No error adds up.
type Audio struct {
	format   media.AudioFormat
	channels []channel
	spectrum *spectrum
	block    schemas.AudioBlock
	// ends are the places in the block where its ticks so far end.
	ends []int
	// ticks since the start; tick is the length of the one being filled, filled the samples it has.
	ticks, tick, filled int
	// begin is the number of the block's first sample, next that of the next sample, counted from the start.
	begin, next int64
}

// NewAudio makes an Audio for a format. Rates below 8000 Hz have no K-weighting and are not measured.
func NewAudio(format media.AudioFormat) *Audio {
	a := &Audio{format: format}
	if format.SampleRate < lowestRate || format.Channels < 1 {
		return a
	}
	a.channels = make([]channel, format.Channels)
	for i := range a.channels {
		a.channels[i] = newChannel(format.SampleRate)
	}
	a.spectrum = newSpectrum(format.SampleRate)
	a.ends = make([]int, 0, ticksPerBlock)
	a.block.Channels = make([]schemas.Channel, format.Channels)
	if format.Channels > 1 {
		products := make([]float32, format.Channels/2)
		a.block.Pairs = &products
	}
	a.tick = a.tickLength()
	return a
}

// Add measures s and hands each block that it completes to emit: with channels, pairs, samples and flags filled (gap before is the
// caller's to set), and the place of its first sample relative to the first of s, in samples, negative when it began before. The block is
// valid until emit returns and allocates nothing. Samples with another number of channels than the format's are passed over.
func (a *Audio) Add(s *media.Samples, emit func(b *schemas.AudioBlock, offset int)) {
	if len(a.channels) == 0 || len(s.Channels) != len(a.channels) {
		return
	}
	start, total := a.next, len(s.Channels[0])
	for at := 0; at < total; {
		n := min(total-at, a.tick-a.filled)
		a.measure(s, at, n)
		at += n
		if a.filled < a.tick {
			continue
		}
		a.endTick()
		if a.ticks%ticksPerBlock == 0 {
			a.emit(start, emit)
		}
	}
}

// Flush hands on what is left of a block, shorter than 100 ms; its last tick may be shorter than 10. The offset is relative to the sample
// that would come next. What is added afterwards begins a new block, with the filters as they stand; no run goes on, and its first sample
// has no neighbour before it.
func (a *Audio) Flush(emit func(b *schemas.AudioBlock, offset int)) {
	if a.next > a.begin {
		if a.filled > 0 {
			a.endTick()
		}
		a.ticks = (a.ticks + ticksPerBlock - 1) / ticksPerBlock * ticksPerBlock
		a.tick = a.tickLength()
		a.emit(a.next, emit)
	}
	for i := range a.channels {
		a.channels[i].runs = runs{}
	}
}

func (a *Audio) measure(s *media.Samples, at, n int) {
	if s.PacketCorrupt {
		a.block.Flags |= flagPacketCorrupt
	}
	if s.DecodeError {
		a.block.Flags |= flagDecodeError
	}
	for i := range a.channels {
		a.channels[i].add(s.Channels[i][at : at+n])
	}
	a.filled += n
	a.next += int64(n)
}

func (a *Audio) endTick() {
	if a.ticks < warmUp {
		a.block.Flags |= flagWarmUp
	}
	a.ends = append(a.ends, int(a.next-a.begin))
	a.ticks++
	a.filled = 0
	a.tick = a.tickLength()
}

func (a *Audio) emit(origin int64, emit func(b *schemas.AudioBlock, offset int)) {
	samples := int(a.next - a.begin)
	a.block.Samples = int32(samples)
	for i := range a.channels {
		a.channels[i].measure(a.ends, a.spectrum, &a.block.Channels[i])
	}
	for i := 1; i < len(a.channels); i += 2 {
		(*a.block.Pairs)[i/2] = meanProduct(a.channels[i-1].block(), a.channels[i].block())
	}
	for i := range a.channels {
		a.channels[i].begin()
	}
	offset := int(a.begin - origin)
	a.begin, a.ends = a.next, a.ends[:0]
	emit(&a.block, offset)
	a.block.Flags = 0
}

// tickLength is the number of samples in the tick to come.
func (a *Audio) tickLength() int {
	i := a.ticks % ticksPerSecond
	return (i+1)*a.format.SampleRate/ticksPerSecond - i*a.format.SampleRate/ticksPerSecond
}

// meanProduct tells how alike two channels are: 1 at most, for two that are both full scale.
func meanProduct(left, right []float32) float32 {
	sum := 0.0
	for i, l := range left {
		sum += float64(l) * float64(right[i])
	}
	return float32(sum / float64(len(left)))
}
