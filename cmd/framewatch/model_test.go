package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// writtenModel writes a version of the model corruption, and its card, that gives every tainted picture the sum base before calibration; change spoils it.
func writtenModel(t *testing.T, version int64, base float64, change func(f *model.File)) (file string) {
	t.Helper()
	f := model.File{Format: 1, Kind: "trees", Name: "corruption", Version: version, Features: rule.DamageFeatures.Fingerprint(), Names: rule.DamageFeatures.Names,
		Base: base, Calibration: model.Calibration{Slope: 1}, Threshold: 0.5,
		Trees: []model.Tree{{Feature: []int{0}, Threshold: []float64{0}, Left: []int{0}, Right: []int{0}, Value: []float64{0}}}}
	if change != nil {
		change(&f)
	}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "corruption.json")
	for name, text := range map[string]string{file: string(data), strings.TrimSuffix(file, "json") + "md": fmt.Sprintf("# Card of version %d\n", version)} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// modelVersions are the versions of a model that there are, and the one in force.
func modelVersions(t *testing.T, brokers []string, name string) (versions []int64, now int64) {
	t.Helper()
	for line := range strings.Lines(onLog(t, brokers, "model", "list", "-o", "json")) {
		var m struct {
			Model   string
			Version int64
			InForce bool `json:"in_force"`
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if m.Model != name {
			continue
		}
		versions = append(versions, m.Version)
		if m.InForce {
			now = m.Version
		}
	}
	return versions, now
}

// What is published stays whatever is in force, and any version can be put in force again, the one that comes with the program too.
func TestModelsArePublishedPromotedAndRolledBack(t *testing.T) {
	brokers, shipped := kafkatest.Embedded(t), rule.Shipped("corruption").Version
	onLog(t, brokers, "topics", "apply")
	two, three := shipped+1, shipped+2
	file := writtenModel(t, two, 3, nil)
	for _, step := range []struct {
		args     []string
		versions []int64
		now      int64
	}{
		{[]string{"list"}, []int64{shipped}, shipped},
		{[]string{"publish", file, "--by", "ada", "--candidate"}, []int64{shipped, two}, shipped},
		{[]string{"promote", modelKey("corruption", two), "--by", "ada"}, []int64{shipped, two}, two},
		{[]string{"publish", writtenModel(t, three, 4, nil), "--by", "ada"}, []int64{shipped, two, three}, three},
		{[]string{"rollback", "corruption", "--by", "bob"}, []int64{shipped, two, three}, two},
		{[]string{"rollback", modelKey("corruption", shipped), "--by", "bob"}, []int64{shipped, two, three}, shipped},
		{[]string{"publish", file, "--by", "ada"}, []int64{shipped, two, three}, two}, // the same again
	} {
		onLog(t, brokers, append([]string{"model"}, step.args...)...)
		if versions, now := modelVersions(t, brokers, "corruption"); now != step.now || !slices.Equal(versions, step.versions) {
			t.Errorf("%q: version %d of %d is in force, want %d of %d", step.args, now, versions, step.now, step.versions)
		}
	}
	weights := filepath.Join(t.TempDir(), "weights")
	card := onLog(t, brokers, "model", "show", "corruption", "--weights", weights)
	if got, _ := os.ReadFile(weights); string(got) != string(fileBytes(t, file)) || !strings.Contains(card, fmt.Sprintf("# Card of version %d", two)) {
		t.Errorf("the weights are %d bytes, and shown is\n%s", len(got), card)
	}
	var acts []string
	for line := range strings.Lines(onLog(t, brokers, "export", "audit")) {
		var l struct {
			Key   string
			Value schemas.Audit
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		acts = append(acts, l.Key+" "+l.Value.Action+" "+l.Value.Target)
	}
	first, second, third := modelKey("corruption", shipped), modelKey("corruption", two), modelKey("corruption", three)
	want := []string{"ada model publish " + second, "ada model promote " + second, "ada model publish " + third, "bob model rollback " + second, "bob model rollback " + first,
		"ada model publish " + second}
	if !slices.Equal(acts, want) {
		t.Errorf("the audit says\n%q, want\n%q", acts, want)
	}
}

func fileBytes(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What cannot be used, or would make another thing of a version, is refused and leaves nothing on the log.
func TestModelsThatDoNotFitAreNotPublished(t *testing.T) {
	brokers, shipped := kafkatest.Embedded(t), rule.Shipped("corruption").Version
	onLog(t, brokers, "topics", "apply")
	next := shipped + 1
	half := writtenModel(t, next, 1, nil)
	if err := os.WriteFile(half, fileBytes(t, half)[:200], 0o644); err != nil {
		t.Fatal(err)
	}
	cardless := writtenModel(t, next, 1, nil)
	if err := os.Remove(strings.TrimSuffix(cardless, "json") + "md"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{half}, "read model"},
		{[]string{cardless}, "--card"},
		{[]string{writtenModel(t, shipped, 1, nil)}, "a version is of one content for ever"},
		{[]string{writtenModel(t, next, 1, func(f *model.File) { f.Name = "corruptions" })}, `did you mean "corruption"?`},
		{[]string{writtenModel(t, next, 1, func(f *model.File) { f.Features = "0011223344556677" })}, "train it again"},
		{[]string{writtenModel(t, next, 1, nil), "--kind", "pickle"}, "--kind"},
		{[]string{writtenModel(t, next, 1, nil), "--kind", "onnx", "--name", "corruption", "--version", "1"}, "is a model of trees"},
	} {
		code, _, stderr := command(t, append([]string{"model", "publish", "--by", "ada", "--brokers", brokers[0]}, test.args...)...)
		if code == exitOK || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: got code %d: %s, want an error with %q", test.args, code, stderr, test.want)
		}
	}
	if versions, now := modelVersions(t, brokers, "corruption"); len(versions) != 1 || now != shipped {
		t.Errorf("there are the versions %d, and %d is in force, want %d alone", versions, now, shipped)
	}
	if code, _, stderr := command(t, "model", "rollback", "corruption", "--by", "ada", "--brokers", brokers[0]); code == exitOK || !strings.Contains(stderr, "there is no lower one") {
		t.Errorf("roll back the first: code %d: %s", code, stderr)
	}
}

// detecting is a detector at work on a log of its own, and what it says.
type detecting struct {
	t       *testing.T
	app     *app
	mu      sync.Mutex
	setting *schemas.Setting
	opened  []*schemas.DefectEvent
}

// newDetecting runs a detector, and waits for nothing.
func newDetecting(t *testing.T, brokers []string) *detecting {
	config := defaultConfig()
	config.Kafka.Brokers, config.Log.Level = brokers, "error"
	a, err := newApp(config, io.Discard)
	if err == nil {
		err = a.dial(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	d := &detecting{t: t, app: a}
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		if err := run(ctx, config, []string{"detector"}, io.Discard, nil); err != nil {
			t.Errorf("detector: %v", err)
		}
	})
	all.Go(func() {
		kafka.Read(ctx, a.cluster, topology.Features, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.Feature]) error {
			if s := r.Value.Setting; s != nil {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.setting = s
			}
			return nil
		})
	})
	all.Go(func() {
		kafka.Read(ctx, a.cluster, topology.Defects, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.opened = append(d.opened, r.Value)
			return nil
		})
	})
	t.Cleanup(func() { stop(); all.Wait(); a.cluster.Close() })
	return d
}

