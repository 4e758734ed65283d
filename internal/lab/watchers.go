package lab

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// watchers is an edge of ours that watches one live stream many times. What it publishes is counted and thrown away.
type watchers struct {
	url  string
	edge *ingest.Ingest
	stop context.CancelFunc
	done chan error

	mu      sync.Mutex
	streams map[string]*watched
}

// watched is what one stream has told.
type watched struct {
	// told is when it was given to the edge, presented the instant of the newest picture or sound.
	told, presented time.Time
	// beats are its heartbeats, since counting began; latest is how late the latest one was, beat when the last one came, gap the longest time between two.
	beats       int
	latest, gap time.Duration
	beat        time.Time
	// decoded, analysed and passed are pictures, up how many heartbeats said that it is up.
	decoded, analysed, passed int64
	up                        int
}

// newWatchers runs an edge with shedding auto or off until Close.
func newWatchers(url, shedding string) *watchers {
	w := &watchers{url: url, done: make(chan error, 1), streams: map[string]*watched{}}
	config := ingest.Defaults()
	config.Shedding = shedding
	w.edge = ingest.New(config, w.publish, slog.Default())
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() { w.done <- w.edge.Run(ctx) }()
	return w
}

// Close ends the edge; its workers are gone when it returns.
func (w *watchers) Close() error {
	w.stop()
	return <-w.done
}

// Set makes it n streams.
func (w *watchers) Set(n int) error {
	w.mu.Lock()
	have := len(w.streams)
	w.mu.Unlock()
	for ; have < n; have++ {
		w.mu.Lock()
		w.streams[streamID(have)] = &watched{told: time.Now()}
		w.mu.Unlock()
		w.edge.Set(streamID(have), &schemas.StreamSpec{URL: w.url + "/live.ts"})
	}
	var gone []string
	w.mu.Lock()
	for ; have > n; have-- {
		gone = append(gone, streamID(have-1))
		delete(w.streams, streamID(have-1))
	}
	w.mu.Unlock()
	w.edge.Remove(gone...)
	return nil
}

func streamID(n int) string { return fmt.Sprintf("stream-%03d", n) }

// Late is how far behind the source each stream is, or how late its last heartbeat, whichever is more.
func (w *watchers) Late(now time.Time) (late []time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.streams {
		last := s.presented
		if last.IsZero() {
			last = s.told
		}
		behind := now.Sub(last)
		if !s.beat.IsZero() {
			behind = max(behind, now.Sub(s.beat)-time.Second)
		}
		late = append(late, behind)
	}
	return late
}

// Count begins to count anew.
func (w *watchers) Count() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.streams {
		*s = watched{told: s.told, presented: s.presented, beat: s.beat}
	}
}

// Counted is what each stream has told since Count.
func (w *watchers) Counted() (all []watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.streams {
		all = append(all, *s)
	}
	return all
}

func (w *watchers) publish(stream string, f *schemas.Feature, _ func()) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.streams[stream]
	switch {
	case s == nil:
	case f.StreamSecond != nil:
		s.second(f.StreamSecond, now)
	case f.VideoFrame != nil:
		s.presented = time.UnixMicro(f.VideoFrame.Session + f.VideoFrame.At)
	}
}

func (s *watched) second(r *schemas.StreamSecond, now time.Time) {
	s.latest = max(s.latest, now.Sub(time.UnixMicro(r.Session+r.At)))
	if !s.beat.IsZero() {
		s.gap = max(s.gap, now.Sub(s.beat))
	}
	s.beats++
	s.beat = now
	s.decoded, s.analysed = s.decoded+int64(r.FramesDecoded), s.analysed+int64(r.FramesAnalysed)
	if r.FramesPassed != nil {
		s.passed += int64(*r.FramesPassed)
	}
	if r.State == "up" {
		s.up++
	}
}
