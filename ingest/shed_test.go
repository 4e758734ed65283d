package ingest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
)

// plant is a machine with streams that all cost the same, in the model of the test: what it cannot do in a second is put off, and adds to the lag.
type plant struct {
	// cores of work a second, and what a stream costs at each sampling.
	cores float64
	cost  map[int32]float64
	loads []*ingest.Load
	// sampling that each stream was told last, and lag of each, seconds.
	sampling []int32
	lag      []float64
	shedding ingest.Shedding
	now      time.Time
}

// cost720 is about what a stream of 720p25 costs, cores: decoding 0.06, key pictures 0.006, measuring all of it 0.02.
var cost720 = map[int32]float64{1: 0.08, 2: 0.07, 4: 0.065, 8: 0.0625, 0: 0.007}

func newPlant(cores float64, streams int) *plant {
	p := &plant{cores: cores, cost: cost720, now: time.Unix(1_700_000_000, 0)}
	p.add(streams)
	return p
}

func (p *plant) add(streams int) {
	for range streams {
		n := len(p.loads)
		p.sampling, p.lag = append(p.sampling, 1), append(p.lag, 0)
		l := ingest.NewLoad(func(int32) {})
		l.Begin(func(s int32) { p.sampling[n] = s }, p.now)
		p.loads = append(p.loads, l)
	}
}

// second passes: every stream gets its share of the cores, but no more than it has work for.
func (p *plant) second() {
	p.now = p.now.Add(time.Second)
	share := p.cores / float64(len(p.loads))
	for i, l := range p.loads {
		cost := p.cost[p.sampling[i]]
		p.lag[i] = max(0, p.lag[i]+1-min(share, 1)/cost)
		l.Heard(time.Duration(p.lag[i]*float64(time.Second)), p.now)
	}
	p.shedding.Look(p.loads, p.now)
}

// run runs for so many seconds and gives the sampling of the first stream in each, and the largest lag.
func (p *plant) run(t *testing.T, seconds int) (samplings []int32, most float64) {
	t.Helper()
	for range seconds {
		p.second()
		samplings = append(samplings, p.sampling[0])
		most = max(most, slices.Max(p.lag))
		for i, s := range p.sampling {
			if s != p.sampling[0] {
				t.Fatalf("stream %d has sampling %d, the first %d: shedding is not fair", i, s, p.sampling[0])
			}
		}
	}
	return samplings, most
}

// changes counts how often a sampling is another than before.
func changes(samplings []int32) (n int) {
	for i := 1; i < len(samplings); i++ {
		if samplings[i] != samplings[i-1] {
			n++
		}
	}
	return n
}

// What a machine can carry is measured in full, for ever.
func TestShedsNothingThatCanBeCarried(t *testing.T) {
	samplings, _ := newPlant(2, 24).run(t, 600)
	if slices.Max(samplings) != 1 || slices.Min(samplings) != 1 {
		t.Errorf("24 streams of 0.08 cores on 2 cores are thinned: %v", samplings)
	}
}

// A little too much: thinning is enough, it is found within seconds, and it is not tried over and over to do without.
func TestShedsALittle(t *testing.T) {
	p := newPlant(2, 26) // 2.08 cores; one in two needs 1.82
	samplings, most := p.run(t, 3600)
	if most > 1 {
		t.Errorf("the lag came to %.2f s", most)
	}
	if slices.Min(samplings) == 0 {
		t.Errorf("key pictures only, where one picture in two would do")
	}
	// In an hour it is tried again after 10, 20, ... 160 and then every 300 s: some 15 times, there and back.
	if n := changes(samplings); n < 2 || n > 40 {
		t.Errorf("%d changes in an hour", n)
	}
	in := 0
	for _, s := range samplings {
		if s == 1 {
			in++
		}
	}
	if in > 600 {
		t.Errorf("every picture is asked for in %d of 3600 s", in)
	}
}

// Twice of what can be carried: key pictures only, within a few seconds and with a lag that stays short, and all again when there is room.
func TestShedsHalf(t *testing.T) {
	p := newPlant(2, 24)
	p.run(t, 60)
	p.add(26)
	samplings, most := p.run(t, 3600)
	if first := slices.Index(samplings, 0); first < 0 || first > 8 {
		t.Errorf("it came to key pictures only after %d s: %v", first, samplings[:20])
	}
	if most > 3 {
		t.Errorf("the lag came to %.2f s", most)
	}
	if n := changes(samplings); n > 60 {
		t.Errorf("%d changes in an hour", n)
	}
	p.loads, p.sampling, p.lag = p.loads[:20], p.sampling[:20], p.lag[:20]
	after, _ := p.run(t, 600)
	if back := slices.Index(after, 1); back < 0 || changes(after[back:]) != 0 {
		t.Errorf("with room for all the sampling is %v", after)
	}
}

