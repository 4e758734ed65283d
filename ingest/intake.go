package ingest

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/framewatch/framewatch/ingest/media"
	"golang.org/x/sys/unix"
)

const (
	// intakeMost bounds what a worker stores of data that the decoder has not taken yet, in bytes. When it is full the fetcher waits.
	intakeMost = 32 << 20
	// decoderPipe is the size of the decoder's pipe in bytes: what is in it counts as taken, so it is small.
	decoderPipe = 4096
	// chunkMost is the most that is read at once, in bytes.
	chunkMost = 16 << 10
)

// intake takes a fetched source's data from the supervisor as it comes and hands it to the decoder as that reads, so that a segment which
// is presented for six seconds does not hold up its download. It knows when the data that the decoder sees arrived.
type intake struct {
	// elapsed is microseconds since session on the wall.
	elapsed func() int64
	// pipe is the end that the decoder reads.
	pipe *os.File

	mu              sync.Mutex
	changed         *sync.Cond
	chunks          []chunk
	stored          int
	ended           bool
	received, taken int64
	arrival, waited int64
}

// intakes are a worker's: media's, nil when the decoder opens the source itself, and that of sound in a container of its own, nil when there is
// none.
type intakes struct {
	media, sound *intake
	// direct is there when the worker opens the source itself, and they are not.
	direct *reception
}

// Progress is that of both together.
func (in intakes) Progress() (sum progress) {
	if in.direct != nil {
		return in.direct.Progress()
	}
	for _, i := range []*intake{in.media, in.sound} {
		if i != nil {
			p := i.Progress()
			sum.Received += p.Received
			sum.Taken += p.Taken
		}
	}
	return sum
}

// of is the intake that a track comes through.
func (in intakes) of(t media.Track) *intake {
	if t.Sound {
		return in.sound
	}
	return in.media
}

// chunk is a piece of data and when it arrived.
type chunk struct {
	data []byte
	at   int64
}

func newIntake(elapsed func() int64) *intake {
	i := &intake{elapsed: elapsed}
	i.changed = sync.NewCond(&i.mu)
	return i
}

// Pipe starts the way from source to a new pipe and returns the end that the decoder reads. Both goroutines end with the worker's process.
func (i *intake) Pipe(source io.Reader) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	// A larger pipe only makes arrival less exact.
	unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, decoderPipe)
	go i.fill(source)
	go i.drain(w)
	i.pipe = r
	return r, nil
}

// Path names the pipe for the decoder.
func (i *intake) Path() string { return fmt.Sprintf("pipe:%d", i.pipe.Fd()) }

// Arrival is when the data that the decoder took last arrived, and how long it had waited to be taken; microseconds since session.
func (i *intake) Arrival() (at, waited int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.arrival, i.waited
}

// Waiting is for how long the oldest data that the decoder has not taken has waited, microseconds; 0 when there is none.
func (i *intake) Waiting() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.chunks) == 0 {
		return 0
	}
	return i.elapsed() - i.chunks[0].at
}

// Progress is how much data has come and how much of it the decoder has taken.
func (i *intake) Progress() progress {
	i.mu.Lock()
	defer i.mu.Unlock()
	return progress{Received: i.received, Taken: i.taken}
}

func (i *intake) fill(source io.Reader) {
	for {
		data := make([]byte, chunkMost)
		n, err := source.Read(data)
		i.mu.Lock()
		for i.stored > intakeMost {
			i.changed.Wait()
		}
		if n > 0 {
			i.chunks = append(i.chunks, chunk{data[:n:n], i.elapsed()})
			i.stored += n
			i.received += int64(n)
		}
		i.ended = err != nil
		i.changed.Broadcast()
		i.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (i *intake) drain(w *os.File) {
	defer w.Close()
	for {
		c, ok := i.take()
		if !ok {
			return
		}
		if _, err := w.Write(c.data); err != nil {
			return
		}
		i.mu.Lock()
		i.taken += int64(len(c.data))
		i.mu.Unlock()
	}
}

// take is the oldest chunk; false at the end of the data.
func (i *intake) take() (chunk, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.chunks) == 0 {
		if i.ended {
			return chunk{}, false
		}
		i.changed.Wait()
	}
	c := i.chunks[0]
	i.chunks[0] = chunk{}
	i.chunks = i.chunks[1:]
	i.stored -= len(c.data)
	i.arrival, i.waited = c.at, i.elapsed()-c.at
	i.changed.Broadcast()
	return c, true
}
