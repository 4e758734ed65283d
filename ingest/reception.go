package ingest

import (
	"sync/atomic"

	"github.com/framewatch/framewatch/ingest/source"
)

// reception is the data of a source that libav opens itself. It reads the sockets, so that what is counted is the packets that come out; of a
// file, where much may be read between two packets, the supervisor counts.
type reception struct {
	// elapsed is microseconds since session on the wall.
	elapsed func() int64
	// file tells that a file is read.
	file          bool
	bytes, latest atomic.Int64
}

// Read takes that a packet has been read.
func (r *reception) Read(bytes int) {
	r.bytes.Add(int64(bytes))
	r.latest.Store(r.elapsed())
}

// Arrival is when the newest packet was read, and now for a file, which is there all the time.
func (r *reception) Arrival() int64 {
	if r.file {
		return r.elapsed()
	}
	return r.latest.Load()
}

// Progress is how much has been read, all of it taken, and how often libav has waited.
func (r *reception) Progress() progress {
	p := progress{Waits: source.Waits()}
	if !r.file {
		p.Received = r.bytes.Load()
	}
	p.Taken = p.Received
	return p
}