// names waits for a Setting that names a version.
func (d *detecting) names(version int64) {
	d.t.Helper()
	waitFor(d.t, fmt.Sprintf("a Setting with version %d", version), func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.setting != nil && d.setting.Models["corruption"] == version
	})
}

// corrupt waits for a defect of the kind corruption in a session.
func (d *detecting) corrupt(session int64) (found *schemas.DefectEvent) {
	d.t.Helper()
	waitFor(d.t, "a defect", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		i := slices.IndexFunc(d.opened, func(e *schemas.DefectEvent) bool { return e.Kind == "corruption" && e.Session == session })
		if i >= 0 {
			found = d.opened[i]
		}
		return i >= 0
	})
	return found
}

// send publishes 12 s of a session: pictures, of which those after six seconds are tainted, and heartbeats.
func (d *detecting) send(stream string, session int64) {
	d.t.Helper()
	var messages []topology.Message
	share, since := int32(9), int32(4)
	for i := range int64(300) {
		v := &schemas.VideoFrame{Session: session, Seq: i, At: i * 40_000, Duration: 3600, Sampling: 1, Macroblock: &schemas.Macroblock{DifferenceShare: &share},
			Block: &schemas.Block{}, Difference: &schemas.Difference{Low: 9_000, Previous: 9_000}, Decode: &schemas.DecoderState{SinceIDR: &since}}
		if i >= 150 {
			v.Decode.Ancestors = 1
		}
		messages = append(messages, topology.Features.Message(stream, &schemas.Feature{VideoFrame: v}))
		if i%25 == 24 {
			s := &schemas.StreamSecond{Session: session, At: (i + 1) * 40_000, State: "up", FramesDecoded: 25}
			messages = append(messages, topology.Features.Message(stream, &schemas.Feature{StreamSecond: s}))
		}
	}
	if err := d.app.cluster.Publish(d.t.Context(), d.app.cluster.Partition(stream), messages...); err != nil {
		d.t.Fatal(err)
	}
}

