package ingest

import (
	"context"
	"io"
	"time"

	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/transport"
)

// What the tests of this room look at from outside it.
type (
	Clock        = clock
	Instant      = instant
	Mode         = mode
	Message      = message
	Picture      = picture
	Packet       = packet
	Progress     = progress
	Ending       = ending
	Backoff      = backoff
	Status       = status
	Job          = job
	Timing       = timing
	Decoding     = decoding
	Sender       = sender
	PlacedPacket = placed
	Load         = load
	Shedding     = shedding
	Lag          = lag
)

const (
	Offline, Live, Paced      = offline, live, paced
	RecordDescriptor          = recordDescriptor
	MediaDescriptor           = mediaDescriptor
	Starting, Up, Down, Fault = starting, up, down, fault
)

var (
	NewClock    = newClock
	NewSender   = newSender
	NewReceiver = newReceiver
	NewGuard    = newGuard
	NewIntake   = newIntake
	NewStatus   = newStatus
	Resolve     = resolve
	NewLoad     = newLoad
	OwnThread   = ownThread
)

// NewBackoff is a backoff with its two limits.
func NewBackoff(most, quarantine time.Duration) *Backoff {
	return &backoff{most: most, quarantine: quarantine}
}

// Transport is what a status's monitor is written through.
func (s *status) Transport() io.Writer { return s.transport }

// PacketsOf are the packets that an edge keeps.
func PacketsOf(i *Ingest) *evidence.Packets { return i.packets }

// Remux makes a file of a clip in a worker of its own.
func Remux(ctx context.Context, i *Ingest, clip evidence.Clip) ([]byte, string, error) {
	return i.remux(ctx, clip)
}

// Kept is the packet as the ring has it.
func (p *packet) Kept(session int64) evidence.Packet { return p.kept(session) }

// Placed is a packet and its instant.
func Placed(at int64, p media.Packet) placed { return placed{p, at} }

// Retime gives placed packets a muxer's time stamps.
var Retime = retime

// URL is what a location fetches.
func (l location) URL() string { return l.url }

// Sample asks the stream's worker for a sampling.
func (i *Ingest) Sample(id string, sampling int32) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.streams[id].load.Set(sampling)
}

// NewLag is that of a worker whose data has waited for so long; nil: one that opens the source itself.
func NewLag(waiting func() int64) *Lag { return &lag{waiting: waiting} }

// Place is how far a worker has come in a file.
type Place = place

// FileMonitor watches the MPEG-TS in a file.
type FileMonitor = fileMonitor

// OpenMonitor is nil for what is no such file.
func OpenMonitor(url string) (*FileMonitor, *transport.Monitor) {
	m := transport.New()
	return openMonitor(&job{Path: url}, m), m
}

// NewReproductions keeps them in dir.
func NewReproductions(dir string) *reproductions { return &reproductions{dir: dir} }

// Flush writes what waits.
func (s *sender) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flush()
}
