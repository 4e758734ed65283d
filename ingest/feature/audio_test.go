package feature_test

import (
	"encoding/binary"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// blocks cuts channels into pieces of at most piece samples and gives every block, flushed, with the place of its first sample.
func blocks(rate, piece int, channels ...[]float32) (out []*schemas.AudioBlock, begin []int) {
	a := feature.NewAudio(media.AudioFormat{SampleRate: rate, Channels: len(channels)})
	at := 0
	keep := func(b *schemas.AudioBlock, offset int) {
		out = append(out, clone(b))
		begin = append(begin, at+offset)
	}
	for total := len(channels[0]); at < total; at += piece {
		s := &media.Samples{}
		for _, c := range channels {
			s.Channels = append(s.Channels, c[at:min(at+piece, total)])
		}
		a.Add(s, keep)
	}
	at = len(channels[0])
	a.Flush(keep)
	return out, begin
}

// clone copies a block beyond the call in which it is valid.
func clone(b *schemas.AudioBlock) *schemas.AudioBlock {
	c := *b
	c.Channels = nil
	for _, channel := range b.Channels {
		channel.KEnergy = append([]byte(nil), channel.KEnergy...)
		channel.Energy = append([]byte(nil), channel.Energy...)
		channel.Peak = keep(channel.Peak)
		detail := *channel.Detail
		detail.TruePeak, detail.Hum, detail.High, detail.Flatness = keep(detail.TruePeak), keep(detail.Hum), keep(detail.High), keep(detail.Flatness)
		channel.Detail = &detail
		c.Channels = append(c.Channels, channel)
	}
	if b.Pairs != nil {
		pairs := append([]float32(nil), *b.Pairs...)
		c.Pairs = &pairs
	}
	return &c
}

// keep copies what may be missing.
func keep(v *int32) *int32 {
	if v == nil {
		return nil
	}
	kept := *v
	return &kept
}

// constant is n samples of one value.
func constant(n int, value float32) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = value
	}
	return out
}

func TestBlocksAreTenTicks(t *testing.T) {
	for _, c := range []struct {
		rate    int
		samples []int32 // of the blocks of 250 ms
		ticks   []int   // of each block
	}{
		{8000, []int32{800, 800, 400}, []int{10, 10, 5}},
		{44100, []int32{4410, 4410, 2205}, []int{10, 10, 5}},
		{48000, []int32{4800, 4800, 2400}, []int{10, 10, 5}},
		{192000, []int32{19200, 19200, 9600}, []int{10, 10, 5}},
		// 250 ms are 5512 samples: 25 ticks end at 5512.5.
		{22050, []int32{2205, 2205, 1102}, []int{10, 10, 5}},
		// Ticks 10, 20 and 25 end at 1102.5, 2205 and 2756.25.
		{11025, []int32{1102, 1103, 551}, []int{10, 10, 5}},
	} {
		got, begin := blocks(c.rate, 1024, constant(c.rate/4, 0.5))
		if len(got) != len(c.samples) {
			t.Errorf("%d Hz: %d blocks, want %d", c.rate, len(got), len(c.samples))
			continue
		}
		at := 0
		for i, b := range got {
			if b.Samples != c.samples[i] || begin[i] != at || len(b.Channels[0].Energy) != c.ticks[i] || len(b.Channels[0].KEnergy) != 4*c.ticks[i] {
				t.Errorf("%d Hz, block %d: %d samples from %d, %d and %d/4 ticks; want %d from %d, %d ticks", c.rate, i, b.Samples, begin[i],
					len(b.Channels[0].Energy), len(b.Channels[0].KEnergy), c.samples[i], at, c.ticks[i])
			}
			at += int(b.Samples)
		}
	}
}

// At 22050 Hz ticks end at samples 220 (220.5), 441, 661 (661.5) and so on.
func TestTicksOfAFraction(t *testing.T) {
	for sample, tick := range map[int]int{0: 0, 219: 0, 220: 1, 440: 1, 441: 2, 660: 2, 661: 3, 2204: 9} {
		sound := constant(2205, 0)
		sound[sample] = 1
		got, _ := blocks(22050, 100, sound)
		for i, energy := range got[0].Channels[0].Energy {
			if (energy != 0) != (i == tick) {
				t.Errorf("a click at sample %d: energy %d in tick %d, want it in tick %d only", sample, energy, i, tick)
			}
		}
	}
}

