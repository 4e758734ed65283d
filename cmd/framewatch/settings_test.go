package main

import (
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// sentBy decodes what beat appends at second s of the test: the Settings, by stream.
func sentBy(t *testing.T, s *settings, partition, generation int32, at int) map[string]*schemas.Setting {
	t.Helper()
	contract := schemas.Baked()
	ticks, sent := 0, map[string]*schemas.Setting{}
	for _, m := range s.beat(partition, generation, time.Unix(int64(at), 0)) {
		value, err := m.Encode(contract, nil)
		if err != nil {
			t.Fatal(err)
		}
		var f schemas.Feature
		if err := schemas.Decode(contract, schemas.Features, value, &f); err != nil {
			t.Fatal(err)
		}
		switch {
		case f.Tick != nil:
			ticks++
			if f.Tick.Time != int64(at)*1e6 || f.Tick.Generation != generation {
				t.Errorf("tick at second %d: got %+v", at, f.Tick)
			}
		case f.Setting != nil:
			sent[f.Setting.Stream] = f.Setting
		}
		if m.Key != "" {
			t.Errorf("a message has the key %q, want none", m.Key)
		}
	}
	if ticks != 1 {
		t.Errorf("second %d: got %d ticks, want 1", at, ticks)
	}
	return sent
}

func spec(labels map[string]string, profile string) *schemas.StreamSpec {
	return &schemas.StreamSpec{URL: "http://host/x.ts", Labels: labels, Profile: profile}
}

func TestSettingsAreSentOnTakeOverOnChangeAndEveryTenSeconds(t *testing.T) {
	s := newSettings()
	s.stream(topology.Record[schemas.StreamSpec]{Partition: 2, Key: "news", Value: spec(nil, "")})
	s.stream(topology.Record[schemas.StreamSpec]{Partition: 3, Key: "elsewhere", Value: spec(nil, "")})
	steps := []struct {
		at         int
		generation int32
		change     func()
		want       bool
	}{
		{at: 0, generation: 1, want: true},
		{at: 1, generation: 1, want: false},
		{at: 9, generation: 1, want: false},
		{at: 10, generation: 1, want: true},
		{at: 11, generation: 2, want: true}, // another generation of the group: a take-over
		{at: 12, generation: 2, want: false},
		{at: 13, generation: 2, want: true, change: func() {
			s.profile(topology.Record[schemas.Profile]{Key: "default", Value: &schemas.Profile{Rules: `{"black":{"for":"5s"}}`}})
		}},
		{at: 14, generation: 2, want: false},
	}
	for _, step := range steps {
		if step.change != nil {
			step.change()
		}
		sent := sentBy(t, s, 2, step.generation, step.at)
		if _, got := sent["news"]; got != step.want {
			t.Errorf("second %d: setting of news sent: got %v, want %v", step.at, got, step.want)
		}
		if _, got := sent["elsewhere"]; got {
			t.Errorf("second %d: a stream of another partition was sent", step.at)
		}
	}
}

func TestRemovedStreamIsToldForAMinute(t *testing.T) {
	s := newSettings()
	s.stream(topology.Record[schemas.StreamSpec]{Partition: 0, Key: "news", Value: spec(nil, "")})
	sentBy(t, s, 0, 1, 0)
	s.stream(topology.Record[schemas.StreamSpec]{Partition: 0, Key: "news"})
	for _, at := range []int{1, 11, 21, 31, 41, 51, 61} {
		if got := sentBy(t, s, 0, 1, at)["news"]; got == nil || !got.Removed {
			t.Fatalf("second %d: got %+v, want a removed setting", at, got)
		}
	}
	if got := sentBy(t, s, 0, 1, 72)["news"]; got != nil {
		t.Errorf("second 72: got %+v, want nothing any more", got)
	}
}

func TestProfileIsChosenByNameThenByTheMostLabels(t *testing.T) {
	s := newSettings()
	for name, selector := range map[string]map[string]string{
		"default": nil, "sport": {"genre": "sport"}, "sport_uhd": {"genre": "sport", "tier": "uhd"}, "music": {"genre": "music"},
	} {
		s.profile(topology.Record[schemas.Profile]{Key: name, Value: &schemas.Profile{Selector: selector}})
	}
	for _, test := range []struct {
		stream *schemas.StreamSpec
		want   string
	}{
		{spec(nil, ""), "default"},
		{spec(map[string]string{"genre": "sport"}, ""), "sport"},
		{spec(map[string]string{"genre": "sport", "tier": "uhd"}, ""), "sport_uhd"},
		{spec(map[string]string{"genre": "sport"}, "music"), "music"},
		{spec(map[string]string{"genre": "news"}, ""), "default"},
	} {
		if got := s.selectors.choose(test.stream).profile; got != test.want {
			t.Errorf("labels %v, profile %q: got %q, want %q", test.stream.Labels, test.stream.Profile, got, test.want)
		}
	}
}
