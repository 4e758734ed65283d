package detector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// models are those that Settings have named, so that each is looked for once.
type models struct {
	find  func(name string, version int64) (*model.Trees, error)
	found map[modelVersion]*model.Trees
	// missing are those that are not to be had, gaveUp is why one was no longer waited for.
	missing map[modelVersion]error
	gaveUp  error
}

// modelVersion is one version of a model: it is of one content for ever.
type modelVersion struct {
	name    string
	version int64
}

// get is the version of a model that a rule uses.
func (m *models) get(name string, version int64) (*model.Trees, error) {
	if shipped := rule.Shipped(name); shipped.Version == version {
		return shipped, nil
	}
	key := modelVersion{name, version}
	if found, err := m.found[key], m.missing[key]; found != nil || err != nil {
		return found, err
	}
	found, err := m.look(key)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		m.gaveUp = err
		return nil, err
	case m.found == nil:
		m.found, m.missing = map[modelVersion]*model.Trees{}, map[modelVersion]error{}
	}
	if err != nil {
		m.missing[key] = err
	} else {
		m.found[key] = found
	}
	return found, err
}

// look asks for one.
func (m *models) look(key modelVersion) (*model.Trees, error) {
	if m.find == nil {
		return nil, fmt.Errorf("model %s version %d is not there", key.name, key.version)
	}
	found, err := m.find(key.name, key.version)
	if err == nil && (found.Name != key.name || found.Version != key.version) {
		return nil, fmt.Errorf("model %s version %d is there as %s version %d", key.name, key.version, found.Name, found.Version)
	}
	return found, err
}

// learnt takes which models, and which of the edge's networks, are in force. Names that no rule uses are another version's. A model that cannot be used changes nothing, and the log
// says so once.
func (s *stream) learnt(setting *schemas.Setting, p *Partition) {
	changed := false
	for _, name := range slices.Sorted(maps.Keys(rule.Models)) {
		version, named := setting.Models[name]
		if !named {
			version = rule.Shipped(name).Version
		}
		if version == s.modelVersion(name) || version == s.unusable[name] {
			continue
		}
		m, err := p.models.get(name, version)
		if p.models.gaveUp != nil {
			return
		}
		if err != nil {
			s.refuse(name, version)
			p.log.Warn("the model cannot be used, keeping the one in force", "stream", s.id, "model", name, "version", version, "in_force", s.modelVersion(name), "error", err)
			continue
		}
		if s.models == nil {
			s.models = map[string]*model.Trees{}
		}
		s.models[name] = m
		delete(s.unusable, name)
		changed = true
	}
	for name, shipped := range rule.Networks {
		version, named := setting.Models[name]
		if !named {
			version = shipped
		}
		if version == s.networkVersion(name) {
			continue
		}
		if s.networks == nil {
			s.networks = map[string]int64{}
		}
		s.networks[name] = version
		changed = true
	}
	if changed {
		s.model()
	}
}

// networkVersion is the version of an edge's network whose scores count.
func (s *stream) networkVersion(name string) int64 {
	if version, named := s.networks[name]; named {
		return version
	}
	return rule.Networks[name]
}

// refuse remembers a version that cannot be used.
func (s *stream) refuse(name string, version int64) {
	if s.unusable == nil {
		s.unusable = map[string]int64{}
	}
	s.unusable[name] = version
}

// modelVersion is the version of a model that is in force.
func (s *stream) modelVersion(name string) int64 {
	if m := s.models[name]; m != nil {
		return m.Version
	}
	return rule.Shipped(name).Version
}

// model has the rules use the models in force. What they have seen stays, and what is firing goes on.
func (s *stream) model() {
	for _, j := range s.judges {
		if learned, ok := j.rule.(rule.Learned); ok {
			for _, m := range s.models {
				learned.Use(m)
			}
		}
		if heedful, ok := j.rule.(rule.Heedful); ok {
			for name, version := range s.networks {
				heedful.Heed(name, version)
			}
		}
	}
}

// modelOf is the version of the model that scores a part; nil when none does.
func (j *judge) modelOf(part string) *int64 {
	learned, ok := j.rule.(rule.Learned)
	if !ok {
		return nil
	}
	name := learned.ModelOf(part)
	if name == "" {
		return nil
	}
	version := j.stream.modelVersion(name)
	return &version
}