// However the sound comes in pieces, the blocks are the same.
func TestPiecesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 11025, 22050, 44100}).Draw(t, "rate")
		n := rapid.IntRange(1, 9000).Draw(t, "samples")
		left, right := make([]float32, n), make([]float32, n)
		for i := range n {
			left[i], right[i] = float32(math.Sin(float64(i*i))), float32(math.Cos(float64(i*7)))
		}
		want, wantBegin := blocks(rate, n, left, right)
		got, gotBegin := blocks(rate, rapid.IntRange(1, n).Draw(t, "piece"), left, right)
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(gotBegin, wantBegin) {
			t.Errorf("got %d blocks at %v, want %d at %v", len(got), gotBegin, len(want), wantBegin)
		}
	})
}

func TestChannelMeasures(t *testing.T) {
	half := constant(4800, 0.5)
	square := constant(4800, 0.5)
	for i := range square {
		if i/48%2 == 1 {
			square[i] = -0.5
		}
	}
	none := int32(math.MinInt32)
	for _, c := range []struct {
		name   string
		sound  []float32
		energy byte
		peak   int32
		dc     int32
	}{
		{"digital zero", constant(4800, 0), 0, none, 0},
		{"full scale", constant(4800, 1), 255, 0, 1 << 20},
		{"above full scale", constant(4800, -2), 255, 602, -2 << 20},
		// 0.5 is -6.02 dBFS: 255 - 12.04.
		{"half", half, 243, -602, 1 << 19},
		{"half, alternating", square, 243, -602, 0},
		// 1e-5 is -100 dBFS: 255 - 200; 1e-5 * 2^20 = 10.49.
		{"-100 dBFS", constant(4800, 1e-5), 55, -10000, 10},
		{"all but nothing", constant(4800, 1e-7), 1, -14000, 0},
		// What is beyond 2^20 counts as that: 20*log10(2^20) is 120.41.
		{"the largest number", constant(4800, math.MaxFloat32), 255, 12041, math.MaxInt32},
		{"no numbers", []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}, 0, none, 0},
	} {
		got, _ := blocks(48000, 480, c.sound)
		channel := got[0].Channels[0]
		peak := none
		if channel.Peak != nil {
			peak = *channel.Peak
		}
		if channel.Energy[0] != c.energy || peak != c.peak || channel.DC != c.dc {
			t.Errorf("%s: energy %d, peak %d, dc %d; want %d, %d, %d", c.name, channel.Energy[0], peak, channel.DC, c.energy, c.peak, c.dc)
		}
		for i, k := range kEnergies(got)[0] {
			if math.IsNaN(k) || math.IsInf(k, 0) {
				t.Errorf("%s: K-weighted energy of tick %d is %g", c.name, i, k)
			}
		}
	}
}

// A block knows nothing of the one before it.
func TestBlocksBeginAnew(t *testing.T) {
	got, _ := blocks(8000, 800, append(constant(800, 0.5), constant(800, -0.25)...))
	if channel := got[1].Channels[0]; *channel.Peak != -1204 || channel.DC != -1<<18 || channel.Energy[0] != 231 {
		t.Errorf("after a louder block: peak %d, dc %d, energy %d; want -1204, %d, 231", *channel.Peak, channel.DC, channel.Energy[0], -1<<18)
	}
}

func TestPairs(t *testing.T) {
	plus, minus, zero := constant(480, 0.5), constant(480, -0.5), constant(480, 0)
	for _, c := range []struct {
		name  string
		sound [][]float32
		want  []float32
	}{
		{"mono", [][]float32{plus}, nil},
		{"in phase", [][]float32{plus, plus}, []float32{0.25}},
		{"out of phase", [][]float32{plus, minus}, []float32{-0.25}},
		{"one side", [][]float32{plus, zero}, []float32{0}},
		{"the fifth has no partner", [][]float32{plus, plus, plus, minus, plus}, []float32{0.25, -0.25}},
	} {
		got, _ := blocks(48000, 480, c.sound...)
		if pairs := got[0].Pairs; (pairs == nil) != (c.want == nil) || pairs != nil && !reflect.DeepEqual(*pairs, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, pairs, c.want)
		}
	}
}

