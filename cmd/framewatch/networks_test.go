package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/feature/featuretest"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// writtenNetwork writes a network, and its card.
func writtenNetwork(t *testing.T, onnx []byte) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "network.onnx")
	writeText(t, file, string(onnx))
	writeText(t, strings.TrimSuffix(file, "onnx")+"md", "# Card\n")
	return file
}

// What rules heed by default is what edges have.
func TestRulesHeedTheNetworksThatComeWithTheProgram(t *testing.T) {
	for name, n := range feature.Networks {
		if rule.Networks[name] != int64(n.Version) {
			t.Errorf("rules heed version %d of %s, edges have %d", rule.Networks[name], name, n.Version)
		}
	}
	if len(rule.Networks) != len(feature.Networks) {
		t.Errorf("rules heed the networks %v", rule.Networks)
	}
}

// looking is an edge and a detector at work on a stream.
type looking struct {
	t  *testing.T
	mu sync.Mutex
	// version and session of the last picture that was looked at, score of its first tile; named is the version that the last Setting names.
	version int32
	session int64
	score   byte
	named   int64
}

// newLooking plays a clip of natural footage, which is large enough for tiles, round and round.
func newLooking(t *testing.T, brokers []string) *looking {
	config := defaultConfig()
	config.Kafka.Brokers, config.Log.Level, config.DataDir = brokers, "error", t.TempDir()
	config.Ingest.Listen = "127.0.0.1:0"
	clips, err := filepath.Abs("../../testdata/clips")
	if err != nil {
		t.Fatal(err)
	}
	config.Ingest.Access.Directories = []string{clips}
	a, err := newApp(config, io.Discard)
	if err == nil {
		err = a.dial(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	l := &looking{t: t}
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		if err := run(ctx, config, []string{"ingest", "detector"}, io.Discard, nil); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	all.Go(func() {
		kafka.Read(ctx, a.cluster, topology.Features, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.Feature]) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			if s := r.Value.Setting; s != nil {
				l.named = s.Models[feature.DamageNetwork]
			}
			if v := r.Value.VideoFrame; v != nil && v.Sampled != nil && v.Sampled.Model != nil && len(v.Sampled.Tiles) > 0 {
				l.version, l.session, l.score = *v.Sampled.Model, v.Session, v.Sampled.Tiles[0]
			}
			return nil
		})
	})
	t.Cleanup(func() { stop(); all.Wait(); a.cluster.Close() })
	stream := &schemas.StreamSpec{URL: filepath.Join(clips, "mdn_frog_480p30_h264_aac.mp4"), Loop: true}
	if err := a.publishStream(t.Context(), "frog", topology.Streams.Message("frog", stream)); err != nil {
		t.Fatal(err)
	}
	return l
}

// by waits for a picture that was looked at by a version, which Settings name, and is its session.
func (l *looking) by(version int32, score byte) (session int64) {
	l.t.Helper()
	waitFor(l.t, fmt.Sprintf("a picture looked at by version %d", version), func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		session = l.session
		return l.version == version && l.named == int64(version) && (score == 0 || l.score == score)
	})
	return session
}

// Edges look at pictures by what is published while they run, in the same session; detectors are told to heed it; what cannot be used is refused and leaves
// nothing on the log; and the version that comes with the program can be had back.
func TestEdgesTakeAnotherNetworkWithoutRestart(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	onLog(t, brokers, "topics", "apply")
	l := newLooking(t, brokers)
	session := l.by(1, 0)
	publish := func(version string, onnx []byte, more ...string) []string {
		return append([]string{"model", "publish", writtenNetwork(t, onnx), "--kind", "onnx", "--name", "damage", "--version", version, "--by", "ada"}, more...)
	}
	good := featuretest.Network{Probability: 0.8}.ONNX()
	for _, c := range []struct {
		args []string
		want string
	}{
		{publish("2", []byte("none")), "is no ONNX"},
		{publish("2", featuretest.Network{Probability: 0.8, Planes: 1}.ONNX()), "its input is [1 1 224 224]"},
		{publish("2", featuretest.Network{Probability: 0.8, Outputs: 2}.ONNX()), "it gives 2 numbers"},
		{publish("2", featuretest.Network{Probability: 0.8, Costly: true}.ONNX()), "operations"},
		{publish("2", good, "--features", "rgb"), "train it again"},
		{publish("0", good), "versions are within 1"},
		{publish("1", good), "comes with this program"},
		{append(publish("2", good), "--name", "damages"), `did you mean "damage"?`},
	} {
		code, _, stderr := command(t, append(c.args, "--brokers", brokers[0])...)
		if code == exitOK || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: code %d: %s, want %q", c.args, code, stderr, c.want)
		}
	}
	if versions, now := modelVersions(t, brokers, "damage"); !slices.Equal(versions, []int64{1}) || now != 1 {
		t.Errorf("there are the versions %d, and %d is in force", versions, now)
	}
	onLog(t, brokers, publish("2", good, "--candidate")...)
	onLog(t, brokers, "model", "promote", "damage@2", "--by", "ada")
	if again := l.by(2, 204); again != session {
		t.Errorf("the session is %d, and was %d", again, session)
	}
	onLog(t, brokers, "model", "rollback", "damage", "--by", "bob")
	if again := l.by(1, 0); again != session {
		t.Errorf("the session is %d, and was %d", again, session)
	}
	if card := onLog(t, brokers, "model", "show", "damage"); !strings.Contains(card, "Model card: damage 1") {
		t.Errorf("the card is\n%s", card)
	}
}

// A record that is not what it says it is, or is for other edges, changes nothing.
func TestUnusableNetworksOnTheLogAreRefused(t *testing.T) {
	a, err := newApp(defaultConfig(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s := newSettings()
	s.stream(topology.Record[schemas.StreamSpec]{Key: "news", Value: spec(nil, "")})
	file := writtenNetwork(t, featuretest.Network{Probability: 0.8}.ONNX())
	for i, step := range []struct {
		name   string
		change func(m *schemas.Model)
		want   string
	}{
		{"a good one", func(*schemas.Model) {}, ""},
		{"a byte is another", func(m *schemas.Model) { m.Weights[40] ^= 1 }, "sha256"},
		{"for other edges", func(m *schemas.Model) { m.Features = "rgb" }, "train it again"},
		{"trees", func(m *schemas.Model) { m.Kind = treesKind }, "its kind is"},
		{"the version of another", func(m *schemas.Model) { m.Version = 1 }, "comes with this program"},
	} {
		m, err := (&modelPublish{kind: onnxKind, name: "damage", version: 2}).read(file)
		if err != nil {
			t.Fatal(err)
		}
		step.change(m.Model)
		if _, err := a.tryNetwork(t.Context(), "damage", m.Model); step.want == "" && err != nil || step.want != "" && (err == nil || !strings.Contains(err.Error(), step.want)) {
			t.Errorf("%s: got %v, want %q", step.name, err, step.want)
		}
		if err := s.model(topology.Record[schemas.Model]{Key: "damage", Value: m.Model}); (err != nil) != (step.want != "") {
			t.Errorf("%s: the detector says %v", step.name, err)
		}
		if got := sentBy(t, s, 0, 1, 10*i)["news"].Models["damage"]; got != 2 {
			t.Errorf("%s: the Setting has version %d, want 2", step.name, got)
		}
	}
}
