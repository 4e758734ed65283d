package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// states are what a candidate has told, as states of its defects in order.
func (s *shadowSite) states(candidate string) (all []string, ids map[string]bool) {
	s.t.Helper()
	from, err := s.app.source(topology.DefectsShadow.Name)
	if err != nil {
		s.t.Fatal(err)
	}
	ids = map[string]bool{}
	err = replay.Values(s.t.Context(), from, replay.Range{}, s.app.contract, schemas.DefectEvents, func(r replay.Record, e *schemas.DefectEvent) error {
		if headerOf(r.Headers, topology.SourceHeader) == topology.ShadowSource("framewatch.", candidate) && e.Kind == "no_signal" {
			all, ids[e.ID] = append(all, e.State), true
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all, ids
}

// A candidate that was away for longer than features are kept still knows what it has told of, and closes it; and one that begins only then is not blamed for what
// had begun before.
func TestShadowIsAwayForLongerThanTheFeaturesAreKept(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	s := &shadowSite{t: t, app: laidOut(t, brokers, "framewatch."), brokers: brokers, dir: t.TempDir()}
	since := time.Now().Add(-200 * time.Second)
	news := outageSince("news", "default", since)
	again := outageSince("news", "default", since.Add(time.Minute))[0] // its Setting is repeated
	log := map[string][]topology.Message{"news": slices.Insert(news, 121, again)}
	before := s.configure("before", "{}")
	s.configure("late", "{}")
	s.publish(log, 0, 121) // the outage has begun, and is all but over
	p := s.start(shadowTarget, before, none)
	s.await(shadowGroup("before"))
	s.kill(p)
	for line := range strings.Lines(onLog(t, brokers, "replay")) { // what the live detector has told of it
		e := new(schemas.DefectEvent)
		if err := json.Unmarshal([]byte(line), e); err != nil {
			t.Fatal(err)
		}
		if err := s.app.cluster.Publish(t.Context(), s.app.cluster.Partition("news"), topology.Defects.Message(e.Stream, e)); err != nil {
			t.Fatal(err)
		}
	}
	ends, err := s.app.cluster.Ends(t.Context(), &topology.Features.Spec)
	if err != nil {
		t.Fatal(err)
	}
	for partition, end := range ends {
		if end > 0 {
			kafkatest.Forget(t, brokers, "framewatch.features", partition, end)
		}
	}
	s.publish(log, 121, 1000)
	for _, candidate := range []string{"before", "late"} {
		s.start(shadowTarget, filepath.Join(s.dir, candidate+".yaml"), none)
		s.await(shadowGroup(candidate))
	}
	s.start("detector", before, none) // its ticks are of now
	for _, group := range []string{shadowGroup("late"), topology.StageNamed("detector").Group} {
		s.await(group)
		s.everywhere(group)
	}
	states, ids := s.states("before")
	if told := strings.Join(states, " "); len(ids) != 1 || !strings.HasPrefix(told, "opened") || !strings.HasSuffix(told, "closed") {
		t.Errorf("the candidate tells %q of %d defects, want one that opens and closes", told, len(ids))
	}
	code, stdout, stderr := command(t, "shadow", "diff", "--candidate", "late", "--from", "1h", "--brokers", brokers[0])
	if code != exitOK || !strings.Contains(stdout, "0 added, 0 removed") || !strings.Contains(stdout, "1 more are left out") {
		t.Errorf("the one that is late: code %d, %s%s", code, stdout, stderr)
	}
}
