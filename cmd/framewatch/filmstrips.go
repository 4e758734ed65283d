package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// filmstripsKept is for how long the evidence of a defect is known to who notifies: messages wait for it for seconds.
const filmstripsKept = 10 * time.Minute

// filmstrips gives receivers the pictures of defects, as soon as an edge has stored them.
type filmstrips struct {
	a  *app
	mu sync.Mutex
	// stored is the evidence of the last minutes by defect, in order the defects, the oldest first.
	stored map[string]*schemas.Evidence
	order  []string
	// arrived is closed when there is more.
	arrived chan struct{}
}

func newFilmstrips(a *app) *filmstrips {
	return &filmstrips{a: a, stored: map[string]*schemas.Evidence{}, arrived: make(chan struct{})}
}

// follow learns of evidence until ctx ends.
func (f *filmstrips) follow(ctx context.Context) error {
	return kafka.Read(ctx, f.a.cluster, topology.Evidence, kafka.ReadOptions{From: time.Now().Add(-filmstripsKept)},
		func(_ context.Context, r topology.Record[schemas.Evidence]) error {
			if r.Value != nil && r.Value.Filmstrip != nil {
				f.add(r.Key, r.Value)
			}
			return nil
		})
}

func (f *filmstrips) add(defect string, e *schemas.Evidence) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stored[defect] == nil {
		f.order = append(f.order, defect)
	}
	f.stored[defect] = e
	for old := time.Now().Add(-filmstripsKept).UnixMicro(); len(f.order) > 0 && f.stored[f.order[0]].End < old; f.order = f.order[1:] {
		delete(f.stored, f.order[0])
	}
	close(f.arrived)
	f.arrived = make(chan struct{})
}

// wait is the filmstrip of a defect, once it is stored.
func (f *filmstrips) wait(ctx context.Context, defect string) (receiver.Filmstrip, error) {
	for {
		f.mu.Lock()
		e, arrived := f.stored[defect], f.arrived
		f.mu.Unlock()
		if e != nil {
			return f.fetch(ctx, defect, e)
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return receiver.Filmstrip{}, ctx.Err()
		}
	}
}

func (f *filmstrips) fetch(ctx context.Context, defect string, e *schemas.Evidence) (receiver.Filmstrip, error) {
	if e.Edge == nil {
		return receiver.Filmstrip{}, errors.New("no edge is known that serves it")
	}
	data, err := f.a.stored(ctx, *e.Edge, defect+".jpg", e.Filmstrip.Bytes)
	if err == nil && sha256.Sum256(data) != e.Filmstrip.SHA256 {
		err = errors.New("it is not what was stored")
	}
	if err != nil {
		return receiver.Filmstrip{}, err
	}
	return receiver.Filmstrip{JPEG: data, Start: time.UnixMicro(e.Filmstrip.Start), End: time.UnixMicro(e.Filmstrip.End)}, nil
}
