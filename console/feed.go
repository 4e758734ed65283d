package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// feedLength is how many changes a page may be behind before it must load everything again.
	feedLength = 8192
	// feedPages bounds the pages that may be open at once.
	feedPages = 256
	// feedPause is the least time between two writes to a page; of the changes to one key within it only the last is sent.
	feedPause = 250 * time.Millisecond
	// feedPing is the time between comments that keep proxies from closing a silent connection.
	feedPing = 15 * time.Second
	// feedWrite is how long a write to a page may take.
	feedWrite = 20 * time.Second
)

// feed hands changes to the open pages as server-sent events. The ring of late changes is every page's queue: a page is a place in
// it, so a slow one costs nothing, is spared what was superseded meanwhile, and is told to load everything again once the ring has
// gone past it.
type feed struct {
	// boot tells this process's ids from those of an earlier one.
	boot string

	mu sync.Mutex
	// ring holds change n at n % feedLength; last is the newest, counting from 1.
	ring [feedLength]change
	last uint64
	// newest change of each key in the ring.
	newest map[string]uint64
	// news is closed, and replaced, when there is a change.
	news   chan struct{}
	pages  int
	closed chan struct{}
	once   sync.Once
}

// change is one event: kind names it, key is what it supersedes.
type change struct {
	number    uint64
	kind, key string
	// text is the event as pages get it.
	text []byte
}

func newFeed() *feed {
	return &feed{boot: strconv.FormatInt(time.Now().UnixMicro(), 36), newest: map[string]uint64{}, news: make(chan struct{}), closed: make(chan struct{})}
}

// publish appends a change. v is encoded before publish returns.
func (f *feed) publish(kind, key string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		// A figure that JSON cannot write (NaN) is the detector's mistake; pages keep the state before.
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	slot := &f.ring[f.last%feedLength]
	if slot.number != 0 && f.newest[slot.key] == slot.number {
		delete(f.newest, slot.key)
	}
	*slot = change{f.last, kind, key, fmt.Appendf(nil, "id: %s-%d\nevent: %s\ndata: %s\n\n", f.boot, f.last, kind, data)}
	f.newest[key] = f.last
	close(f.news)
	f.news = make(chan struct{})
}

// since gives the changes after number that still hold, the newest number, and what to wait on for more. ok is false when some are
// no longer there.
func (f *feed) since(number uint64) (changes []change, last uint64, news <-chan struct{}, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if number > f.last || f.last-number > feedLength {
		return nil, f.last, f.news, false
	}
	for n := number + 1; n <= f.last; n++ {
		if c := f.ring[n%feedLength]; f.newest[c.key] == n {
			changes = append(changes, c)
		}
	}
	return changes, f.last, f.news, true
}

// close ends all event streams.
func (f *feed) close() { f.once.Do(func() { close(f.closed) }) }

// enter counts a page in, unless there are too many.
func (f *feed) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pages == feedPages {
		return false
	}
	f.pages++
	return true
}

func (f *feed) leave() {
	f.mu.Lock()
	f.pages--
	f.mu.Unlock()
}

// open is how many pages there are.
func (f *feed) open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pages
}

// serve is GET /api/v1/events. The events are stream (a Stream), removed (its id), defect (a Defect), silence (a Silence), unsilenced (its id)
// and resync: load the lists again, then apply what follows.
func (f *feed) serve(w http.ResponseWriter, r *http.Request) {
	if !f.enter() {
		w.Header().Set("Retry-After", "10")
		writeError(w, http.StatusServiceUnavailable, "too many pages are open")
		return
	}
	defer f.leave()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	ping := time.NewTicker(feedPing)
	defer ping.Stop()
	place := f.place(r.Header.Get("Last-Event-ID"))
	text := []byte("retry: 2000\n\n")
	for {
		changes, last, news, ok := f.since(place)
		text = f.append(text, changes, last, ok)
		place = last
		if len(text) > 0 {
			_ = out.SetWriteDeadline(time.Now().Add(feedWrite))
			if _, err := w.Write(text); err != nil || out.Flush() != nil {
				return
			}
			if !f.pause(r) {
				return
			}
		}
		text = text[:0]
		select {
		case <-r.Context().Done():
			return
		case <-f.closed:
			return
		case <-news:
		case <-ping.C:
			text = append(text, ": ping\n\n"...)
		}
	}
}

// place is the number in the id of the last event that a page has seen; one that f never gave when the page is new or was served by
// an earlier process.
func (f *feed) place(id string) uint64 {
	boot, number, _ := strings.Cut(id, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || boot != f.boot {
		return ^uint64(0)
	}
	return n
}

// append writes changes as events; when some are lost, one resync instead of them.
func (f *feed) append(text []byte, changes []change, last uint64, ok bool) []byte {
	if !ok {
		return fmt.Appendf(text, "id: %s-%d\nevent: resync\ndata: {}\n\n", f.boot, last)
	}
	for _, c := range changes {
		text = append(text, c.text...)
	}
	return text
}

// pause waits so that changes can gather; false when the page is gone.
func (f *feed) pause(r *http.Request) bool {
	select {
	case <-r.Context().Done():
		return false
	case <-f.closed:
		return false
	case <-time.After(feedPause):
		return true
	}
}
