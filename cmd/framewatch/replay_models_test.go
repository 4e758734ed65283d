package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// Another version of a model is tried on what was recorded, and by a candidate, before it is in force.
func TestAnotherModelIsTriedOnTheLog(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	a := laidOut(t, brokers, "framewatch.")
	d := &detecting{t: t, app: a}
	all := rule.Shipped("corruption").Version + 1
	onLog(t, brokers, "model", "publish", writtenModel(t, all, 9, nil), "--by", "ada")
	session := time.Now().Add(-100 * time.Second).UnixMicro()
	setting := &schemas.Setting{Time: session, Generation: 1, Stream: "news", Labels: map[string]string{}, Profile: "default", Rules: "{}",
		Models: map[string]int64{"corruption": rule.Shipped("corruption").Version}}
	if err := a.cluster.Publish(t.Context(), a.cluster.Partition("news"), topology.Features.Message("", &schemas.Feature{Setting: setting})); err != nil {
		t.Fatal(err)
	}
	d.send("news", session)
	told := func(args ...string) (versions []int64) {
		for line := range strings.Lines(onLog(t, brokers, append([]string{"replay"}, args...)...)) {
			e := new(schemas.DefectEvent)
			if err := json.Unmarshal([]byte(line), e); err != nil {
				t.Fatal(err)
			}
			if e.Kind == "corruption" && e.State == "opened" && e.Model != nil {
				versions = append(versions, *e.Model)
			}
		}
		return versions
	}
	if got := told(); slices.Contains(got, all) {
		t.Errorf("without being tried it opens defects by the models %d", got)
	}
	tried := []string{"replay", "--model", modelKey("corruption", all), "--brokers", brokers[0]}
	code, stdout, stderr := command(t, append(tried, "-o", "json")...)
	if code != exitDefects || !strings.Contains(stdout, `{"change":"added","stream":"news","kind":"corruption"`) {
		t.Errorf("tried: code %d, %s%s", code, stdout, stderr)
	}
	onLog(t, brokers, append(tried[:len(tried)-2], "--publish-to", "defects.tried")...)

	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	writeText(t, file, fmt.Sprintf("{log: {level: error}, kafka: {brokers: [%q], partitions: %d}, detector: {shadow: {name: tried, models: {corruption: %d}}}}", brokers[0], partitions, all))
	s := &shadowSite{t: t, app: a, brokers: brokers}
	s.publish(nil, 0, 0)
	p := s.start(shadowTarget, file, none)
	s.await(shadowGroup("tried"))
	s.kill(p)
	found := 0
	for _, topic := range []string{"defects.tried", "defects.shadow"} {
		source, err := a.source(topic)
		if err != nil {
			t.Fatal(err)
		}
		if err := replay.Values(t.Context(), source, replay.Range{}, a.contract, schemas.DefectEvents, func(_ replay.Record, e *schemas.DefectEvent) error {
			if e.Kind == "corruption" && e.State == "opened" && e.Model != nil && *e.Model == all {
				found++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if found != 2 {
		t.Errorf("%d defects by the model are on the topics of the replay and the candidate, want one on each", found)
	}
	for _, test := range []struct {
		model string
		code  int
		want  string
	}{
		{modelKey("corruption", all+7), exitFailure, "is not on the log"},
		{"corruption", exitUsage, "is not like corruption@3"},
		{"corrupton@1", exitUsage, "is no model of a rule"},
	} {
		code, _, stderr := command(t, "replay", "--model", test.model, "--brokers", brokers[0])
		if code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("--model %s: code %d, %s", test.model, code, stderr)
		}
	}
}
