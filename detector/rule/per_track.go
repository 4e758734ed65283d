package rule

import (
	"fmt"
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// maxTracks bounds the tracks that are judged.
const maxTracks = 64

// trackGap is how long a track may be silent, in microseconds, before what was heard of it does not count any more.
const trackGap = 1_000_000

// perTrack is what a rule remembers of each audio track; a rule that judges track by track embeds it.
type perTrack[T any] struct {
	// fresh makes what is remembered of a track of which nothing has been heard; it is made anew where the time line breaks, and where
	// nothing has come of the track for some time.
	fresh func() T
	list  []*oneTrack[T]
	// part is the name of the track that was last asked for.
	part string
}

// Part is which track the last verdict is about.
func (p *perTrack[T]) Part() string { return p.part }

type oneTrack[T any] struct {
	index, epoch int32
	// part is the track's name in verdicts.
	part string
	// end is where its last block ended, in microseconds.
	end    int64
	memory T
}

// of is the memory of the track of the record's block; nil when there are too many.
func (p *perTrack[T]) of(r *Record) *oneTrack[T] {
	b, end := r.AudioBlock, blockEnd(r.Time, r.AudioBlock)
	for _, t := range p.list {
		if t.index != b.Track {
			continue
		}
		if t.epoch != b.Epoch || r.Time-t.end > trackGap {
			t.epoch, t.memory = b.Epoch, p.fresh()
		}
		t.end, p.part = end, t.part
		return t
	}
	if len(p.list) == maxTracks {
		return nil
	}
	t := &oneTrack[T]{index: b.Track, epoch: b.Epoch, part: fmt.Sprintf("track %d", b.Track), end: end, memory: p.fresh()}
	p.list, p.part = append(p.list, t), t.part
	return t
}

// sent is the memory of the track of the record's block; nil when there are too many, or when the block came damaged. What a decoder makes of such a one, up to 30 dB
// above full scale, nobody has sent; with 2 % of the packets of sound lost every block that differs bears one of the flags, and no block of whole sound does.
// Damage is other rules' matter.
func (p *perTrack[T]) sent(r *Record) *oneTrack[T] {
	t := p.of(r)
	if damaged(r.AudioBlock) {
		return nil
	}
	return t
}

// damaged tells whether a block came so.
func damaged(b *schemas.AudioBlock) bool { return b.Flags&(packetCorrupt|decodeError) != 0 }

const (
	// packetCorrupt and decodeError are the flags of a block that came damaged.
	packetCorrupt = 1 << 0
	decodeError   = 1 << 1
	// slice is what one energy in AudioBlock stands for, in microseconds.
	slice = 10_000
	// silenceFloor is digital zero, in dB below full scale.
	silenceFloor = 120
	// warmingUp is the flag of a block whose K-weighting is not to be trusted yet, soundGap that samples are missing in front of it.
	warmingUp = 1 << 3
	soundGap  = 1 << 2
)

// blockEnd is where a block ends, in microseconds, by the energies that it has; at is where it begins.
func blockEnd(at int64, b *schemas.AudioBlock) int64 {
	n := 0
	for i := range b.Channels {
		n = max(n, len(b.Channels[i].KEnergy)/4)
	}
	return at + int64(n)*slice
}

// decibels of a mean square, at least such that level is not below -silenceFloor.
func decibels(energy float64) float64 {
	if energy <= 0 {
		return 0.691 - silenceFloor
	}
	return max(10*math.Log10(energy), 0.691-silenceFloor)
}

// coded is the mean square that each code of Channel.energy stands for.
var coded = func() (table [256]float64) {
	for code := 1; code < len(table); code++ {
		table[code] = math.Pow(10, (float64(code)-255)/20)
	}
	return table
}()

// meanSquare of a channel over the block, without DC and unweighted, of full scale 1.0, as exactly as AudioBlock's half decibels tell.
func meanSquare(c *schemas.Channel) float64 {
	sum := 0.0
	for _, code := range c.Energy {
		sum += coded[code]
	}
	dc := float64(c.DC) / (1 << 20)
	return max(0, sum/float64(max(len(c.Energy), 1))-dc*dc)
}

// clipRuns are the runs of clipped samples of each channel, in the memory of others; ok is false where they were not measured.
func clipRuns(runs []float64, channels []schemas.Channel) (_ []float64, ok bool) {
	runs = runs[:0]
	for i := range channels {
		detail := channels[i].Detail
		if detail == nil {
			return runs, false
		}
		runs = append(runs, float64(detail.ClipRuns))
	}
	return runs, len(runs) > 0
}
