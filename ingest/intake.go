package ingest

import (
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/framewatch/framewatch/ingest/media"
)

const (
	// intakeMost bounds what a worker stores of data that the decoder has not taken yet, in bytes. When it is full the fetcher waits.
	intakeMost = 32 << 20
	// chunkMost is the most that is read at once, in bytes.
	chunkMost = 64 << 10
	// markTime is how exactly arrival is known of data that the decoder takes as it comes, microseconds. Of what has gathered it takes all that is in its
	// pipe at once, as if that had come together: pipeTime of the stream, microseconds, but at least pipeLeast bytes and at most pipeMost.
	markTime            = 1000
	pipeTime            = 100_000
	pipeLeast, pipeMost = 4 << 10, 64 << 10
	// rateTime is how long data is counted for its rate, microseconds.
	rateTime = 2_000_000
)

// intake takes a fetched source's data from the supervisor as it comes and hands it to the decoder as that reads, so that a segment which
// is presented for six seconds does not hold up its download. It knows when the data that the decoder sees arrived. What the decoder's pipe
// has room for is written to it at once, since each goroutine that has to wake up for it costs more than that.
type intake struct {
	// elapsed is microseconds since session on the wall.
	elapsed func() int64
	// pipe is the end that the decoder reads, readable its descriptor; writable is that of the other end, which does not block.
	pipe               *os.File
	readable, writable int
	// capacity of the pipe, bytes; since when data has been counted for its rate, and what had come by then.
	capacity       int
	since, counted int64

	mu      sync.Mutex
	changed *sync.Cond
	// chunks is what the pipe has no room for, gone tells that nobody reads it any more, ended that nothing more comes.
	chunks      [][]byte
	stored      int
	gone, ended bool
	// received, written into the pipe, and taken out of it by the decoder, bytes.
	received, written, taken int64
	// marks are of what is not taken whole.
	marks           []mark
	arrival, waited int64
}

// mark is up to which byte of all what arrived at a time reaches, from which it begins.
type mark struct{ from, to, at int64 }

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
	conn, err := w.SyscallConn()
	if err == nil {
		err = conn.Control(func(fd uintptr) { i.writable = int(fd) })
	}
	if err != nil {
		return nil, err
	}
	i.pipe, i.readable, i.since = r, int(r.Fd()), i.elapsed()
	i.resize(pipeLeast)
	go i.fill(source)
	go i.drain(w, conn)
	return r, nil
}

// Path names the pipe for the decoder.
func (i *intake) Path() string { return fmt.Sprintf("pipe:%d", i.readable) }

// Arrival is when the data that the decoder took last arrived, and how long it had waited to be taken; microseconds since session.
func (i *intake) Arrival() (at, waited int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.settle()
	return i.arrival, i.waited
}

// Waiting is for how long the oldest data that the decoder has not taken has waited, microseconds; 0 when there is none.
func (i *intake) Waiting() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.settle()
	if len(i.marks) == 0 {
		return 0
	}
	return i.elapsed() - i.marks[0].at
}

// Progress is how much data has come and how much of it the decoder has taken.
func (i *intake) Progress() progress {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.settle()
	return progress{Received: i.received, Taken: i.taken}
}

// resize lets the pipe hold about so many bytes. What it holds already may be more: then it stays as it is.
func (i *intake) resize(bytes int64) {
	capacity := pipeLeast
	for capacity < pipeMost && int64(capacity) < bytes {
		capacity *= 2
	}
	if capacity == i.capacity {
		return
	}
	if _, err := unix.FcntlInt(uintptr(i.writable), unix.F_SETPIPE_SZ, capacity); err == nil {
		i.capacity = capacity
	}
}

// settle looks at what the decoder has taken: what was written and is not in the pipe any more. The lock is held.
func (i *intake) settle() {
	left, err := unix.IoctlGetInt(i.readable, unix.TIOCINQ) // FIONREAD by another name
	if err != nil {
		left = 0
	}
	taken := i.written - int64(left)
	if taken <= i.taken {
		return
	}
	i.taken = taken
	for len(i.marks) > 0 && i.marks[0].from < taken {
		m := i.marks[0]
		i.arrival, i.waited = m.at, i.elapsed()-m.at
		if m.to > taken {
			return
		}
		i.marks = i.marks[1:]
	}
}

func (i *intake) fill(source io.Reader) {
	buffer := make([]byte, chunkMost)
	for {
		n, err := source.Read(buffer)
		i.mu.Lock()
		for i.stored > intakeMost && !i.gone {
			i.changed.Wait()
		}
		i.put(buffer[:n])
		if i.ended = err != nil; i.ended {
			i.changed.Broadcast()
		}
		i.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// put takes what has come. The lock is held.
func (i *intake) put(data []byte) {
	now, last := i.elapsed(), len(i.marks)-1
	if passed := now - i.since; passed >= rateTime {
		i.resize((i.received - i.counted) * pipeTime / passed)
		i.since, i.counted = now, i.received
	}
	if last >= 0 && now-i.marks[last].at < markTime {
		i.marks[last].to += int64(len(data))
	} else if len(data) > 0 {
		i.marks = append(i.marks, mark{i.received, i.received + int64(len(data)), now})
	}
	i.received += int64(len(data))
	if len(i.chunks) == 0 {
		data, _ = i.write(data)
	}
	if len(data) == 0 || i.gone {
		return
	}
	if last := len(i.chunks) - 1; last >= 0 && len(i.chunks[last])+len(data) <= chunkMost {
		i.chunks[last] = append(i.chunks[last], data...)
	} else {
		i.chunks = append(i.chunks, append([]byte(nil), data...))
	}
	i.stored += len(data)
	i.changed.Broadcast()
}

// write writes what the pipe has room for and returns the rest; full tells that there is no more room. The lock is held.
func (i *intake) write(data []byte) (rest []byte, full bool) {
	for len(data) > 0 {
		n, err := unix.Write(i.writable, data)
		switch err {
		case nil:
			i.written += int64(n)
			data = data[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			return data, true
		default:
			i.gone = true
			return nil, false
		}
	}
	return nil, false
}

// drain writes what had to be stored, as the pipe gets room for it, and closes the pipe at the end.
func (i *intake) drain(w *os.File, conn syscall.RawConn) {
	defer w.Close()
	for i.more() {
		if conn.Write(func(uintptr) bool { return i.push() }) != nil {
			return
		}
	}
}

// more waits until there is something stored; false at the end of the data.
func (i *intake) more() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.chunks) == 0 && !i.ended && !i.gone {
		i.changed.Wait()
	}
	return len(i.chunks) > 0
}

// push writes what is stored; false when the pipe is full before that.
func (i *intake) push() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.chunks) > 0 {
		rest, full := i.write(i.chunks[0])
		i.stored -= len(i.chunks[0]) - len(rest)
		i.chunks[0] = rest
		switch {
		case i.gone:
			i.chunks, i.stored = nil, 0
		case len(rest) == 0:
			i.chunks[0] = nil
			i.chunks = i.chunks[1:]
		}
		i.changed.Broadcast()
		if full {
			return false
		}
	}
	return true
}
