package lab

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// FleetBench is how many live streams this machine carried: decoded only, by ffmpeg; decoded and measured by our workers; and twice of those by our workers
// with load shedding.
type FleetBench struct {
	Clip  string `json:"clip"`
	Cores int    `json:"cores"`
	// DecodeStreams and AnalysedStreams are the most streams that were carried, of those that were tried.
	DecodeStreams   int `json:"decode_streams"`
	AnalysedStreams int `json:"analysed_streams"`
	// DecodePerCore and AnalysedPerCore are the same by core, AnalysedOverDecode the second of them by the first.
	DecodePerCore      float64   `json:"decode_per_core"`
	AnalysedPerCore    float64   `json:"analysed_per_core"`
	AnalysedOverDecode float64   `json:"analysed_over_decode"`
	Shed               ShedFleet `json:"shed"`
}

// ShedFleet is how too many streams fared with load shedding.
type ShedFleet struct {
	Streams int `json:"streams"`
	// Seconds is for how long they were looked at after they had begun.
	Seconds float64 `json:"seconds"`
	// LeastHeartbeats is the share of the seconds in which the stream with the fewest told one, LongestGap the longest time between two of one stream, seconds.
	LeastHeartbeats float64 `json:"least_heartbeats"`
	LongestGap      float64 `json:"longest_gap"`
	// LatestHeartbeat is how late the latest one was after the end of its second, seconds.
	LatestHeartbeat float64 `json:"latest_heartbeat"`
	// Up is the share of all heartbeats that said that the stream is up, Decoded and Analysed are the shares of all pictures, LeastAnalysed that of the stream with
	// the fewest.
	Up            float64 `json:"up"`
	Decoded       float64 `json:"decoded"`
	Analysed      float64 `json:"analysed"`
	LeastAnalysed float64 `json:"least_analysed"`
	// OK: every stream told a heartbeat each second, give or take one at either end.
	OK bool `json:"ok"`
}

// What it is to slip: more than one in lateStreams streams is more than lateMost behind its source, or with its heartbeat, at lateSeconds looks in a row, one a second.
const (
	lateStreams = 10
	lateMost    = time.Second
	lateSeconds = 3
)

// FleetNotes say how the figures come about.
var FleetNotes = fmt.Sprintf("A number of streams is carried when for a step's time it does not come to it that more than one stream in %d is more than %v behind its source,\n"+
	"or with its heartbeat, for %d seconds in a row; what is decoded stands some tenths of a second behind by itself. Every stream is sent in real time over HTTP on loopback\n"+
	"by the bench itself, whose work is in the figures, as the supervisor's is in ours. Nothing is written to a log.", lateStreams, lateMost, lateSeconds)

// FleetConfig is how a fleet is measured.
type FleetConfig struct {
	// Start is what streams are given to begin before they are looked at, three times that when they begin all at once.
	Start time.Duration
	// Step is for how long a number of streams must be carried, Shed for how long twice the number is looked at.
	Step, Shed time.Duration
	// Most streams that are tried.
	Most int
	// Progress is told what is being done.
	Progress func(string)
}

// carrier is what can play a number of streams.
type carrier interface {
	Set(n int) error
	Late(now time.Time) []time.Duration
}

// BenchFleet measures a clip, an MPEG-TS. All processes are gone when it returns.
func BenchFleet(ctx context.Context, config FleetConfig, clip EdgeClip) (b FleetBench, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	source, err := newBroadcast(ctx, clip.File)
	if err != nil {
		return b, err
	}
	b.Clip, b.Cores = clip.Name, runtime.GOMAXPROCS(0)
	decoding := &decoders{source: source}
	b.DecodeStreams, err = config.most(ctx, "decoded", decoding)
	if err := errors.Join(err, decoding.Set(0)); err != nil {
		return b, err
	}
	watching := newWatchers(source.url, "off")
	b.AnalysedStreams, err = config.most(ctx, "analysed", watching)
	if err := errors.Join(err, watching.Close()); err != nil {
		return b, err
	}
	if b.DecodeStreams == 0 || b.AnalysedStreams == 0 {
		return b, errors.New("this machine does not carry a single stream now")
	}
	b.DecodePerCore, b.AnalysedPerCore = float64(b.DecodeStreams)/float64(b.Cores), float64(b.AnalysedStreams)/float64(b.Cores)
	b.AnalysedOverDecode = b.AnalysedPerCore / b.DecodePerCore
	b.Shed, err = config.shed(ctx, source.url, 2*b.AnalysedStreams)
	return b, err
}

