package detector_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/rule"
)

// testModels are versions of the model corruption: 101 finds damage in each tainted picture, 102 in none, 103 where edges have grown by an octave; 104 is read as
// another version.
func testModels(name string, version int64) (*model.Trees, error) {
	f := model.File{
		Format: 1, Kind: "trees", Name: name, Version: version, Features: rule.DamageFeatures.Fingerprint(), Names: rule.DamageFeatures.Names,
		Calibration: model.Calibration{Slope: 1}, Threshold: 0.5,
		Trees: []model.Tree{{Feature: []int{0}, Threshold: []float64{0}, Left: []int{0}, Right: []int{0}, Value: []float64{9}}},
	}
	switch version {
	case 101:
	case 102:
		f.Base = -18
	case 103:
		edges := slices.Index(f.Names, "over_edge_share")
		f.Trees = []model.Tree{{Feature: []int{edges, 0, 0}, Threshold: []float64{1, 0, 0}, Left: []int{1, 0, 0}, Right: []int{2, 0, 0}, Value: []float64{0, -9, 9}}}
	case 104:
		f.Version = 1
	default:
		return nil, errors.New("it is not there")
	}
	data, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	return rule.ReadModel(data)
}

// withModels is a Partition that finds them.
func withModels() *detector.Partition { return detector.New(detector.Config{Model: testModels}) }

// inForceFrom has the Settings from a second on name a version.
func inForceFrom(log []entry, second, version int64) {
	for _, e := range log {
		if s := e.Feature.Setting; s != nil && e.time >= epochStart+second*1_000_000 {
			s.Models = map[string]int64{"corruption": version}
		}
	}
}

// The model that a Setting names scores from that record on, and the defects that open by it say so. The series' taint of two seconds shows damage
// first and nothing the second and third time.
func TestSettingsNameTheModelInForce(t *testing.T) {
	const series = "video a moving*8s lost*2s moving*10s unseen*2s moving*8s unseen*2s moving*8s\nheartbeat a up*40s"
	for _, test := range []struct {
		name   string
		change func(log []entry)
		want   string
	}{
		{"all of it", func(log []entry) { inForceFrom(log, 0, 101) }, "8 by 101, 20 by 101, 30 by 101"},
		{"none of it", func(log []entry) { inForceFrom(log, 0, 102) }, ""},
		{"what has grown", func(log []entry) { inForceFrom(log, 0, 103) }, "8 by 103"},
		{"another one after the first", func(log []entry) { inForceFrom(log, 0, 103); inForceFrom(log, 12, 101) }, "8 by 103, 20 by 101, 30 by 101"},
		{"and back", func(log []entry) { inForceFrom(log, 0, 101); inForceFrom(log, 24, 102) }, "8 by 101, 20 by 101"},
		{"one that is not there changes nothing", func(log []entry) { inForceFrom(log, 0, 101); inForceFrom(log, 12, 999) }, "8 by 101, 20 by 101, 30 by 101"},
		{"nor one that is another", func(log []entry) { inForceFrom(log, 0, 103); inForceFrom(log, 12, 104) }, "8 by 103"},
		{"models that no rule uses", func(log []entry) {
			inForceFrom(log, 0, 101)
			for _, e := range log {
				if s := e.Feature.Setting; s != nil {
					s.Models["tiles"] = 7
				}
			}
		}, "8 by 101, 20 by 101, 30 by 101"},
	} {
		log, err := readLog(series, "{}")
		if err != nil {
			t.Fatal(err)
		}
		test.change(log)
		var found []string
		for _, a := range fold(t, withModels(), log) {
			if e := a.event; e != nil && e.State == "opened" && e.Kind == "corruption" {
				found = append(found, fmt.Sprintf("%d by %d", (e.Onset-epochStart+500_000)/1_000_000, *e.Model))
			}
		}
		if got := strings.Join(found, ", "); got != test.want {
			t.Errorf("%s: opened are %q, want %q", test.name, got, test.want)
		}
	}
}

// What cannot be used is said once, with the version that stays.
func TestModelsThatCannotBeUsedAreSaid(t *testing.T) {
	log, err := readLog("video a moving*60s\nheartbeat a up*60s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	inForceFrom(log, 0, 101)
	inForceFrom(log, 25, 999)
	var said bytes.Buffer
	fold(t, detector.New(detector.Config{Model: testModels, Log: slog.New(slog.NewTextHandler(&said, nil))}), log)
	if text := said.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "version=999 in_force=101") {
		t.Errorf("said is\n%s", text)
	}
}

// Wherever the log is cut, also beside changes of the model, the rebuilt state tells what the uncut one tells.
func TestRebuiltHasTheModelInForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		text.WriteString("video a")
		total := 0
		for total < 150 {
			clean, bad := rapid.IntRange(1, 20).Draw(t, "clean"), rapid.IntRange(0, 12).Draw(t, "bad")
			fmt.Fprintf(&text, " moving*%ds %s*%ds", clean, rapid.SampledFrom([]string{"lost", "unseen", "broken", "damaged"}).Draw(t, "damage"), bad)
			total += clean + bad
		}
		fmt.Fprintf(&text, "\nheartbeat a up*%ds\n", total)
		log, err := readLog(text.String(), "{}")
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			inForceFrom(log, rapid.Int64Range(0, int64(total)).Draw(t, "second"), rapid.SampledFrom([]int64{101, 102, 103}).Draw(t, "version"))
		}
		cut := rapid.IntRange(len(log)/3, len(log)-1).Draw(t, "cut")
		before, after := split(fold(t, withModels(), log), int64(cut))
		p := withModels()
		start := log[cut].time - p.Lookback().Microseconds()
		first, _ := slices.BinarySearchFunc(log, start, func(e entry, t int64) int { return int(min(max(e.time-t, -1), 1)) })
		p.Restore(latest(before))
		recall(p, before, start)
		fold(t, p, log[first:cut])
		same(t, fold(t, p, log[cut:]), after)
	})
}
