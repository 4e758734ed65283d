package ingest

import (
	"errors"
	"sync"

	"github.com/framewatch/framewatch/ingest/source"
)

// feed is what Fetch writes to: the first byte starts the worker, the others go to its pipe. Fetch's goroutine writes and closes it.
type feed struct {
	start func() (*process, error)
	// started yields the process once there is one, and is closed when there will be none.
	started chan *process
	once    sync.Once
	process *process
	// failed is why the worker could not be started, broken why its pipe could not be written: it is gone. Valid after Fetch.
	failed, broken error
}

func newFeed(start func() (*process, error)) *feed {
	return &feed{start: start, started: make(chan *process, 1)}
}

// Write blocks while the worker has no room.
func (f *feed) Write(b []byte) (int, error) {
	f.once.Do(func() {
		defer close(f.started)
		if f.process, f.failed = f.start(); f.failed == nil {
			f.started <- f.process
		}
	})
	if f.failed != nil {
		return 0, f.failed
	}
	n, err := f.process.media.Write(b)
	if err != nil {
		f.broken = err
	}
	return n, err
}

// Close lets the worker come to its end.
func (f *feed) Close() {
	f.once.Do(func() { close(f.started) })
	if f.process != nil {
		f.process.media.Close()
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
		return outcome{state: down, reason: err.Error(), silent: errors.Is(err, source.ErrSilent)}
	}
	return outcome{state: down, reason: "end of file", over: true}
}
