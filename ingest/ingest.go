// Package ingest is the edge: which streams are mine, and one supervised worker process for each. A worker decodes its stream, measures
// pictures and sound and sends the records back over a pipe; this side fetches, restarts, publishes, and tells every second how each
// stream is.
package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/framewatch/framewatch/ingest/access"
	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/ingest/sandbox"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/schemas"
)

// Config of the edge.
type Config struct {
	// Executable is run as `executable __worker` for each stream; empty: this program as it is now, whatever stands under its name by then.
	Executable string `yaml:"-"`
	// Edge is the base URL under which others reach this edge's pictures; it goes into every StreamSecond.
	Edge string `yaml:"-"`
	// Reproductions is the directory of what workers were fed that kept crashing; empty: none is kept.
	Reproductions string `yaml:"-"`
	// Intents is the directory where it is noted of which defects evidence is about to be stored; empty: it is not.
	Intents string `yaml:"-"`
	// RetryMost is the longest wait before a source that is down is tried again.
	RetryMost time.Duration `yaml:"retry_most"`
	// Quarantine is how long a stream rests whose worker crashed five times in a minute, at first; it doubles up to 16-fold.
	Quarantine time.Duration `yaml:"quarantine"`
	// StallAfter is how long a worker that has data may give nothing before it is ended. More than the 10 s by which time stamps may jump.
	StallAfter time.Duration `yaml:"stall_after"`
	// Sandbox is what is done about a worker whose sandbox is not to be had whole: required (it is not started), best-effort or off.
	Sandbox sandbox.Mode `yaml:"sandbox"`
	// WorkerMemory is how many bytes of memory one worker may write to. At least 256 MiB: what it takes to decode pictures of 1080 lines.
	WorkerMemory int64 `yaml:"worker_memory"`
	// Shedding is auto (measure fewer pictures when this machine cannot keep up, and say so) or off.
	Shedding string `yaml:"shedding"`
	// Evidence bounds the pictures that are kept.
	Evidence evidence.Config `yaml:"evidence"`
	// Access says what streams may be read from.
	Access access.Config `yaml:"access"`
	// Policy is Access in force, for one who tells it of our own ports; nil: New makes it.
	Policy *access.Policy `yaml:"-"`
	// Metrics receives the edge's metrics; nil for none.
	Metrics prometheus.Registerer `yaml:"-"`
}

// workerMemory is the default of Config.WorkerMemory, leastMemory its least, in bytes.
const workerMemory, leastMemory = 1536 << 20, 256 << 20

// Defaults of the edge's Config.
func Defaults() Config {
	return Config{
		RetryMost: 5 * time.Second, Quarantine: time.Minute, StallAfter: 15 * time.Second,
		Sandbox: sandbox.BestEffort, WorkerMemory: workerMemory, Shedding: sheddingAuto, Evidence: evidence.Defaults(), Access: access.Defaults(),
	}
}

// Validate names the first value that cannot be.
func (c Config) Validate() error {
	for name, d := range map[string]time.Duration{"retry_most": c.RetryMost, "quarantine": c.Quarantine, "stall_after": c.StallAfter} {
		if d <= 0 {
			return fmt.Errorf("ingest.%s is %v: it must be above 0", name, d)
		}
	}
	if err := c.Sandbox.Validate(); err != nil {
		return fmt.Errorf("ingest.sandbox: %w", err)
	}
	if c.WorkerMemory < leastMemory {
		return fmt.Errorf("ingest.worker_memory is %d: it must be at least %d bytes", c.WorkerMemory, int64(leastMemory))
	}
	if c.Shedding != sheddingAuto && c.Shedding != sheddingOff {
		return fmt.Errorf("ingest.shedding is %q: it must be %s or %s", c.Shedding, sheddingAuto, sheddingOff)
	}
	if err := c.Access.Validate(); err != nil {
		return fmt.Errorf("ingest.%w", err)
	}
	return c.Evidence.Validate()
}

// Ingest supervises the streams of this edge. Its methods may be called from anywhere, before Run too.
type Ingest struct {
	config   Config
	publish  Publish
	log      *slog.Logger
	pictures *evidence.Pictures
	launcher launcher
	// reproductions are those of all streams.
	reproductions *reproductions
	exposures     Exposures
	packets       *evidence.Packets
	networks      networks
	meters        *meters

	mu      sync.Mutex
	streams map[string]*kept
	// ctx is that of Run while it runs, else nil; running waits for the streams' goroutines.
	ctx     context.Context
	running sync.WaitGroup
}

// kept is one stream that is wanted, and how to end it when it runs.
type kept struct {
	spec *schemas.StreamSpec
	stop context.CancelFunc
	done chan struct{}
	load *load
	// status is nil before it runs.
	status *status
}