// Detectors score by what is published while they run: the Setting names the version, defects carry it, and rolling back is the same way.
func TestDetectorsTakeAnotherModelWithoutRestart(t *testing.T) {
	brokers, shipped := kafkatest.Embedded(t), rule.Shipped("corruption").Version
	onLog(t, brokers, "topics", "apply")
	d := newDetecting(t, brokers)
	if err := d.app.publishStream(t.Context(), "news", topology.Streams.Message("news", spec(nil, ""))); err != nil {
		t.Fatal(err)
	}
	d.names(shipped)
	all, none := shipped+1, shipped+2
	onLog(t, brokers, "model", "publish", writtenModel(t, all, 9, nil), "--by", "ada")
	d.names(all)
	session := time.Now().UnixMicro()
	d.send("news", session)
	found := d.corrupt(session)
	if want := 1 / (1 + math.Exp(-9-math.Log(3))); found.Model == nil || *found.Model != all || math.Abs(found.Value-want) > 1e-9 {
		t.Errorf("the defect has the model %v and the figure %v, want %d and %v", found.Model, found.Value, all, want)
	}
	onLog(t, brokers, "model", "publish", writtenModel(t, none, -9, nil), "--by", "ada")
	d.names(none)
	d.send("news", session+60_000_000)
	onLog(t, brokers, "model", "rollback", "corruption", "--by", "ada")
	d.names(all)
	d.send("news", session+120_000_000)
	if again := d.corrupt(session + 120_000_000); again.Model == nil || *again.Model != all {
		t.Errorf("after rolling back the defect has the model %v, want %d", again.Model, all)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.opened {
		if e.Session == session+60_000_000 && e.Kind == "corruption" && e.State == "opened" {
			t.Errorf("a defect has opened by a model that scores nothing: %+v", e)
		}
	}
}

// A model that stands on the log and cannot be used is passed over: whoever wrote it, by whatever version of the program.
func TestUnusableModelsOnTheLogChangeNothing(t *testing.T) {
	s := newSettings()
	s.stream(topology.Record[schemas.StreamSpec]{Key: "news", Value: spec(nil, "")})
	record := func(file string, change func(m *schemas.Model)) topology.Record[schemas.Model] {
		m, err := (&modelPublish{kind: treesKind}).read(file)
		if err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(m.Model)
		}
		return topology.Record[schemas.Model]{Key: "corruption", Value: m.Model}
	}
	shipped := rule.Shipped("corruption").Version
	good := writtenModel(t, shipped+1, 1, nil)
	at := 0
	for _, step := range []struct {
		name   string
		record topology.Record[schemas.Model]
		bad    bool
		want   int64
	}{
		{"a good one", record(good, nil), false, shipped + 1},
		{"a byte is another", record(good, func(m *schemas.Model) { m.Weights[40] ^= 1 }), true, shipped + 1},
		{"another version in it", record(good, func(m *schemas.Model) { m.Version++ }), true, shipped + 1},
		{"a network", record(good, func(m *schemas.Model) { m.Kind = onnxKind }), true, shipped + 1},
		{"it is removed", topology.Record[schemas.Model]{Key: "corruption"}, false, shipped},
		{"another name", topology.Record[schemas.Model]{Key: "tiles", Value: &schemas.Model{Version: 9, Kind: onnxKind}}, false, shipped},
	} {
		if err := s.model(step.record); (err != nil) != step.bad {
			t.Errorf("%s: got the error %v", step.name, err)
		}
		at += 10
		if got := sentBy(t, s, 0, 1, at)["news"].Models["corruption"]; got != step.want {
			t.Errorf("%s: the Setting has version %d, want %d", step.name, got, step.want)
		}
	}
}
