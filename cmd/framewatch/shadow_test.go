package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// shadowSite is a log with outages, a live detector and candidates beside it.
type shadowSite struct {
	t       *testing.T
	app     *app
	brokers []string
	dir     string
	// ends of the features that the outages are in, by partition.
	ends map[int32]int64
}

// configure writes the configuration of a candidate with rules.
func (s *shadowSite) configure(candidate, rules string) (file string) {
	file = filepath.Join(s.dir, candidate+".yaml")
	writeText(s.t, filepath.Join(s.dir, candidate+"-rules.yaml"), "profiles: {default: {rules: "+rules+"}}")
	writeText(s.t, file, fmt.Sprintf("{log: {level: error}, kafka: {brokers: [%q], partitions: %d, instance: one}, detector: {shadow: {name: %s, rules: %s-rules.yaml}}}",
		s.brokers[0], partitions, candidate, candidate))
	return file
}

// start runs a target until it strikes, or for good.
func (s *shadowSite) start(target, file string, first strike) *struck {
	s.t.Setenv(struckTarget, target)
	p := startStruck(s.t, file, "", first) // by its configured name it has its partitions back at once
	s.t.Cleanup(func() {
		if !isClosed(p.ended) {
			p.cmd.Process.Kill()
			<-p.ended
		}
	})
	return p
}

// kill ends a process as a machine ends that loses its power.
func (s *shadowSite) kill(p *struck) {
	p.signal(syscall.SIGKILL)
	p.dies()
}

// publish writes part of each stream's records.
func (s *shadowSite) publish(log map[string][]topology.Message, from, to int) {
	s.t.Helper()
	for _, stream := range slices.Sorted(maps.Keys(log)) {
		if err := s.app.cluster.Publish(s.t.Context(), s.app.cluster.Partition(stream), log[stream][from:min(to, len(log[stream]))]...); err != nil {
			s.t.Fatal(err)
		}
	}
	var err error
	if s.ends, err = s.app.cluster.Ends(s.t.Context(), &topology.Features.Spec); err != nil {
		s.t.Fatal(err)
	}
}

// await waits until a group has folded the outages.
func (s *shadowSite) await(group string) {
	s.t.Helper()
	waitFor(s.t, group+" to fold all", func() bool {
		committed, err := s.app.cluster.Committed(s.t.Context(), group, &topology.Features.Spec)
		if err != nil {
			return false
		}
		for p, end := range s.ends {
			if end > 0 && committed[p] < end {
				return false
			}
		}
		return true
	})
}

// everywhere waits until a group has folded something of every partition: the live detector's ticks stand in all of them.
func (s *shadowSite) everywhere(group string) {
	s.t.Helper()
	waitFor(s.t, group+" to fold some of each partition", func() bool {
		committed, err := s.app.cluster.Committed(s.t.Context(), group, &topology.Features.Spec)
		for p := range s.app.cluster.Partitions() {
			if err != nil || committed[p] <= 0 {
				return false
			}
		}
		return true
	})
}

