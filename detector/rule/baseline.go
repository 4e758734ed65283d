package rule

import "math"

const (
	// memory is how many spans a baseline remembers: ten minutes of 10 s.
	memory = 60
	// learned is from how many spans on a baseline is known: a minute.
	learned = 6
	// outlived is after how many bad spans in a row what is bad is taken for the stream's new way: an hour.
	outlived = 360
	// fewestSamples make a span.
	fewestSamples = 5
)

// Relative is a rule that compares its figure with what is usual for the stream. The Baseline is the detector's: it outlives the rule when a
// worker restarts or options change, and it may reach further back than Window.
type Relative interface {
	Rule
	// Baseline is where the rule reads what is usual, always the same.
	Baseline() *Baseline
}

// Baseline is what a figure of one stream usually is, over the last ten minutes or so in which the stream was not bad. It changes only where the
// health roll-up is told, by the samples of that span, and stands in it: so it can be given back. The zero Baseline knows nothing.
//
// It learns from spans without a bad verdict of its rule, so a defect does not become usual while it lasts; after an hour that was bad
// throughout it forgets everything and learns the stream's new way.
type Baseline struct {
	// Level is the mean, Spread the standard deviation of the samples, both weighted towards the newest spans.
	Level, Spread float64
	// Spans is how many spans have been learned from, Bad how many have been bad since the last of them.
	Spans, Bad int32
	// Sample is what the rule has to add by its newest verdict, whatever its state; 0: nothing.
	Sample float64

	samples, sum, squares float64
}

// Restored is a Baseline as it was told; one that cannot have been knows nothing.
func Restored(level, spread float64, spans, bad int32) Baseline {
	if !finite(level) || !finite(spread) || spread < 0 || spans < 0 || spans > memory || bad < 0 || bad >= outlived {
		return Baseline{}
	}
	return Baseline{Level: level, Spread: spread, Spans: spans, Bad: bad}
}

// Known says that enough has been learned to compare with.
func (b *Baseline) Known() bool { return b.Spans >= learned }

// level is that of samples with an offset; no number where it is not known.
func (b *Baseline) level() float64 {
	if !b.Known() {
		return math.NaN()
	}
	return b.Level - sampleOffset
}

// Above is how far x is above what is usual: beyond margin over the level, or beyond so many spreads where that is more. Negative within.
func (b *Baseline) Above(x, margin, spreads float64) float64 {
	return x - b.Level - max(margin, spreads*b.Spread)
}

// Below is how far x is below what is usual, likewise.
func (b *Baseline) Below(x, margin, spreads float64) float64 {
	return b.Level - x - max(margin, spreads*b.Spread)
}

// Take adds a sample to the span.
func (b *Baseline) Take(x float64) {
	if finite(x) {
		b.samples, b.sum, b.squares = b.samples+1, b.sum+x, b.squares+x*x
	}
}

// Settle takes the newest verdict's Sample, or drops it where the verdict does not count.
func (b *Baseline) Settle(counts bool) {
	if counts && b.Sample != 0 {
		b.Take(b.Sample)
	}
	b.Sample = 0
}

// Drop forgets the samples of the span.
func (b *Baseline) Drop() { b.samples, b.sum, b.squares = 0, 0, 0 }

// Learn ends the span: it was bad, or good as far as is known.
func (b *Baseline) Learn(bad bool) {
	samples, mean, square := b.samples, b.sum/b.samples, b.squares/b.samples
	b.Drop()
	switch {
	case samples < fewestSamples:
		return
	case !bad:
		b.blend(mean, square)
	case b.Bad+1 >= outlived:
		*b = Baseline{}
	default:
		b.Bad++
	}
}

// blend lets a span of that mean and mean square count as much as each of those before, the newest of the memory's length.
func (b *Baseline) blend(mean, square float64) {
	if b.Spans == 0 {
		b.Level = mean
	}
	b.Spans, b.Bad = min(b.Spans+1, memory), 0
	weight := 1 / float64(b.Spans)
	// The mean square distance of the span's samples from the level as it was.
	distance := math.Max(square-2*b.Level*mean+b.Level*b.Level, 0)
	moved := weight * (mean - b.Level)
	b.Level += moved
	b.Spread = math.Sqrt(math.Max((1-weight)*b.Spread*b.Spread+weight*distance-moved*moved, 0))
}

// relative is embedded by rules that are Relative.
type relative struct{ usual Baseline }

// sample gives the baseline a mean that tells what is usual where it is a number.
func (r *relative) sample(mean float64) {
	if finite(mean) {
		r.usual.Sample = mean + sampleOffset
	}
}

// Baseline is what is usual for the rule's figure.
func (r *relative) Baseline() *Baseline { return &r.usual }

// grown is 1 where a mean is at a limit, or, from half of that on, by growth above what is usual; no number where nothing is known. With limit 0 nothing
// is judged, with growth 0 what is usual does not count.
func (r *relative) grown(mean, limit, growth, spreads float64) float64 {
	if limit <= 0 {
		return math.NaN()
	}
	figure := mean / limit
	if growth > 0 && r.usual.Known() {
		figure = larger(figure, min(1+r.usual.Above(mean+sampleOffset, growth, spreads)/growth, 2*mean/limit))
	}
	return figure
}
