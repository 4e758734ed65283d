package replay_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// differs is one line on a difference.
func differs(d *replay.Difference) string {
	var words []string
	for _, l := range d.Added {
		words = append(words, "+"+l.ID)
	}
	for _, l := range d.Removed {
		words = append(words, "-"+l.ID)
	}
	for _, m := range d.Moved {
		words = append(words, m.Before.ID+">"+m.After.ID)
	}
	return strings.TrimSpace(fmt.Sprintf("%d same, %d left out %s", d.Same, d.LeftOut, strings.Join(words, " ")))
}

func TestDifferencesAreByOverlap(t *testing.T) {
	with := func(l replay.Life, change func(*replay.Life)) replay.Life { change(&l); return l }
	open := func(l *replay.Life) { l.Open = true }
	of := func(list ...replay.Life) []replay.Life { return list }
	for _, test := range []struct {
		name          string
		before, after []replay.Life
		want          string
	}{
		{"nothing", nil, nil, "0 same, 0 left out"},
		{"the same", of(life("a", 10, 12)), of(life("a", 10, 12)), "1 same, 0 left out"},
		{"one more and one less", of(life("a", 10, 12)), of(life("b", 20, 22)), "0 same, 0 left out +b -a"},
		{"another onset", of(life("a", 10, 12)), of(life("b", 11, 12)), "0 same, 0 left out a>b"},
		{"another end", of(life("a", 10, 12)), of(life("a", 10, 13)), "0 same, 0 left out a>a"},
		{"another severity", of(life("a", 10, 12)), of(with(life("a", 10, 12), func(l *replay.Life) { l.Severity = "critical" })), "0 same, 0 left out a>a"},
		{"an end that is yet to come", of(life("a", 10, 20)), of(with(life("a", 10, 12), open)), "1 same, 0 left out"},
		{"one becomes two: the longer half is it", of(life("a", 10, 20)), of(life("b", 10, 12), life("c", 14, 20)), "0 same, 0 left out +b a>c"},
		{"two become one: the first is it", of(life("a", 10, 12), life("b", 14, 20)), of(life("c", 10, 20)), "0 same, 0 left out -b a>c"},
		{"a name goes before overlap", of(life("a", 10, 12), life("b", 11, 20)), of(life("b", 11, 20)), "1 same, 0 left out -a"},
		{"another kind", of(life("a", 10, 12)), of(with(life("b", 10, 12), func(l *replay.Life) { l.Kind = "freeze" })), "0 same, 0 left out +b -a"},
		{"another part", of(life("a", 10, 12)), of(with(life("b", 10, 12), func(l *replay.Life) { l.Part = "track 1" })), "0 same, 0 left out +b -a"},
		{"another stream", of(life("a", 10, 12)), of(with(life("b", 10, 12), func(l *replay.Life) { l.Stream = "t" })), "0 same, 0 left out +b -a"},
		{"a defect without length", of(life("a", 10, 10)), of(life("b", 10, 12)), "0 same, 0 left out a>b"},
	} {
		d := replay.Differ(test.before, test.after)
		if got := differs(d); got != test.want || d.None() != !strings.ContainsAny(got, "+->") {
			t.Errorf("%s: got %s, none %v, want %s", test.name, got, d.None(), test.want)
		}
	}
}

// What other settings would have told differs from what was told by what they say, and by nothing else.
func TestOtherSettingsAreTriedOnTheLog(t *testing.T) {
	c, source := laidOut(t, kafkatest.Embedded(t), &topology.Features.Spec)
	if err := c.Publish(within(t), 1, story("one")...); err != nil {
		t.Fatal(err)
	}
	var lives replay.Lives
	if err := replay.Detect(within(t), source, replay.Range{}, schemas.Baked(), quiet(), func(partition int32, out detector.Output) error {
		if out.Defect != nil {
			lives.Add(partition, out.Defect)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	recorded := lives.List()
	if len(recorded) != 1 || recorded[0].Kind != "no_signal" || recorded[0].Partition != 1 {
		t.Fatalf("the story has the defects %+v, want no_signal in partition 1", recorded)
	}
	retracted := recorded[0]
	retracted.ID, retracted.Retracted = "r", true
	elsewhere := recorded[0]
	elsewhere.ID, elsewhere.Partition = "e", 0 // where no features are
	recorded = append(recorded, retracted, elsewhere)
	onset := recorded[0].Onset
	for _, test := range []struct {
		name, rules string
		within      replay.Range
		want        string
	}{
		{"the same rules", "{}", replay.Range{}, "1 same, 1 left out"},
		{"without the rule", `{"no_signal":{"disabled":true}}`, replay.Range{}, "0 same, 1 left out -" + recorded[0].ID},
		{"less severe", `{"no_signal":{"severity":"warning","critical_after":"0s"}}`, replay.Range{}, "0 same, 1 left out " + recorded[0].ID + ">" + recorded[0].ID},
		{"of what began later", "{}", replay.Range{From: onset.Add(1)}, "0 same, 0 left out"},
		{"of what began earlier", "{}", replay.Range{To: onset}, "0 same, 0 left out"},
		{"where the features of it are gone", `{"no_signal":{"disabled":true}}`, replay.Range{}, "0 same, 2 left out"},
	} {
		if strings.HasSuffix(test.name, "gone") {
			kafkatest.Forget(t, source.Cluster.Brokers, source.Topic, 1, 1)
		}
		// The records were all written after the story's time, so only the comparison is bounded by that.
		again, _, err := replay.Redetect(within(t), replay.Detection{Records: source, Contract: schemas.Baked(), Log: quiet(), Change: func(s *schemas.Setting) { s.Rules = test.rules }})
		if err != nil {
			t.Fatal(err)
		}
		if got := differs(again.Compare(recorded, test.within)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}
