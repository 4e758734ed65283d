package evidence

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// ClipConfig says what of a stream belongs to a defect.
type ClipConfig struct {
	// Before the onset the clip begins, at the key picture at or before that; After it the clip ends, or when the defect was detected if that is
	// later. Both up to 1m.
	Before time.Duration `yaml:"before"`
	After  time.Duration `yaml:"after"`
}

// Validate names the first span that cannot be.
func (c ClipConfig) Validate() error {
	for _, d := range []struct {
		name string
		span time.Duration
	}{{"before", c.Before}, {"after", c.After}} {
		if d.span < 0 || d.span > time.Minute {
			return fmt.Errorf("evidence.clip.%s is %v: it must be between 0s and 1m", d.name, d.span)
		}
	}
	return nil
}

const (
	// patience is how much longer than presentation takes a clip's end is waited for: a source that is down sends none.
	patience = 3 * time.Second
	// waitMost bounds any wait for a clip's end.
	waitMost = 2 * time.Minute
	// pendingMost bounds the defects whose evidence is waited for, streamMost those of one stream in a minute, atOnce those that are worked on.
	pendingMost, streamMost, atOnce = 256, 6, 2
	// putTries are how often a file is tried to be stored, putTime bounds each try, putWait is the wait before the next, which doubles.
	putTries = 3
	putTime  = 20 * time.Second
	putWait  = time.Second
	// publishTime bounds telling of it.
	publishTime = 30 * time.Second
)

// Deps are what a recorder asks of the outside.
type Deps struct {
	Pictures *Pictures
	Packets  *Packets
	Store    Store
	// Intents note what is about to be stored.
	Intents Intents
	// Remux makes a file of a clip and returns it with its extension.
	Remux func(ctx context.Context, clip Clip) (file []byte, extension string, err error)
	// Publish tells of a defect's evidence once it is stored.
	Publish func(ctx context.Context, defect string, e *schemas.Evidence) error
	// Known tells that there is evidence of the defect already.
	Known func(defect string) bool
	// Edge is the base URL under which what is stored can be fetched here; it goes into what is published.
	Edge string
	Log  *slog.Logger
}

// Recorder stores a clip and a filmstrip of each defect that opens in a stream which is watched here. It blocks nobody: what it cannot do in
// time or find room for is counted and goes without. It is safe for concurrent use.
type Recorder struct {
	config Config
	deps   Deps
	work   chan struct{}

	mu sync.Mutex
	// ctx is that of the work while Run runs, else nil; ending is closed when Run is to end; running waits for the defects.
	ctx     context.Context
	ending  <-chan struct{}
	running sync.WaitGroup
	pending map[string]bool
	// begun are when the last of each stream's were begun.
	begun map[string][]time.Time

	// failing tells that the store did not take the last file.
	failing                 atomic.Bool
	stored, failed, skipped atomic.Int64
}

// NewRecorder starts nothing.
func NewRecorder(config Config, deps Deps) *Recorder {
	return &Recorder{config: config, deps: deps, work: make(chan struct{}, atOnce), pending: map[string]bool{}, begun: map[string][]time.Time{}}
}

// Run records until ctx ends. What was begun by then it finishes at once, with what there is of each clip, or gives it up after Config.Finish.
func (r *Recorder) Run(ctx context.Context) {
	working, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	r.mu.Lock()
	r.ctx, r.ending = working, ctx.Done()
	r.mu.Unlock()
	<-ctx.Done()
	defer time.AfterFunc(r.config.Finish, giveUp).Stop()
	r.mu.Lock()
	r.ctx = nil
	r.mu.Unlock()
	r.running.Wait()
}

// Defect takes an event of a stream that is watched here. When it opens a defect whose onset was seen here, its evidence is recorded, in time.
// Who saw nothing of it says nothing.
func (r *Recorder) Defect(ev *schemas.DefectEvent) {
	if ev.State != "opened" || !r.seen(ev) || r.deps.Known(ev.ID) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil || r.pending[ev.ID] {
		return
	}
	if !r.room(ev.Stream, time.Now()) {
		r.skipped.Add(1)
		r.deps.Log.Warn("defect gets no evidence: too many have opened", "stream", ev.Stream, "defect", ev.ID)
		return
	}
	r.pending[ev.ID] = true
	ctx, ending := r.ctx, r.ending
	r.running.Go(func() {
		r.record(ctx, ending, ev)
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.pending, ev.ID)
	})
}

// Counts are how many defects have their evidence, have none because something failed, and have none because there were too many.
func (r *Recorder) Counts() (stored, failed, skipped int64) {
	return r.stored.Load(), r.failed.Load(), r.skipped.Load()
}

// seen tells that the stream was watched here at the onset.
func (r *Recorder) seen(ev *schemas.DefectEvent) bool {
	since, ok := r.deps.Packets.Since(ev.Stream)
	if ok && since <= ev.Onset {
		return true
	}
	_, err := r.deps.Pictures.Latest(ev.Stream, ev.Onset)
	return err == nil
}

// room takes one of the places for a stream's defects, if there is one left. The lock is held.
func (r *Recorder) room(stream string, now time.Time) bool {
	for id, begun := range r.begun {
		for len(begun) > 0 && now.Sub(begun[0]) > time.Minute {
			begun = begun[1:]
		}
		if r.begun[id] = begun; len(begun) == 0 {
			delete(r.begun, id)
		}
	}
	if len(r.pending) >= pendingMost || len(r.begun[stream]) >= streamMost {
		return false
	}
	r.begun[stream] = append(r.begun[stream], now)
	return true
}