// Publish takes one record of a stream, which it may keep, and does not block. lost is called, once and from any goroutine, when the record
// could not be put on the log after all; it is counted then. Two goroutines a stream publish.
type Publish func(stream string, f *schemas.Feature, lost func())

// New starts nothing.
func New(config Config, publish Publish, log *slog.Logger) *Ingest {
	if config.Policy == nil {
		config.Policy = access.New(config.Access)
	}
	i := &Ingest{
		config: config, publish: publish, log: log, pictures: evidence.New(config.Evidence), packets: evidence.NewPackets(config.Evidence.Packets),
		launcher: launcher{sandbox: config.Sandbox, memory: config.WorkerMemory}, reproductions: &reproductions{dir: config.Reproductions}, streams: map[string]*kept{},
	}
	i.meters = newMeters(config.Metrics, i)
	return i
}

// Set begins a stream, or begins it anew when what is to be played has changed.
func (i *Ingest) Set(id string, spec *schemas.StreamSpec) {
	i.mu.Lock()
	defer i.mu.Unlock()
	old := i.streams[id]
	if old != nil && old.spec.URL == spec.URL && old.spec.Loop == spec.Loop {
		return
	}
	k := &kept{spec: spec}
	i.streams[id] = k
	i.begin(id, k, i.end(old))
}

// Remove ends streams, all at once, waits until they have ended and forgets their pictures and packets.
func (i *Ingest) Remove(ids ...string) {
	var ended []<-chan struct{}
	i.mu.Lock()
	for _, id := range ids {
		if done := i.end(i.streams[id]); done != nil {
			ended = append(ended, done)
		}
		delete(i.streams, id)
	}
	i.mu.Unlock()
	for _, done := range ended {
		<-done
	}
	for _, id := range ids {
		i.pictures.Remove(id)
		i.packets.Remove(id)
	}
}

// Answers returns as soon as the list of streams can be had, with nil.
func (i *Ingest) Answers() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return nil
}

// Pictures serves GET /pictures/{stream}?at=<microseconds since the Unix epoch>.
func (i *Ingest) Pictures() http.Handler { return i.pictures.Handler() }

// Run keeps the streams until ctx is done and all their workers have ended.
func (i *Ingest) Run(ctx context.Context) error {
	i.tellSandbox()
	i.mu.Lock()
	i.ctx = ctx
	if i.config.Shedding == sheddingAuto {
		i.running.Go(func() { i.balance(ctx) })
	}
	i.running.Go(func() { i.meters.Share(ctx) })
	for id, k := range i.streams {
		i.begin(id, k, nil)
	}
	i.mu.Unlock()

	<-ctx.Done()
	i.mu.Lock()
	i.ctx = nil
	i.mu.Unlock()
	i.running.Wait()
	return nil
}

// tellSandbox says once what the workers' sandbox lacks on this machine.
func (i *Ingest) tellSandbox() {
	switch missing := sandbox.Missing(sandbox.Needs{Network: true, Port: 1}); {
	case i.config.Sandbox == sandbox.Off:
		i.log.Warn("workers have no sandbox: ingest.sandbox is off")
	case len(missing) > 0:
		i.log.Warn("the workers' sandbox is incomplete", "sandbox", i.config.Sandbox, "missing", strings.Join(missing, "; "))
	}
}

// begin starts k's goroutine once what was there before has ended; nothing while Run does not run. The lock is held.
func (i *Ingest) begin(id string, k *kept, before <-chan struct{}) {
	if i.ctx == nil {
		return
	}
	ctx, stop := context.WithCancel(i.ctx)
	k.stop, k.done = stop, make(chan struct{})
	status := newStatus(i.config.Edge, time.Now())
	k.load, k.status = newLoad(status.Sampling), status
	s := &stream{
		id: id, spec: k.spec, config: i.config, launcher: i.launcher, reproductions: i.reproductions, exposures: &i.exposures, pictures: i.pictures, packets: i.packets,
		publish:  i.publish,
		networks: &i.networks,
		meters:   i.meters,
		log:      i.log.With("stream", id), status: status, load: k.load, position: &source.Position{},
		backoff: backoff{most: i.config.RetryMost, quarantine: i.config.Quarantine},
	}
	i.running.Go(func() {
		defer close(k.done)
		if before != nil {
			<-before
		}
		s.Run(ctx)
	})
}

// end stops k, which may be nil, and returns what tells that it has ended; nil when it never ran. The lock is held.
func (i *Ingest) end(k *kept) <-chan struct{} {
	if k == nil || k.stop == nil {
		return nil
	}
	k.stop()
	return k.done
}
