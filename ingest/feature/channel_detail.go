package feature

import (
	"math"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// fullScale is where a sample is as good as clipped.
	fullScale float32 = 0.999
	// clipRun is how many clipped samples in succession are no coincidence.
	clipRun = 3
	// unmoved is the share of the mean square below which what is not DC is rounding.
	unmoved = 1e-10
)

// detail is a ChannelDetail with room for what it points to.
type detail struct {
	schemas.ChannelDetail
	truePeak, hum, high, flatness, impulse int32
}

// fill takes over what a scan of the block has found.
func (d *detail) fill(s *soundScan, r *runs) {
	d.TruePeak = hundredths(&d.truePeak, s.truePeak(), 20)
	d.ZeroRun, d.ConstantRun, d.ClipRuns = r.longestZero, r.longestConstant, r.clips
	d.Clipped, d.Step, d.ZeroCrossings = s.clipped, millionths(s.step()), s.crossings
}

// stand fills in by how much a single place of the buffer's block stands out.
func (d *detail) stand(buffer []float32, sampleRate int) {
	d.impulse = int32(math.Round(100 * impulse(buffer, sampleRate/3000, sampleRate/500)))
	d.Impulse = &d.impulse
}

// hear fills in what the spectrum of the block tells; its mean and mean square are known. Of what is short or does not move it tells nothing.
func (d *detail) hear(s *spectrum, block []float32, mean, meanSquare float64) {
	d.Hum, d.High, d.Flatness = nil, nil, nil
	moving := meanSquare - mean*mean
	if !s.whole(block) || moving <= unmoved*meanSquare {
		return
	}
	d.hum = int32(math.Round(10_000 * min(s.hum(block, mean)/moving, 1)))
	d.Hum = &d.hum
	s.transform(block)
	d.High = hundredths(&d.high, s.band(highFrom, highTo), 10)
	d.Flatness = hundredths(&d.flatness, s.flatness(), 10)
}

// runs counts samples in succession, over the borders of blocks.
type runs struct {
	// going tells that there is a sample before the next one.
	going bool
	// The runs that the last sample is in: of zeros, of equal samples, and of clipped ones of one sign.
	zero, constant, clip int32
	// Of the block: the longest runs as long as they had become, and how many runs of clipped samples had grown to clipRun.
	longestZero, longestConstant, clips int32
}

// scan scans the block in buffer, after its history, and counts on.
func (r *runs) scan(buffer []float32) (s soundScan) {
	from := 1
	if r.going {
		from = 0
	}
	s.read(buffer, from)
	r.going = true
	r.longestZero, r.longestConstant, r.clips = 0, 0, 0
	n := int32(len(buffer) - soundHistory)
	if s.equal == 0 && s.zeros == 0 && s.clipped == 0 {
		r.zero, r.constant, r.clip = 0, 1, 0
		r.longestConstant = 1
		return s
	}
	if s.zeros == n && s.equal == n {
		r.zero, r.constant = more(r.zero, n), more(r.constant, n)
		r.longestZero, r.longestConstant = r.zero, r.constant
		return s
	}
	r.walk(buffer)
	return s
}

// walk looks at one sample after the other. Where no sample was before the first, no run is there to go on.
func (r *runs) walk(buffer []float32) {
	for i := soundHistory; i < len(buffer); i++ {
		x, before := buffer[i], buffer[i-1]
		r.constant = run(r.constant, true, x == before)
		r.zero = run(r.zero, x == 0, true)
		r.clip = run(r.clip, x >= fullScale || x <= -fullScale, x > 0 == (before > 0))
		r.longestZero, r.longestConstant = max(r.longestZero, r.zero), max(r.longestConstant, r.constant)
		if r.clip == clipRun {
			r.clips++
		}
	}
}

// run is the length of a run after one more sample, which is in one or not, and goes on with the last or begins anew.
func run(length int32, in, on bool) int32 {
	switch {
	case !in:
		return 0
	case !on:
		return 1
	}
	return more(length, 1)
}

// more adds to a count that does not overflow.
func more(count, n int32) int32 { return int32(min(int64(count)+int64(n), math.MaxInt32)) }
