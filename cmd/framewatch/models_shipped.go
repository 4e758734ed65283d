package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// shipModels puts the models that come with the program on the log, each as a version that is not put in force by it: Settings name them, and a later release,
// with which others come, scores and replays by what stands there. Two processes that do so at once write the same bytes under the same key, of which
// compaction leaves one. It is an error when another model of a version stands there, which then is what others score by.
func (a *app) shipModels(ctx context.Context) error {
	onLog, err := current(ctx, a.cluster, topology.Models)
	if err != nil {
		return err
	}
	for _, m := range shippedModels() {
		key := modelKey(m.name, m.Version)
		switch there := onLog[key]; {
		case there == nil:
			if err := a.cluster.Publish(ctx, 0, topology.Models.Message(key, m.Model)); err != nil {
				return err
			}
		case there.SHA256 != m.SHA256:
			return fmt.Errorf("%s on the log is another than comes with this program: publish that on the log again, under a higher version", key)
		}
	}
	return nil
}

// ships tells whether a version that stands on the log comes with this program.
func ships(name string, m *schemas.Model) bool {
	return slices.ContainsFunc(shippedModels(), func(s keptModel) bool { return s.name == name && s.Version == m.Version && s.SHA256 == m.SHA256 })
}
