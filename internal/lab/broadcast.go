package lab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// broadcast serves one MPEG-TS over HTTP to any number of clients, to each from its beginning on, round and round, in real time by its PCRs.
type broadcast struct {
	data []byte
	// dues are the pieces to send: up to which byte, and when it is due since the beginning.
	dues   []due
	length time.Duration
	server *http.Server
	url    string

	mu sync.Mutex
	// began is when the first client of each path was sent its first byte.
	began map[string]time.Time
}

type due struct {
	to   int
	time time.Duration
}

// sendEvery is how much of a stream is sent at once: a picture's time at 25 a second.
const sendEvery = 40 * time.Millisecond

// newBroadcast serves the file on a free port of the loopback until ctx ends.
func newBroadcast(ctx context.Context, file string) (*broadcast, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b := &broadcast{data: data, began: map[string]time.Time{}}
	if err := b.schedule(); err != nil {
		return nil, fmt.Errorf("broadcast %s: %w", file, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.url = "http://" + listener.Addr().String()
	b.server = &http.Server{Handler: http.HandlerFunc(b.serve), ReadHeaderTimeout: time.Second}
	go b.server.Serve(listener)
	context.AfterFunc(ctx, func() { b.server.Close() })
	return b, nil
}

// schedule reads when each packet is due off the PCRs: between two of them packets stand evenly.
func (b *broadcast) schedule() error {
	const clock = 90000
	type reference struct {
		at  int
		pcr int64
	}
	var references []reference
	pid := -1
	for at := 0; at+packetSize <= len(b.data); at += packetSize {
		p := packet(b.data[at : at+packetSize])
		if p[0] != 0x47 {
			return fmt.Errorf("no packet at byte %d", at)
		}
		if p[3]&0x20 == 0 || p[4] < 7 || p[5]&0x10 == 0 || pid >= 0 && p.pid() != pid {
			continue
		}
		pid = p.pid()
		references = append(references, reference{at, int64(p[6])<<25 | int64(p[7])<<17 | int64(p[8])<<9 | int64(p[9])<<1 | int64(p[10])>>7})
	}
	if len(references) < 2 {
		return fmt.Errorf("it has no two PCRs")
	}
	first := references[0].pcr
	next := sendEvery
	for i := 1; i < len(references); i++ {
		r, s := references[i-1], references[i]
		if s.pcr <= r.pcr {
			return fmt.Errorf("its PCRs go back at byte %d", s.at)
		}
		for at := r.at; at < s.at; at += packetSize {
			time := time.Duration(r.pcr-first+(s.pcr-r.pcr)*int64(at-r.at)/int64(s.at-r.at)) * time.Second / clock
			if time >= next {
				b.dues = append(b.dues, due{at, time})
				next = time + sendEvery
			}
		}
		b.length = time.Duration(s.pcr-first) * time.Second / clock
	}
	b.dues = append(b.dues, due{len(b.data) / packetSize * packetSize, b.length})
	return nil
}

// sent is how much of the stream a path's client should have at now; false when there was none yet.
func (b *broadcast) sent(path string, now time.Time) (time.Duration, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	began, ok := b.began[path]
	return now.Sub(began), ok
}

// serve sends the stream to one client until that goes away.
func (b *broadcast) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "video/mp2t")
	out := http.NewResponseController(w)
	began := time.Now()
	b.mu.Lock()
	if _, ok := b.began[r.URL.Path]; !ok {
		b.began[r.URL.Path] = began
	}
	b.mu.Unlock()
	for begin := began; ; begin = begin.Add(b.length) {
		from := 0
		for _, d := range b.dues {
			if !sleepUntil(r.Context(), begin.Add(d.time)) {
				return
			}
			if _, err := w.Write(b.data[from:d.to]); err != nil {
				return
			}
			if out.Flush() != nil {
				return
			}
			from = d.to
		}
	}
}
