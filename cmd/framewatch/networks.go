package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// knownNetwork is what comes with the program of a network.
func knownNetwork(name string) (feature.Network, error) {
	known, ok := feature.Networks[name]
	if !ok {
		return known, fmt.Errorf("no edge has a network called %.60q%s", name, catalogue.Suggest(name, slices.Sorted(maps.Keys(feature.Networks))))
	}
	return known, nil
}

// readNetwork is the weights in a record of the models topic, which is of that name, as far as can be told without reading them.
func readNetwork(name string, m *schemas.Model) (feature.Weights, error) {
	known, err := knownNetwork(name)
	w := feature.Weights{Version: int32(m.Version), ONNX: m.Weights}
	switch {
	case err != nil:
		return w, err
	case sha256.Sum256(m.Weights) != m.SHA256:
		return w, fmt.Errorf("model %s version %d: its weights are not those of its sha256", name, m.Version)
	case m.Kind != onnxKind:
		return w, fmt.Errorf("model %s version %d: its kind is %.20q, edges use %s", name, m.Version, m.Kind, onnxKind)
	case m.Features != known.Input:
		return w, fmt.Errorf("model %s version %d: it is for %.100q, and this edge shows it %q: train it again for that", name, m.Version, m.Features, known.Input)
	case m.Version < 1 || m.Version > math.MaxInt32:
		return w, fmt.Errorf("model %s version %d: versions are within 1 and %d", name, m.Version, math.MaxInt32)
	case m.Version == int64(known.Version) && m.SHA256 != sha256.Sum256(known.ONNX):
		return w, fmt.Errorf("another model %s version %d comes with this program: publish the one on the log again, under a higher version", name, m.Version)
	}
	return w, nil
}

// tryNetwork tells why the record of a name cannot be the edge's network: a worker has tried it.
func (a *app) tryNetwork(ctx context.Context, name string, m *schemas.Model) (feature.Weights, error) {
	w, err := readNetwork(name, m)
	if err == nil {
		err = ingest.CheckNetwork(ctx, a.config.Ingest.Config, name, w.ONNX)
		switch {
		case errors.As(err, new(ingest.UnusableNetwork)):
			err = fmt.Errorf("model %s version %d: %w", name, m.Version, err)
		case err != nil:
			err = fmt.Errorf("model %s version %d: %w: %w", name, m.Version, errTrial, err)
		}
	}
	return w, err
}

// followNetwork has the edge use the network that the models topic has in force, until ctx ends. known is called once the edge has what was in force at the start.
func (a *app) followNetwork(ctx context.Context, edge *ingest.Ingest, known func()) error {
	var latest *topology.Record[schemas.Model]
	caughtUp := false
	take := func() {
		if latest != nil {
			a.useNetwork(ctx, edge, *latest)
		}
		latest = nil
	}
	options := kafka.ReadOptions{CaughtUp: func() { take(); caughtUp = true; known() }}
	return kafka.Read(ctx, a.cluster, topology.Models, options, func(_ context.Context, r topology.Record[schemas.Model]) error {
		if r.Key != feature.DamageNetwork {
			return nil
		}
		if latest = &r; caughtUp {
			take()
		}
		return nil
	})
}

// longestTrialPause is the last pause before a network is tried again.
const longestTrialPause = 4 * time.Second

// errTrial marks the error of a trial that says nothing of the network: the machine was too busy for it, say.
var errTrial = errors.New("it could not be tried")

func trialFailed(err error) bool { return errors.Is(err, errTrial) }

// useNetwork has the edge use a network, if it can.
func (a *app) useNetwork(ctx context.Context, edge *ingest.Ingest, r topology.Record[schemas.Model]) {
	if r.Value == nil {
		edge.Use(nil)
		return
	}
	w, err := a.tryNetwork(ctx, r.Key, r.Value)
	for pause := time.Second; trialFailed(err) && pause <= longestTrialPause && ctx.Err() == nil; pause *= 2 {
		a.log.Warn("a network on the log could not be tried, trying again", "model", r.Key, "offset", r.Offset, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
			w, err = a.tryNetwork(ctx, r.Key, r.Value)
		}
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		a.log.Warn("a network on the log cannot be used, keeping the one in force", "model", r.Key, "offset", r.Offset, "error", err)
		return
	}
	a.log.Info("pictures are looked at by a network of the log", "model", r.Key, "version", w.Version)
	edge.Use(&w)
}
