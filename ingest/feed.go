package ingest

import (
	"errors"
	"io"
	"sync"

	"github.com/framewatch/framewatch/ingest/source"
)

// feed is what Fetch writes to: the first byte starts the worker, the others go to its pipe. Fetch's goroutine writes and closes it.
type feed struct {
	start func(job) (*process, error)
	// started yields the process once there is one, and is closed when there will be none.
	started chan *process
	once    sync.Once
	// settled is closed when the process is there, or will not be.
	settled chan struct{}
	process *process
	sound   *soundFeed
	// recent, if there is one, keeps what is written.
	recent *recent
	// failed is why the worker could not be started, broken why its pipe could not be written: it is gone. Valid after Fetch.
	failed, broken error
}

// newFeed makes a feed whose worker start starts, with a job that says through which pipes media comes.
func newFeed(start func(job) (*process, error)) *feed {
	return &feed{start: start, started: make(chan *process, 1), settled: make(chan struct{})}
}

// Sound tells, before the first Write, that the source's sound comes in a container of its own, and is where that goes.
func (f *feed) Sound() io.Writer {
	f.sound = &soundFeed{feed: f, over: make(chan struct{})}
	return f.sound
}

// Write blocks while the worker has no room.
func (f *feed) Write(b []byte) (int, error) {
	f.once.Do(func() {
		defer close(f.settled)
		defer close(f.started)
		j := job{}
		if f.sound != nil {
			j.Sound, j.SoundShift = true, f.sound.shift
		}
		if f.process, f.failed = f.start(j); f.failed == nil {
			f.started <- f.process
		}
	})
	if f.failed != nil {
		return 0, f.failed
	}
	if f.recent != nil {
		f.recent.Write(b)
	}
	n, err := f.process.media.Write(b)
	if err != nil {
		f.broken = err
	}
	return n, err
}

// End tells that nothing is written any more, of sound there may be.
func (f *feed) End() {
	f.once.Do(func() {
		close(f.started)
		close(f.settled)
	})
	if f.process != nil {
		f.process.media.Close()
	}
}

// Close lets the worker come to its end.
func (f *feed) Close() {
	f.End()
	if f.sound != nil {
		f.sound.End()
	}
}

// outcome is that of a fetch that ended by itself with err.
func (f *feed) outcome(err error) outcome {
	switch {
	case f.failed != nil:
		return unstarted(f.failed)
	case errors.Is(err, source.ErrReopen):
		return outcome{again: true}
	case err != nil:
		return failed(err)
	}
	return outcome{state: down, reason: "end of file", over: true}
}

// soundFeed is the second pipe of a feed's worker. Its own goroutine writes it, at any time: it waits for the worker.
type soundFeed struct {
	feed  *feed
	shift int64
	over  chan struct{}
	once  sync.Once
}

// Shift is what is to be added to the sound's time stamps, 90 kHz. It is called before the feed's first Write.
func (s *soundFeed) Shift(ticks int64) { s.shift = ticks }

// Write blocks while the worker is not there or has no room.
func (s *soundFeed) Write(b []byte) (int, error) {
	select {
	case <-s.feed.settled:
	case <-s.over:
	}
	select {
	case <-s.over:
		return 0, errors.New("the sound's pipe is closed")
	default:
	}
	if s.feed.process == nil {
		return 0, errors.New("there is no worker")
	}
	return s.feed.process.sound.Write(b)
}

// End tells that no sound is written any more, and ends a Write that blocks.
func (s *soundFeed) End() {
	s.once.Do(func() { close(s.over) })
	select {
	case <-s.feed.settled:
		if p := s.feed.process; p != nil {
			p.sound.Close()
		}
	default:
	}
}
