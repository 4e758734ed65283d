package source

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"syscall"
)

// reader drives a demuxer on a thread of its own, so that a silent pipe holds up nobody else. Between a word on came and the next ask
// the demuxer is the asker's.
type reader struct {
	*demuxer
	// ask asks for the next packet; closed, for the end.
	ask chan struct{}
	// came tells how the demuxer was opened, then of each packet asked for how it was read.
	came chan error
	// stop ends libav's reading.
	stop context.CancelFunc
}

// startReader starts a reader, which opens its demuxer first. It frees the demuxer when it ends, which it does after what it is reading: that
// may be when the other side closes the pipe.
func startReader(ctx context.Context, d *demuxer) *reader {
	ctx, stop := context.WithCancel(ctx)
	r := &reader{demuxer: d, ask: make(chan struct{}, 1), came: make(chan error, 1), stop: stop}
	go r.run(ctx)
	return r
}

func (r *reader) run(ctx context.Context) {
	runtime.LockOSThread() // the log is the thread's
	defer runtime.UnlockOSThread()
	defer r.free()
	r.tell(r.open(ctx))
	for range r.ask {
		r.tell(r.read())
	}
}

// tell gives word. Sound that cannot be read is taken all the same, so that who writes it is not held up.
func (r *reader) tell(err error) {
	r.came <- err
	if err != nil && err != io.EOF && r.soundOnly {
		discard(r.path)
	}
}

// close ends the reader.
func (r *reader) close() {
	r.stop()
	close(r.ask)
}

// discard reads a pipe to its end.
func discard(path string) {
	var descriptor int
	if _, err := fmt.Sscanf(path, "pipe:%d", &descriptor); err != nil {
		return
	}
	buffer := make([]byte, 16<<10)
	for {
		if n, err := syscall.Read(descriptor, buffer); n <= 0 && err != syscall.EINTR {
			return
		}
	}
}
