package evidence

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// RetainConfig says how long what is stored stays. What is marked to be kept stays, and counts nowhere.
type RetainConfig struct {
	// Days from a clip's end; 0: for ever.
	Days int `yaml:"days"`
	// Bytes of all that the cluster has stored: the oldest goes first; 0: without bound.
	Bytes int64 `yaml:"bytes"`
}

// Validate names the first bound that cannot be.
func (c RetainConfig) Validate() error {
	if c.Days < 0 {
		return fmt.Errorf("evidence.retain.days is %d: it must be 0, for ever, or more", c.Days)
	}
	if c.Bytes < 0 {
		return fmt.Errorf("evidence.retain.bytes is %d: it must be 0, without bound, or more", c.Bytes)
	}
	return nil
}

const (
	// sweepEvery is how often what is too old or too much is looked for.
	sweepEvery = time.Minute
	// deleteTries are how often a file is tried to be deleted, deleteTime bounds each try.
	deleteTries = 3
	deleteTime  = 20 * time.Second
)

// Archive is what all edges have stored, as the log says, and ends it. What is to go is decided by the owner of its partition alone, by the same
// rule everywhere, and told by a tombstone; whoever reads that deletes the files from the store that it has. So edges never disagree, be their
// store one or one for each. Its methods are safe for concurrent use.
type Archive struct {
	config  RetainConfig
	store   Store
	intents Intents
	log     *slog.Logger
	// Owned tells whether this edge decides about a partition. Drop writes a tombstone.
	owned func(partition int32) bool
	drop  func(ctx context.Context, partition int32, defect string) error

	mu   sync.Mutex
	held map[string]held
	// gone are the defects whose files are to be deleted; changed wakes who does it.
	gone    []string
	changed chan struct{}
}

// held is what the log says of one defect's evidence.
type held struct {
	*schemas.Evidence
	partition int32
}

// size is what its files take.
func (h held) size() int64 {
	if h.Filmstrip == nil || h.Filmstrip.URI == h.URI {
		return h.Bytes
	}
	return h.Bytes + h.Filmstrip.Bytes
}

// NewArchive knows of nothing yet.
func NewArchive(config RetainConfig, store Store, intents Intents, owned func(int32) bool, drop func(context.Context, int32, string) error, log *slog.Logger) *Archive {
	return &Archive{config: config, store: store, intents: intents, owned: owned, drop: drop, log: log, held: map[string]held{}, changed: make(chan struct{}, 1)}
}

// Take takes a record of the evidence topic; nil is a tombstone.
func (a *Archive) Take(partition int32, defect string, e *schemas.Evidence) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e != nil {
		a.held[defect] = held{e, partition}
		return
	}
	delete(a.held, defect)
	a.gone = append(a.gone, defect)
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// Known tells that there is evidence of the defect.
func (a *Archive) Known(defect string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.held[defect]
	return ok
}

// Run sweeps and deletes until ctx ends. It is begun when the topic has been read to its end, so that what has been stored anew since a
// tombstone is known.
func (a *Archive) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		a.delete(ctx)
		if err := a.reclaim(ctx, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Warn("evidence that nobody knows of cannot be deleted", "error", err)
		}
		if err := a.sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Warn("old evidence cannot be dropped", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.changed:
		}
	}
}

// sweep drops what is too old or too much in the partitions that are owned.
func (a *Archive) sweep(ctx context.Context, now time.Time) error {
	for defect, partition := range a.surplus(now) {
		if !a.owned(partition) {
			continue
		}
		if err := a.drop(ctx, partition, defect); err != nil {
			return err
		}
	}
	return nil
}

// surplus is what is to go, with its partition: what ended too many days ago, and then the oldest until the rest has room.
func (a *Archive) surplus(now time.Time) map[string]int32 {
	a.mu.Lock()
	defer a.mu.Unlock()
	type aged struct {
		defect string
		held
	}
	var all []aged
	var bytes int64
	for defect, h := range a.held {
		if !h.Keep {
			all = append(all, aged{defect, h})
			bytes += h.size()
		}
	}
	slices.SortFunc(all, func(x, y aged) int {
		return cmp.Or(cmp.Compare(x.End, y.End), cmp.Compare(x.defect, y.defect))
	})
	oldest := now.AddDate(0, 0, -a.config.Days).UnixMicro()
	out := map[string]int32{}
	for _, h := range all {
		if old := a.config.Days > 0 && h.End < oldest; !old && (a.config.Bytes == 0 || bytes <= a.config.Bytes) {
			break
		}
		out[h.defect] = h.partition
		bytes -= h.size()
	}
	return out
}

// delete deletes the files of defects that are gone. A store that does not let go of one keeps it.
func (a *Archive) delete(ctx context.Context) {
	a.mu.Lock()
	gone := a.gone
	a.gone = nil
	a.mu.Unlock()
	for _, defect := range gone {
		if a.Known(defect) {
			continue
		}
		if err := a.deleteFiles(ctx, defect); err != nil && ctx.Err() == nil {
			a.log.Warn("evidence that was dropped cannot be deleted", "defect", defect, "error", err)
		}
	}
}

// reclaim deletes what this machine stored and never told of. Only what it noted itself is looked at: a store may be older than the log, and others' too.
func (a *Archive) reclaim(ctx context.Context, now time.Time) error {
	defects, err := a.intents.stale(now)
	if err != nil {
		return err
	}
	for _, defect := range defects {
		if !a.Known(defect) {
			if err := a.deleteFiles(ctx, defect); err != nil {
				return err
			}
			a.log.Info("evidence that was stored and never told of is deleted", "defect", defect)
		}
		if err := a.intents.End(defect); err != nil {
			return err
		}
	}
	return nil
}

// deleteFiles deletes all files of a defect.
func (a *Archive) deleteFiles(ctx context.Context, defect string) error {
	for extension := range types {
		file, err := name(defect, extension)
		if err == nil {
			err = a.deleteFile(ctx, file)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *Archive) deleteFile(ctx context.Context, name string) (err error) {
	for range deleteTries {
		try, cancel := context.WithTimeout(ctx, deleteTime)
		err = a.store.Delete(try, name)
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}
