package ingest

import (
	"context"
	"net/http"
	"sync"

	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/schemas"
)

// EvidenceLog is how an edge tells of the evidence that it has stored.
type EvidenceLog struct {
	// Publish tells of a stream's defect's evidence.
	Publish func(ctx context.Context, stream, defect string, e *schemas.Evidence) error
	// Drop tells that a defect's evidence is gone, in the partition that it was told in.
	Drop func(ctx context.Context, partition int32, defect string) error
	// Owned tells whether this edge decides about what stands in a partition.
	Owned func(partition int32) bool
}

// Keeper stores the evidence of the defects of an edge's streams and ends what is too old. Its methods may be called from anywhere.
type Keeper struct {
	edge     *Ingest
	store    evidence.Store
	archive  *evidence.Archive
	recorder *evidence.Recorder
	caughtUp chan struct{}
	once     sync.Once
}

// Keeper is the edge's, nil when no store is configured. The error says what is wrong with the store's settings.
func (i *Ingest) Keeper(log EvidenceLog) (*Keeper, error) {
	store, err := evidence.OpenStore(i.config.Evidence.Store)
	if store == nil || err != nil {
		return nil, err
	}
	k := &Keeper{edge: i, store: store, caughtUp: make(chan struct{})}
	intents := evidence.Intents(i.config.Intents)
	k.archive = evidence.NewArchive(i.config.Evidence.Retain, store, intents, log.Owned, log.Drop, i.log)
	k.recorder = evidence.NewRecorder(i.config.Evidence, evidence.Deps{
		Pictures: i.pictures, Packets: i.packets, Store: store, Intents: intents, Remux: i.remux, Known: k.archive.Known, Edge: i.config.Edge, Log: i.log,
		Publish: func(ctx context.Context, defect string, e *schemas.Evidence) error {
			return log.Publish(ctx, e.Stream, defect, e)
		},
	})
	return k, nil
}

// Run stores and sweeps until ctx ends, and returns when what was begun is stored, some seconds later at most. The edge's Run must end after it, and its streams be the edge's
// until then: what is stored is of what the edge holds of them.
func (k *Keeper) Run(ctx context.Context) error {
	var both sync.WaitGroup
	both.Go(func() { k.recorder.Run(ctx) })
	both.Go(func() {
		select {
		case <-k.caughtUp:
			k.archive.Run(ctx)
		case <-ctx.Done():
		}
	})
	both.Wait()
	return nil
}

// Defect takes an event of any stream; it does not block.
func (k *Keeper) Defect(ev *schemas.DefectEvent) { k.recorder.Defect(ev) }

// Stored takes a record of the evidence topic, in order within its partition; nil is a tombstone.
func (k *Keeper) Stored(partition int32, defect string, e *schemas.Evidence) {
	k.archive.Take(partition, defect, e)
}

// CaughtUp tells that all records have been taken that stood in the topic at the start.
func (k *Keeper) CaughtUp() { k.once.Do(func() { close(k.caughtUp) }) }

// Counts are how many defects have their evidence, have none because something failed, and have none because there were too many.
func (k *Keeper) Counts() (stored, failed, skipped int64) { return k.recorder.Counts() }

// Handler serves GET /evidence/{file}, which is a defect's id and an extension.
func (k *Keeper) Handler() http.Handler { return evidence.Serve(k.store) }

// PacketBytes is what the packets that are kept take.
func (i *Ingest) PacketBytes() int { return i.packets.Bytes() }
