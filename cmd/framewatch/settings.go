package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

const (
	// settingInterval is how often each stream's Setting is repeated, so that a rebuilt detector sees it within its lookback.
	settingInterval = 10 * time.Second
	// removedFor is how long a removed stream's Setting is still sent.
	removedFor = time.Minute
)

// settings is the view of the streams and profiles topics that a detector's owner turns into Setting records: what may change a
// verdict enters through the log. It is safe for concurrent use.
type settings struct {
	mu sync.Mutex
	// streams by partition and id: a stream whose lane was changed is removed in one partition and added in another.
	streams  map[int32]map[string]*streamSetting
	profiles map[string]*schemas.Profile
	// selectors of the profiles.
	selectors selectors
	// models are the versions in force of those whose rules do not have the shipped one.
	models map[string]int64
	// revision grows with each change of a profile or a model, which changes any stream's settings.
	revision int
}

// streamSetting is one stream and when its Setting was last sent.
type streamSetting struct {
	// spec is nil once the stream is removed; removed is when that was first sent.
	spec       *schemas.StreamSpec
	removed    time.Time
	sent       time.Time
	generation int32
	revision   int
}

func newSettings() *settings {
	return &settings{streams: map[int32]map[string]*streamSetting{}, profiles: map[string]*schemas.Profile{}, selectors: selectors{}, models: map[string]int64{}}
}

// stream takes one record of the streams topic.
func (s *settings) stream(r topology.Record[schemas.StreamSpec]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[r.Partition] == nil {
		s.streams[r.Partition] = map[string]*streamSetting{}
	}
	s.streams[r.Partition][r.Key] = &streamSetting{spec: r.Value}
}

// profile takes one record of the profiles topic.
func (s *settings) profile(r topology.Record[schemas.Profile]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision++
	delete(s.profiles, r.Key)
	delete(s.selectors, r.Key)
	if r.Value == nil {
		return
	}
	s.profiles[r.Key] = r.Value
	if selector, err := newSelector(r.Value); err == nil { // one that cannot be read, which no command lets through, selects nothing
		s.selectors[r.Key] = selector
	}
}

// model takes one record of the models topic, if it says which version is in force. One that no rule here can use changes nothing.
func (s *settings) model(r topology.Record[schemas.Model]) error {
	_, trees := rule.Models[r.Key]
	if _, network := rule.Networks[r.Key]; !trees && !network {
		return nil // another program's, or one version
	}
	var usable error
	switch {
	case r.Value == nil:
	case !trees:
		_, usable = readNetwork(r.Key, r.Value)
	default:
		_, usable = readModel(r.Key, r.Value)
		if m, ok := shippedVersion(r.Key, r.Value.Version); ok && usable == nil && m.SHA256 != r.Value.SHA256 {
			usable = fmt.Errorf("another model %s version %d comes with this program: publish the one on the log again, under a higher version", r.Key, m.Version)
		}
	}
	if usable != nil {
		return usable
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, had := s.models[r.Key]
	if delete(s.models, r.Key); r.Value != nil {
		s.models[r.Key] = r.Value.Version
	}
	if now, has := s.models[r.Key]; now != before || has != had {
		s.revision++
	}
	return nil
}

// beat is what the owner of a partition appends about once a second: a Tick, and the Settings that are due.
func (s *settings) beat(partition, generation int32, now time.Time) []topology.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages := []topology.Message{topology.Features.Message("", &schemas.Feature{Tick: &schemas.Tick{Time: now.UnixMicro(), Generation: generation}})}
	streams := s.streams[partition]
	for _, id := range slices.Sorted(maps.Keys(streams)) {
		stream := streams[id]
		if !s.due(stream, generation, now) {
			continue
		}
		if stream.spec == nil && stream.removed.IsZero() {
			stream.removed = now
		}
		if stream.spec == nil && now.Sub(stream.removed) > removedFor {
			delete(streams, id)
			continue
		}
		stream.sent, stream.generation, stream.revision = now, generation, s.revision
		messages = append(messages, topology.Features.Message("", &schemas.Feature{Setting: s.effective(id, stream.spec, generation, now)}))
	}
	return messages
}

// due tells whether a Setting must be sent now: on take-over, on change, and every settingInterval.
func (s *settings) due(stream *streamSetting, generation int32, now time.Time) bool {
	return stream.generation != generation || stream.revision != s.revision || now.Sub(stream.sent) >= settingInterval
}

// effective is the Setting of one stream: the rules of its profile, else the documented defaults.
func (s *settings) effective(id string, spec *schemas.StreamSpec, generation int32, now time.Time) *schemas.Setting {
	setting := &schemas.Setting{Time: now.UnixMicro(), Generation: generation, Stream: id, Profile: defaultProfile, Rules: "{}"}
	if spec == nil {
		setting.Removed = true
		return setting
	}
	setting.Labels, setting.Named = spec.Labels, &spec.Profile
	setting.Profile = s.selectors.choose(spec).profile
	if profile, ok := s.profiles[setting.Profile]; ok {
		setting.Rules = profile.Rules
	}
	setting.Models = map[string]int64{}
	for name := range rule.Models {
		setting.Models[name] = rule.Shipped(name).Version
	}
	maps.Copy(setting.Models, rule.Networks)
	maps.Copy(setting.Models, s.models)
	setting.Expectations = expectationsAt(spec.Expectations, now)
	return setting
}

// expectationsAt are a stream's expectations with times of the week as instants. Those that cannot be read go on as they are: the detector says what is
// wrong with them.
func expectationsAt(text *string, now time.Time) *string {
	if text == nil || !strings.Contains(*text, `"weekly"`) {
		return text
	}
	e, err := detector.ParseExpectations(*text)
	if err != nil {
		return text
	}
	if e, err = e.At(now); err != nil {
		return text
	}
	resolved, err := e.Text()
	if err != nil {
		return text
	}
	return &resolved
}

// rulesText is a profile's options as the JSON that travels in Setting.
func rulesText(rules map[string]any) (string, error) {
	if len(rules) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(rules)
	return string(text), err
}