func TestAudioFlags(t *testing.T) {
	a := feature.NewAudio(media.AudioFormat{SampleRate: 8000, Channels: 1})
	var got []int32
	keep := func(b *schemas.AudioBlock, _ int) { got = append(got, b.Flags) }
	sound := &media.Samples{Channels: [][]float32{constant(400, 0.1)}} // half a block
	corrupt, broken := *sound, *sound
	corrupt.PacketCorrupt, broken.DecodeError = true, true
	for _, s := range []*media.Samples{sound, &corrupt, sound, sound, &broken, &corrupt, sound, sound} {
		a.Add(s, keep)
	}
	// Two blocks of warm-up (8); packet corrupt is 1, decode error 2.
	if want := []int32{8 | 1, 8, 2 | 1, 0}; !reflect.DeepEqual(got, want) {
		t.Errorf("got flags %v, want %v", got, want)
	}
}

// After a flush the next block begins at the next sample, and the filters go on.
func TestFlush(t *testing.T) {
	a := feature.NewAudio(media.AudioFormat{SampleRate: 8000, Channels: 1})
	type block struct {
		samples, flags int32
		offset, ticks  int
	}
	var got []block
	keep := func(b *schemas.AudioBlock, offset int) {
		got = append(got, block{b.Samples, b.Flags, offset, len(b.Channels[0].Energy)})
	}
	a.Flush(keep) // nothing yet
	a.Add(&media.Samples{Channels: [][]float32{constant(850, 0.1)}}, keep)
	a.Flush(keep)
	a.Flush(keep)
	a.Add(&media.Samples{Channels: [][]float32{constant(900, 0.1)}}, keep)
	a.Add(&media.Samples{Channels: [][]float32{constant(700, 0.1)}}, keep)
	want := []block{{800, 8, 0, 10}, {50, 8, -50, 1}, {800, 0, 0, 10}, {800, 0, -100, 10}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSoundThatIsNotOfTheFormat(t *testing.T) {
	never := func(*schemas.AudioBlock, int) { t.Error("a block was made") }
	for _, format := range []media.AudioFormat{{}, {SampleRate: 48000, Channels: 2}, {SampleRate: 50, Channels: 1}, {SampleRate: 48000}} {
		a := feature.NewAudio(format)
		a.Add(&media.Samples{Channels: [][]float32{constant(9600, 0.1)}}, never)
		a.Flush(never)
	}
}

func TestAudioAllocatesNothing(t *testing.T) {
	a := feature.NewAudio(media.AudioFormat{SampleRate: 48000, Channels: 2})
	s := &media.Samples{Channels: [][]float32{constant(4800, 0.1), constant(4800, 0.2)}}
	ignore := func(*schemas.AudioBlock, int) {}
	a.Add(s, ignore)
	if n := testing.AllocsPerRun(10, func() { a.Add(s, ignore) }); n != 0 {
		t.Errorf("a block allocates %v times, want 0", n)
	}
}

func BenchmarkAddStereoSecond(b *testing.B) {
	sound := tone(48000, 440, stretch{1, stereo(-20)})
	a := feature.NewAudio(media.AudioFormat{SampleRate: 48000, Channels: 2})
	for b.Loop() {
		a.Add(&media.Samples{Channels: sound}, func(*schemas.AudioBlock, int) {})
	}
}

// kEnergies are the 10 ms energies of each channel.
func kEnergies(blocks []*schemas.AudioBlock) [][]float64 {
	out := make([][]float64, len(blocks[0].Channels))
	for _, b := range blocks {
		for i, c := range b.Channels {
			for ; len(c.KEnergy) > 0; c.KEnergy = c.KEnergy[4:] {
				out[i] = append(out[i], float64(math.Float32frombits(binary.BigEndian.Uint32(c.KEnergy))))
			}
		}
	}
	return out
}