// told are the events on a topic that the outages have caused, in order of partition and offset, with keys, and headers but the source.
func (s *shadowSite) told(topic *topology.Spec, source string) (events []string) {
	s.t.Helper()
	from, err := s.app.source(topic.Name)
	if err != nil {
		s.t.Fatal(err)
	}
	err = replay.Values(s.t.Context(), from, replay.Range{}, s.app.contract, schemas.DefectEvents, func(r replay.Record, ev *schemas.DefectEvent) error {
		if ev.Offset < s.ends[r.Partition] && headerOf(r.Headers, topology.SourceHeader) == source {
			events = append(events, strings.ReplaceAll(fmt.Sprintf("%d %s %s %x", r.Partition, r.Key, r.Headers, r.Value), source, "SOURCE"))
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return events
}

// others are the ends of all topics but the candidates'.
func (s *shadowSite) others() string {
	s.t.Helper()
	var text strings.Builder
	for _, topic := range topology.Topics() {
		if topic.Name == topology.DefectsShadow.Name {
			continue
		}
		ends, err := s.app.cluster.Ends(s.t.Context(), topic)
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintln(&text, topic.Name, ends)
	}
	return text.String()
}

// offline is what the detector tells of the features again.
func (s *shadowSite) offline() (values [][]byte) {
	s.t.Helper()
	features, err := s.app.source(topology.Features.Name)
	if err != nil {
		s.t.Fatal(err)
	}
	err = replay.Detect(s.t.Context(), features, replay.Range{}, s.app.contract, slog.New(slog.DiscardHandler), func(p int32, o detector.Output) error {
		if o.Defect == nil || o.Defect.Offset >= s.ends[p] {
			return nil
		}
		value, err := schemas.Append(s.app.contract, schemas.DefectEvents, nil, o.Defect)
		values = append(values, value)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return values
}

// A candidate with the rules that are in force tells what the live detector tells, to the byte and once, however often it is killed; it writes nothing else,
// and the live detector tells what it tells without it.
func TestShadowTellsWhatTheDetectorTellsAndTouchesNothing(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	s := &shadowSite{t: t, app: laidOut(t, brokers, "framewatch."), brokers: brokers, dir: t.TempDir()}
	log := map[string][]topology.Message{}
	taken := map[int32]bool{}
	for _, stream := range []string{"news", "sport", "film"} {
		for taken[s.app.cluster.Partition(stream)] {
			stream += "s"
		}
		taken[s.app.cluster.Partition(stream)] = true
		log[stream] = outageSince(stream, "default", time.Now().Add(-115*time.Second))
	}
	poison := topology.Message{Topic: &topology.Features.Spec, Encode: func(_ *schemas.Contract, dst []byte) ([]byte, error) { return append(dst, 0, 1), nil }}
	log["news"] = slices.Insert(log["news"], 10, poison)
	same, less := s.configure("same", "{}"), s.configure("less", "{no_signal: {disabled: true}}")
	group := shadowGroup("same")

	// The last of the moments comes when something is committed: then there may be nothing left to strike at.
	s.publish(log, 0, 100) // the outage has begun
	before := s.others()
	for _, m := range []kafka.Moment{kafka.Attached, kafka.Written, kafka.Committed} {
		s.start(shadowTarget, same, strike{moment: m, signal: syscall.SIGKILL, count: 1}).dies()
	}
	p := s.start(shadowTarget, same, none)
	s.await(group)
	s.kill(p)
	if after := s.others(); after != before {
		t.Fatalf("the candidate has written elsewhere: the topics end at\n%s\nand ended at\n%s", after, before)
	}
	s.publish(log, 100, 1000)
	s.start(shadowTarget, same, strike{moment: kafka.Attached, signal: syscall.SIGKILL, count: 1}).dies()
	p = s.start(shadowTarget, same, none)
	s.await(group)

	live := s.start("detector", same, none)
	other := s.start(shadowTarget, less, none)
	for _, group := range []string{topology.StageNamed("detector").Group, group, shadowGroup("less")} {
		s.await(group)
		s.everywhere(group)
	}
	s.kill(p)
	s.kill(other)
	s.kill(live)

	want := s.told(&topology.Defects.Spec, topology.EventSource("framewatch."))
	if got := s.told(&topology.DefectsShadow.Spec, topology.ShadowSource("framewatch.", "same")); len(want) < 9 || !slices.Equal(got, want) {
		t.Errorf("the candidate tells\n%s\nwant what the live detector tells\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	again := s.offline()
	if len(again) != len(want) {
		t.Errorf("the live detector has told of %d events, and %d are told again", len(want), len(again))
	}
	for i := range min(len(again), len(want)) {
		if !strings.HasSuffix(want[i], fmt.Sprintf(" %x", again[i])) {
			t.Fatalf("event %d is told again as %x, and was %s", i, again[i], want[i])
		}
	}
	s.differs()
}

// differs wants `shadow diff` to tell what the two candidates have told otherwise, with the verdicts on it.
func (s *shadowSite) differs() {
	var first schemas.DefectEvent
	line, _, _ := strings.Cut(onLog(s.t, s.brokers, "replay", "--stream", "news"), "\n")
	if err := json.Unmarshal([]byte(line), &first); err != nil {
		s.t.Fatal(err)
	}
	onLog(s.t, s.brokers, "verdicts", "add", first.ID, "false_alarm", "--by", "ann")
	for _, test := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"--candidate", "same", "--from", "1h"}, exitOK, []string{"3 would be the same, 0 added, 0 removed, 0 moved."}},
		{[]string{"--candidate", "less", "--from", "1h"}, exitDefects, []string{"0 would be the same, 0 added, 3 removed, 0 moved.", "of the removed 0 were right and 1 false alarms", "no_signal"}},
		{[]string{"-c", filepath.Join(s.dir, "less.yaml"), "--from", "1h", "--stream", "n*", "-o", "json"}, exitDefects,
			[]string{`{"change":"removed","stream":"news","kind":"no_signal","before":{"defect":"` + first.ID, `"after":null,"verdict":"false_alarm"}`, `"removed":1`}},
		{[]string{"--candidate", "less", "--from", "1h", "--stream", "other"}, exitOK, []string{"0 would be the same, 0 added, 0 removed, 0 moved."}},
		{[]string{"--candidate", "never", "--from", "1h"}, exitFailure, []string{"the candidate never: it has folded nothing of partition"}},
		{[]string{"--candidate", "same"}, exitFailure, []string{"wait, or begin it earlier"}},
		{[]string{"--candidate", "No name"}, exitUsage, []string{"--candidate: "}},
		{nil, exitUsage, []string{"has no detector.shadow.name"}},
		{[]string{"-o", "xml"}, exitUsage, []string{`"xml" is neither json nor table`}},
	} {
		code, stdout, stderr := command(s.t, append([]string{"shadow", "diff", "--brokers", s.brokers[0]}, test.args...)...)
		for _, want := range test.want {
			if code != test.code || !strings.Contains(stdout+stderr, want) {
				s.t.Errorf("%q: code %d, want %d; %s%s; want %q", test.args, code, test.code, stdout, stderr, want)
			}
		}
	}
}

// A configuration says whether there is a candidate, and all of it.
func TestShadowIsConfiguredWhollyOrNotAtAll(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"{name: Strict, rules: r.yaml}", `detector: shadow: name "Strict"`},
		{"{rules: r.yaml}", `detector: shadow: name ""`},
		{"{name: strict}", "detector: shadow: rules: which file"},
		{"{name: strict, rules: r.yaml, model: m}", `unknown key "model"`},
		{"{name: strict, models: {corruption: 0}}", "models: corruption: version 0"},
	} {
		file := filepath.Join(t.TempDir(), "framewatch.yaml")
		writeText(t, file, "detector: {shadow: "+test.text+"}")
		if _, err := loadConfig(file); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.text, err, test.want)
		}
	}
	var stderr bytes.Buffer
	if code := Main(t.Context(), []string{"run", "--target", "shadow", "--brokers", "127.0.0.1:1"}, &stderr, &stderr); code != exitUsage || !strings.Contains(stderr.String(), "the configuration has no candidate") {
		t.Errorf("without a candidate: code %d, %s", code, stderr.String())
	}
}