// record does all for one defect, at once when ending is closed.
func (r *Recorder) record(ctx context.Context, ending <-chan struct{}, ev *schemas.DefectEvent) {
	to := max(ev.Onset+r.config.Clip.After.Microseconds(), ev.Detected)
	r.await(ending, ev.Stream, to)
	select {
	case r.work <- struct{}{}:
		defer func() { <-r.work }()
	case <-ctx.Done():
		r.giveUp(ev)
		return
	}
	_ = r.deps.Intents.Begin(ev.ID) // What cannot be noted is stored all the same.
	e, err := r.store(ctx, ev, to)
	if err == nil {
		err = r.publish(ctx, ev.ID, e)
	}
	if err == nil {
		err = r.deps.Intents.End(ev.ID)
	}
	switch {
	case err == nil:
		r.stored.Add(1)
		r.deps.Log.Debug("evidence is stored", "stream", ev.Stream, "defect", ev.ID, "uri", e.URI)
	case ctx.Err() != nil:
		r.giveUp(ev)
	default:
		r.failed.Add(1)
		r.tell(ev, err)
	}
}

// giveUp tells of a defect for which there was no time left.
func (r *Recorder) giveUp(ev *schemas.DefectEvent) {
	r.failed.Add(1)
	r.deps.Log.Warn("defect gets no evidence: the edge has ended before it was stored", "stream", ev.Stream, "defect", ev.ID)
}

// await waits until the stream has come to an instant, or should have long ago, or ending is closed.
func (r *Recorder) await(ending <-chan struct{}, stream string, to int64) {
	wait := min(max(time.Until(time.UnixMicro(to))+patience, 0), waitMost)
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case <-r.deps.Packets.Reached(stream, to):
	case <-late.C:
	case <-ending:
	}
}

// store stores what there is and describes it.
func (r *Recorder) store(ctx context.Context, ev *schemas.DefectEvent, to int64) (*schemas.Evidence, error) {
	e := &schemas.Evidence{Stream: ev.Stream}
	if r.deps.Edge != "" {
		e.Edge = &r.deps.Edge
	}
	stored := false
	clip, ok := r.deps.Packets.Cut(ev.Stream, ev.Onset-r.config.Clip.Before.Microseconds(), ev.Onset, to)
	if ok {
		file, extension, err := r.deps.Remux(ctx, clip)
		if err != nil {
			r.deps.Log.Warn("no clip of the defect", "stream", ev.Stream, "defect", ev.ID, "error", err)
		} else {
			if e.URI, e.ContentType, err = r.put(ctx, ev.ID, extension, file); err != nil {
				return nil, err
			}
			e.Start, e.End, e.Bytes, e.SHA256, stored = clip.Start, clip.End, int64(len(file)), sha256.Sum256(file), true
		}
	}
	pictures := r.deps.Pictures.around(ev.Stream, ev.Onset, to)
	file, err := filmstrip(pictures, ev.Onset)
	if err != nil {
		if stored {
			return e, nil // sound has no pictures
		}
		return nil, errors.New("there are no packets and no pictures of it any more")
	}
	uri, kind, err := r.put(ctx, ev.ID, strip, file)
	if err != nil {
		return nil, err
	}
	f := &schemas.Filmstrip{URI: uri, Start: pictures[0].At, End: pictures[len(pictures)-1].At, Bytes: int64(len(file)), SHA256: sha256.Sum256(file)}
	if !stored {
		e.URI, e.ContentType, e.Start, e.End, e.Bytes, e.SHA256 = f.URI, kind, f.Start, f.End, f.Bytes, f.SHA256
	}
	e.Filmstrip = f
	return e, nil
}

// put stores one file and returns where and what it is. A store that fails is tried again, but not while it was failing already.
func (r *Recorder) put(ctx context.Context, defect, extension string, data []byte) (uri, kind string, err error) {
	name, err := name(defect, extension)
	if err != nil {
		return "", "", err
	}
	tries, wait := putTries, putWait
	if r.failing.Load() {
		tries = 1
	}
	for try := 1; ; try++ {
		if err = r.putOnce(ctx, name, data); err == nil {
			r.works()
			return r.deps.Store.URI(name), typeOf(name), nil
		}
		if try == tries || ctx.Err() != nil {
			return "", "", storeError{err}
		}
		select {
		case <-time.After(wait):
			wait *= 2
		case <-ctx.Done():
			return "", "", ctx.Err()
		}
	}
}

func (r *Recorder) putOnce(ctx context.Context, name string, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, putTime)
	defer cancel()
	return r.deps.Store.Put(ctx, name, data)
}

func (r *Recorder) publish(ctx context.Context, defect string, e *schemas.Evidence) error {
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	return r.deps.Publish(ctx, defect, e)
}

// storeError is why the store did not take a file.
type storeError struct{ error }

func (e storeError) Unwrap() error { return e.error }

// tell logs why a defect has no evidence; of a store that fails once, until it works again.
func (r *Recorder) tell(ev *schemas.DefectEvent, err error) {
	var store storeError
	if !errors.As(err, &store) {
		r.deps.Log.Warn("defect gets no evidence", "stream", ev.Stream, "defect", ev.ID, "error", err)
		return
	}
	if !r.failing.Swap(true) {
		r.deps.Log.Error("evidence cannot be stored: defects go without until it can", "stream", ev.Stream, "defect", ev.ID, "error", err)
	}
}

// works notes that the store takes files.
func (r *Recorder) works() {
	if r.failing.Swap(false) {
		r.deps.Log.Info("evidence can be stored again")
	}
}
