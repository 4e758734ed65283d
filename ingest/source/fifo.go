package source

import "sync"

// fifoChunk is how much of what came is handed on at once, in bytes.
const fifoChunk = 64 << 10

// fifo holds what came while the worker had no room, so that the kernel need not: it holds little, and nobody sees which of it is lost. One goroutine
// puts, one takes.
type fifo struct {
	// most is how many bytes may be held.
	most int

	mu      sync.Mutex
	changed *sync.Cond
	chunks  []held
	stored  int
	// lost tells that something was not taken since the last that was.
	lost, closed bool
	// spare are buffers to use again.
	spare [][]byte
}

// held is data that is written at once; broken tells that it does not go on where what came before it ended.
type held struct {
	data   []byte
	broken bool
}

func newFIFO(most int) *fifo {
	q := &fifo{most: most}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// Put copies data. False: there is no room for it, and what comes next does not go on.
func (q *fifo) Put(data []byte, broken bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stored+len(data) > q.most {
		q.lost = true
		return false
	}
	broken, q.lost = broken || q.lost, false
	last := len(q.chunks) - 1
	if last < 0 || broken || len(q.chunks[last].data)+len(data) > fifoChunk {
		q.chunks = append(q.chunks, held{data: q.buffer(), broken: broken})
		last++
	}
	q.chunks[last].data = append(q.chunks[last].data, data...)
	q.stored += len(data)
	q.changed.Signal()
	return true
}

func (q *fifo) buffer() []byte {
	n := len(q.spare)
	if n == 0 {
		return nil
	}
	b := q.spare[n-1]
	q.spare = q.spare[:n-1]
	return b
}

// Take waits for the oldest data; false at the end. The data is to be given back.
func (q *fifo) Take() (held, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.chunks) == 0 {
		if q.closed {
			return held{}, false
		}
		q.changed.Wait()
	}
	h := q.chunks[0]
	q.chunks[0] = held{}
	q.chunks = q.chunks[1:]
	q.stored -= len(h.data)
	return h, true
}

// Back takes the memory of data that has been written.
func (q *fifo) Back(data []byte) {
	const spareMost = 4
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.spare) < spareMost {
		q.spare = append(q.spare, data[:0])
	}
}

// Close lets Take come to an end.
func (q *fifo) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Signal()
}