// most raises the number of streams until they slip, from about half of what their cost says, by about a twentieth each time.
func (c FleetConfig) most(ctx context.Context, what string, streams carrier) (held int, err error) {
	const probe = 2
	c.Progress(fmt.Sprintf("measuring what a stream costs that is %s", what))
	if err := streams.Set(min(probe, c.Most)); err != nil {
		return 0, err
	}
	if err := pause(ctx, c.Start); err != nil {
		return 0, err
	}
	before, began := childrenCPU(), time.Now()
	if err := pause(ctx, c.Step); err != nil {
		return 0, err
	}
	cores := max((childrenCPU()-before)/time.Since(began).Seconds()/probe, 0.001)
	fits := float64(runtime.GOMAXPROCS(0)) / cores
	slipped := false
	for n := max(1, int(fits/2)); n > 0; {
		n = min(n, c.Most)
		c.Progress(fmt.Sprintf("%d streams are %s; a stream took %.3f cores", n, what, cores))
		if err := streams.Set(n); err != nil {
			return 0, err
		}
		ok, err := c.carried(ctx, streams)
		switch {
		case err != nil:
			return 0, err
		case !ok && held > 0:
			return held, nil
		case !ok:
			slipped, n = true, n*3/4
			continue
		case slipped, n == c.Most:
			return n, nil
		}
		held = n
		n += max(1, int(fits/20))
	}
	return 0, nil
}

// carried tells whether the streams keep up for a step.
func (c FleetConfig) carried(ctx context.Context, streams carrier) (bool, error) {
	if err := pause(ctx, c.Start); err != nil {
		return false, err
	}
	slipping := 0
	for end := time.Now().Add(c.Step); time.Now().Before(end); {
		if err := pause(ctx, time.Second); err != nil {
			return false, err
		}
		if slipping++; !slips(streams.Late(time.Now())) {
			slipping = 0
		}
		if slipping == lateSeconds {
			return false, nil
		}
	}
	return slipping == 0, nil
}

// slips tells whether too many of the streams are too late.
func slips(late []time.Duration) bool {
	n := 0
	for _, l := range late {
		if l > lateMost {
			n++
		}
	}
	return n*lateStreams > len(late)
}

// shed carries so many streams with load shedding.
func (c FleetConfig) shed(ctx context.Context, url string, streams int) (s ShedFleet, err error) {
	c.Progress(fmt.Sprintf("%d streams with load shedding", streams))
	w := newWatchers(url, "auto")
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.Set(streams); err != nil {
		return s, err
	}
	// They come all at once, which takes longer than one.
	if err := pause(ctx, 3*c.Start); err != nil {
		return s, err
	}
	w.Count()
	began := time.Now()
	if err := pause(ctx, c.Shed); err != nil {
		return s, err
	}
	s.Streams, s.Seconds = streams, time.Since(began).Seconds()
	s.sum(w.Counted())
	return s, nil
}

// sum adds up what the streams told.
func (s *ShedFleet) sum(streams []watched) {
	beats, up, least := 0, 0, -1
	var decoded, analysed, all int64
	s.LeastAnalysed = 1
	for _, w := range streams {
		if least < 0 || w.beats < least {
			least = w.beats
		}
		beats, up = beats+w.beats, up+w.up
		decoded, analysed, all = decoded+w.decoded, analysed+w.analysed, all+w.decoded+w.passed
		s.LongestGap, s.LatestHeartbeat = max(s.LongestGap, w.gap.Seconds()), max(s.LatestHeartbeat, w.latest.Seconds())
		s.LeastAnalysed = min(s.LeastAnalysed, float64(w.analysed)/float64(max(w.decoded+w.passed, 1)))
	}
	s.LeastHeartbeats = min(float64(max(least, 0))/s.Seconds, 1)
	s.Up = float64(up) / float64(max(beats, 1))
	s.Decoded, s.Analysed = float64(decoded)/float64(max(all, 1)), float64(analysed)/float64(max(all, 1))
	s.OK = float64(least) >= s.Seconds-2
}

// pause waits; the error is that of a ctx that ended first.
func pause(ctx context.Context, d time.Duration) error {
	if !sleepUntil(ctx, time.Now().Add(d)) {
		return ctx.Err()
	}
	return nil
}