// One stream that is too much for its thread is thinned alone.
func TestShedsTheOneThatLags(t *testing.T) {
	var s ingest.Shedding
	now := time.Unix(1_700_000_000, 0)
	sampling := map[int]int32{}
	var loads []*ingest.Load
	for i := range 5 {
		sampling[i] = 1
		l := ingest.NewLoad(func(int32) {})
		l.Begin(func(n int32) { sampling[i] = n }, now)
		loads = append(loads, l)
	}
	for second := range 30 {
		now = now.Add(time.Second)
		for i, l := range loads {
			lag := 20 * time.Millisecond
			if i == 3 {
				lag = time.Duration(second) * 100 * time.Millisecond
			}
			l.Heard(lag, now)
		}
		s.Look(loads, now)
	}
	if got := fmt.Sprint(sampling); got != "map[0:1 1:1 2:1 3:0 4:1]" {
		t.Errorf("samplings are %s, want key pictures of the fourth only", got)
	}
}

// Half of the streams must lag for all to be thinned; a supervisor that comes late itself is enough.
func TestShedsByTheMachine(t *testing.T) {
	for _, c := range []struct {
		name string
		lags []time.Duration
		late time.Duration
		want int
	}{
		{"none", []time.Duration{0, 0, 0}, 0, 0},
		{"one of three", []time.Duration{time.Second / 2, 0, 0}, 0, 0},
		{"two of three", []time.Duration{time.Second / 2, time.Second / 2, 0}, 0, 1},
		{"one of two", []time.Duration{time.Second / 2, 0}, 0, 0},
		{"the only one", []time.Duration{time.Second / 2}, 0, 1},
		{"two far behind", []time.Duration{2 * time.Second, 2 * time.Second}, 0, 3},
		{"the supervisor", []time.Duration{0, 0, 0}, 300 * time.Millisecond, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s ingest.Shedding
			now := time.Unix(1_700_000_000, 0)
			s.Look(nil, now)
			now = now.Add(time.Second + c.late)
			var loads []*ingest.Load
			for _, lag := range c.lags {
				l := ingest.NewLoad(func(int32) {})
				l.Begin(func(int32) {}, now)
				l.Heard(lag, now)
				loads = append(loads, l)
			}
			if rung, _ := s.Look(loads, now); rung != c.want {
				t.Errorf("rung %d, want %d", rung, c.want)
			}
		})
	}
}

// A new worker is told at once what the last one was, one that says nothing is behind, and one that has ended counts no more.
func TestLoad(t *testing.T) {
	var told, first, second []int32
	l := ingest.NewLoad(func(s int32) { told = append(told, s) })
	now := time.Unix(1_700_000_000, 0)
	if _, ok := l.Behind(now); ok {
		t.Error("without a worker something is behind")
	}
	l.Begin(func(s int32) { first = append(first, s) }, now)
	l.Heard(40*time.Millisecond, now)
	l.Set(4)
	l.Set(4)
	for after, want := range map[time.Duration]time.Duration{0: 40 * time.Millisecond, 2 * time.Second: 40 * time.Millisecond, 5 * time.Second: 3 * time.Second} {
		if d, ok := l.Behind(now.Add(after)); !ok || d != want {
			t.Errorf("%v after its word it is behind by %v, %v; want %v", after, d, ok, want)
		}
	}
	l.Heard(-time.Hour, now)
	if d, _ := l.Behind(now); d != 0 {
		t.Errorf("a lag below 0 counts as %v", d)
	}
	l.Heard(1000*time.Hour, now)
	if d, _ := l.Behind(now); d > time.Minute {
		t.Errorf("a lag of 1000 h counts as %v", d)
	}
	l.End()
	if _, ok := l.Behind(now); ok {
		t.Error("a worker that has ended is behind")
	}
	l.Begin(func(s int32) { second = append(second, s) }, now)
	if got := fmt.Sprint(told, first, second); got != "[4] [4] [4]" {
		t.Errorf("told %s, want 4 each", got)
	}
}
