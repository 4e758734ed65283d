package ingest_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/feature/featuretest"
	"github.com/framewatch/framewatch/schemas"
)

// warned is a log that tells whether a text was among its warnings.
type warned struct {
	slog.Handler
	mu   sync.Mutex
	text strings.Builder
}

func (w *warned) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (w *warned) WithAttrs([]slog.Attr) slog.Handler               { return w }
func (w *warned) Handle(_ context.Context, r slog.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool { w.text.WriteString(" " + a.String()); return true })
	return nil
}

func (w *warned) has(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Contains(w.text.String(), text)
}

// A stream's pictures are looked at by what the edge is told to use, from the next of them on and in the same session; what cannot be used changes nothing; and
// a worker that begins later begins with it.
func TestRunningWorkersTakeAnotherNetwork(t *testing.T) {
	t.Parallel()
	log := &warned{}
	edge, r := run(t, ingest.Defaults(), slog.New(log))
	path := clip(t, 1, "small.ts")
	large := t.TempDir() + "/large.ts"
	transcode(t, path, large, "-vf", "scale=512:288", "-an", "-c:v", "libx264", "-preset", "ultrafast", "-g", "12")
	edge.Set("s", &schemas.StreamSpec{URL: large, Loop: true})
	last := func(stream string) *schemas.VideoFrame {
		f := frames(r.all(stream))
		for i := len(f) - 1; i >= 0; i-- {
			if v := f[i].VideoFrame; v.Sampled != nil && v.Sampled.Model != nil {
				return v
			}
		}
		return nil
	}
	looked := func(stream string, version int32, score byte) (session int64) {
		r.wait(t, stream, "a score by another version", func([]published) bool {
			v := last(stream)
			return v != nil && *v.Sampled.Model == version && (score == 0 || v.Sampled.Tiles[0] == score)
		})
		return last(stream).Session
	}
	session := looked("s", 1, 0)
	edge.Use(&feature.Weights{Version: 2, ONNX: featuretest.Network{Probability: 0.8}.ONNX()})
	if again := looked("s", 2, 204); again != session {
		t.Errorf("the session is %d, and was %d", again, session)
	}
	edge.Use(&feature.Weights{Version: 3, ONNX: []byte("broken")})
	r.wait(t, "s", "a refusal", func([]published) bool { return log.has("damage@3: it is no ONNX") })
	if v := last("s"); *v.Sampled.Model != 2 {
		t.Errorf("scored by %d after a refusal, want 2", *v.Sampled.Model)
	}
	edge.Use(&feature.Weights{Version: 4, ONNX: featuretest.Network{Probability: 0.6}.ONNX()})
	looked("s", 4, 153)
	edge.Set("later", &schemas.StreamSpec{URL: large, Loop: true})
	looked("later", 4, 153)
	if v := frames(r.all("later"))[0].VideoFrame; v.Sampled == nil || *v.Sampled.Model != 4 {
		t.Errorf("the first picture of a later worker is looked at by %+v", v.Sampled)
	}
	edge.Use(nil)
	looked("s", 1, 0)
}

// What is published is tried by a worker in its sandbox, which tells why it cannot be used, or dies in the place of the edge.
func TestNetworksAreCheckedInAWorker(t *testing.T) {
	t.Parallel()
	config := ingest.Defaults()
	for _, c := range []struct {
		name string
		onnx []byte
		want string
	}{
		{"the shipped one", feature.Networks[feature.DamageNetwork].ONNX, ""},
		{"a constant", featuretest.Network{Probability: 0.5}.ONNX(), ""},
		{"another shape", featuretest.Network{Probability: 0.5, Planes: 3}.ONNX(), "its input is [1 3 224 224]"},
	} {
		err := ingest.CheckNetwork(t.Context(), config, feature.DamageNetwork, c.onnx)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	config.Executable = worker(t, "mortal")
	if err := ingest.CheckNetwork(t.Context(), config, feature.DamageNetwork, []byte("any")); err == nil {
		t.Error("a worker that dies lets the network through")
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("over"))
	if err := ingest.CheckNetwork(ended, ingest.Defaults(), feature.DamageNetwork, []byte("any")); err == nil {
		t.Error("nobody waited for an answer, and it is let through")
	}
}
