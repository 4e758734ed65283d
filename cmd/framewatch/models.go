package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// The models topic has two kinds of keys, so that compaction leaves every version: "NAME@VERSION" is one version for ever, "NAME" a copy of the one in force. Without
// that the one that comes with the program is.

const (
	treesKind = "trees"
	onnxKind  = "onnx"
	// maxCard bounds a model card, in bytes: with the weights it fits into one record.
	maxCard = 100_000
)

// modelKey is that of a version.
func modelKey(name string, version int64) string { return fmt.Sprintf("%s@%d", name, version) }

// readModel makes the trees of a record of the models topic, which is of that name.
func readModel(name string, m *schemas.Model) (*model.Trees, error) {
	if sha256.Sum256(m.Weights) != m.SHA256 {
		return nil, fmt.Errorf("model %s version %d: its weights are not those of its sha256", name, m.Version)
	}
	if m.Kind != treesKind {
		return nil, fmt.Errorf("model %s version %d: its kind is %.20q, rules use %s", name, m.Version, m.Kind, treesKind)
	}
	t, err := rule.ReadModel(m.Weights)
	if err != nil {
		return nil, err
	}
	if t.Name != name || t.Version != m.Version {
		return nil, fmt.Errorf("model %s version %d: its weights are of %s version %d", name, m.Version, t.Name, t.Version)
	}
	return t, nil
}

// modelFinder finds the models that Settings name, as a detector wants it.
func (a *app) modelFinder(ctx context.Context) func(name string, version int64) (*model.Trees, error) {
	return func(name string, version int64) (*model.Trees, error) { return a.modelOnLog(ctx, name, version) }
}

// modelOnLog looks for a version of a model until the log answers. A Setting names what stood on the log before it, so reading once more is enough.
func (a *app) modelOnLog(ctx context.Context, name string, version int64) (*model.Trees, error) {
	for {
		all, err := current(ctx, a.cluster, topology.Models)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			a.log.Warn("models cannot be read, trying again", "error", err)
			if !wait(ctx, after(time.Second)) {
				return nil, ctx.Err()
			}
			continue
		}
		m := all[modelKey(name, version)]
		if m == nil {
			return nil, fmt.Errorf("model %s version %d is not on the log", name, version)
		}
		return readModel(name, m)
	}
}

// after is closed once so much time has passed.
func after(d time.Duration) chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(d, closer(c))
	return c
}

// keptModel is one version of a model.
type keptModel struct {
	*schemas.Model
	name string
	// shipped: it comes with the program; inForce: it is the one that detectors, or edges, have.
	shipped, inForce bool
}

// models are all that there are: what stands on the log, and what comes with the program.
type models []keptModel

// currentModels reads them, in order of name and version.
func (a *app) currentModels(ctx context.Context) (models, error) {
	onLog, err := current(ctx, a.cluster, topology.Models)
	if err != nil {
		return nil, err
	}
	return allModels(onLog), nil
}

func allModels(onLog map[string]*schemas.Model) models {
	type version struct {
		name   string
		number int64
	}
	all := map[version]keptModel{}
	for _, m := range shippedModels() {
		all[version{m.name, m.Version}] = m
	}
	for key, m := range onLog {
		name, number, ok := strings.Cut(key, "@")
		if ok && number == strconv.FormatInt(m.Version, 10) {
			all[version{name, m.Version}] = keptModel{Model: m, name: name, shipped: ships(name, m)}
		}
	}
	for key, m := range all {
		if now := onLog[key.name]; now != nil {
			m.inForce = now.Version == m.Version
		} else {
			_, m.inForce = shippedVersion(key.name, m.Version)
		}
		all[key] = m
	}
	return slices.SortedFunc(maps.Values(all), func(x, y keptModel) int {
		return cmp.Or(cmp.Compare(x.name, y.name), cmp.Compare(x.Version, y.Version))
	})
}

// shippedModels are those that come with the program.
func shippedModels() (all models) {
	for _, name := range slices.Sorted(maps.Keys(rule.Models)) {
		file := rule.ShippedFile(name)
		all = append(all, keptModel{name: name, shipped: true, Model: &schemas.Model{Version: rule.Shipped(name).Version, Kind: treesKind,
			Features: rule.Models[name].Fingerprint(), Card: rule.ShippedCard(name), Weights: file, SHA256: sha256.Sum256(file)}})
	}
	for _, name := range slices.Sorted(maps.Keys(feature.Networks)) {
		n := feature.Networks[name]
		all = append(all, keptModel{name: name, shipped: true, Model: &schemas.Model{Version: int64(n.Version), Kind: onnxKind, Features: n.Input, Card: n.Card,
			Weights: n.ONNX, SHA256: sha256.Sum256(n.ONNX)}})
	}
	return all
}

// shippedVersion is the model that comes with the program, if it is of that version.
func shippedVersion(name string, version int64) (keptModel, bool) {
	for _, m := range shippedModels() {
		if m.name == name && m.Version == version {
			return m, true
		}
	}
	return keptModel{}, false
}

// find is a version of a model; version 0: the one in force.
func (all models) find(name string, version int64) (keptModel, error) {
	var versions []string
	for _, m := range all {
		if m.name != name {
			continue
		}
		if m.Version == version || version == 0 && m.inForce {
			return m, nil
		}
		versions = append(versions, strconv.FormatInt(m.Version, 10))
	}
	if versions == nil {
		return keptModel{}, fmt.Errorf("there is no model %.60q: `framewatch model list` shows what there is", name)
	}
	return keptModel{}, fmt.Errorf("there is no version %d of the model %s: there are %s", version, name, strings.Join(versions, ", "))
}

// before is the version that one falls back to: the next lower one that there is.
func (all models) before(name string) (keptModel, error) {
	now, err := all.find(name, 0)
	if err != nil {
		return now, err
	}
	var lower *keptModel
	for i, m := range all {
		if m.name == name && m.Version < now.Version {
			lower = &all[i]
		}
	}
	if lower == nil {
		return now, fmt.Errorf("version %d of the model %s is in force, and there is no lower one: name the version", now.Version, name)
	}
	return *lower, nil
}

// fits tells whether a new version may stand beside those that there are. same says that it is there already.
func (all models) fits(m keptModel) (same bool, err error) {
	next, taken := int64(1), false
	for _, other := range all {
		if other.name != m.name {
			continue
		}
		next = max(next, other.Version+1)
		if other.Version == m.Version {
			same = other.SHA256 == m.SHA256
			taken = !same
		}
	}
	if taken {
		return false, fmt.Errorf("version %d of the model %s is another one: a version is of one content for ever. The next that is free is %d", m.Version, m.name, next)
	}
	return same, nil
}

// usable tells why a version cannot be put in force.
func (a *app) usable(ctx context.Context, m keptModel) error {
	var err error
	if m.Kind == onnxKind {
		_, err = a.tryNetwork(ctx, m.name, m.Model)
	} else {
		_, err = readModel(m.name, m.Model)
	}
	return err
}

// enforce puts a version in force, and writes down who has done it.
func (a *app) enforce(ctx context.Context, m keptModel, by, action, detail string) error {
	messages := []topology.Message{topology.Models.Message(m.name, m.Model)}
	if m.shipped { // without a detector it may not be on the log yet, and another version of the program would not have it
		messages = append([]topology.Message{topology.Models.Message(modelKey(m.name, m.Version), m.Model)}, messages...)
	}
	if err := a.cluster.Publish(ctx, 0, messages...); err != nil {
		return err
	}
	return a.audit(ctx, by, action, modelKey(m.name, m.Version), detail, "command line")
}
