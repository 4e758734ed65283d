package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// configMap is a directory as Kubernetes mounts one: each version of the file is in a directory of its own, behind a link that is swapped.
type configMap struct {
	t   *testing.T
	dir string
	n   int
}

// path of the file.
func (m *configMap) path() string { return filepath.Join(m.dir, "framewatch.yaml") }

// write puts another version in the place of the last.
func (m *configMap) write(text string) {
	m.t.Helper()
	m.n++
	version := fmt.Sprintf("..%d", m.n)
	for _, err := range []error{
		os.Mkdir(filepath.Join(m.dir, version), 0o700),
		os.WriteFile(filepath.Join(m.dir, version, "framewatch.yaml"), []byte(text), 0o600),
		os.Symlink(version, filepath.Join(m.dir, "..data_tmp")),
		os.Rename(filepath.Join(m.dir, "..data_tmp"), filepath.Join(m.dir, "..data")),
	} {
		if err != nil {
			m.t.Fatal(err)
		}
	}
	if m.n == 1 {
		if err := os.Symlink("..data/framewatch.yaml", m.path()); err != nil {
			m.t.Fatal(err)
		}
	}
}

// TestChangedFilesAreTaken as soon as they have changed: a stream more and one less are no matter to the others, whose workers go on, and with a mistake in
// the file all of them do.
func TestChangedFilesAreTaken(t *testing.T) {
	clips, err := filepath.Abs("../../testdata/clips")
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	file := &configMap{t: t, dir: t.TempDir()}
	password := filepath.Join(t.TempDir(), "hook")
	secret := func(text string) {
		if err := os.WriteFile(password, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secret("first")
	write := func(further string, streams ...string) {
		text := fmt.Sprintf("data_dir: %s\nembedded: {listen: 127.0.0.1:0}\nconsole: {listen: 127.0.0.1:0}\ningest: {access: {directories: [%s]}}\n"+
			"kafka: {registry: {password: \"${file:%s}\"}}\n%s\nstreams:\n", data, clips, password, further)
		for _, id := range streams {
			text += fmt.Sprintf("  - {id: %s, url: %s/bikes_272p25_h264.mp4, loop: true}\n", id, clips)
		}
		file.write(text)
	}
	write("", "a", "b")
	config, err := loadConfig(file.path())
	if err != nil {
		t.Fatal(err)
	}
	w := newWatched(t)
	w.run(config)
	// session counts the seconds of each stream by the session of the worker that they are from.
	session := map[string]map[int64]int{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	follow(w, ctx, topology.Features, func(id string, f *schemas.Feature) {
		if f.StreamSecond == nil {
			return
		}
		if session[id] == nil {
			session[id] = map[int64]int{}
		}
		session[id][f.StreamSecond.Session]++
	})
	flows := func(what string, ids ...string) {
		t.Helper()
		before := map[string]int{}
		total := func(id string) (n int) {
			for _, k := range session[id] {
				n += k
			}
			return n
		}
		w.mu.Lock()
		for _, id := range ids {
			before[id] = total(id)
		}
		w.mu.Unlock()
		w.wait(what, func() bool {
			for _, id := range ids {
				if total(id) < before[id]+2 {
					return false
				}
			}
			return true
		})
	}
	gauge := w.app.meters.successful
	flows("two streams", "a", "b")

	write("", "a", "c")
	flows("a stream more", "a", "c")

	write("noise: {}", "c")
	waitFor(t, "a mistake to be told", func() bool { return valueOf(t, gauge) == 0 })
	flows("the streams of before", "a", "c")

	secret("second")
	write("log: {level: warn}\npictures: {key_file: \"\"}\ndetector: {interval: 50ms}", "a", "c")
	waitFor(t, "a sound file", func() bool { return valueOf(t, gauge) == 1 })
	waitFor(t, "what waits for a restart", func() bool {
		return valueOf(t, w.app.meters.waiting.WithLabelValues("detector")) == 1 && valueOf(t, w.app.meters.waiting.WithLabelValues("kafka")) == 1
	})
	flows("the same streams", "a", "c")
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range []string{"a", "b", "c"} {
		if len(session[id]) != 1 {
			t.Errorf("stream %s: seconds by session %v, want one session", id, session[id])
		}
	}
}

// follower is what a process is before its targets run, with a file of its own.
func follower(t *testing.T, brokers []string, file string, said io.Writer) *app {
	t.Helper()
	config, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	a, err := newApp(config.at(brokers), said)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.dial(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.cluster.Close)
	return a
}

// TestReloadIsAllOrNothing: what cannot be taken as a whole changes nothing of what is in force, wherever it fails.
func TestReloadIsAllOrNothing(t *testing.T) {
	broker, err := kafka.Embed(kafka.EmbedConfig{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "framewatch.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sound := func(token, stream string) string {
		return fmt.Sprintf("kafka: {partitions: 2}\nconsole: {listen: '0.0.0.0:8080', tokens: {robot: {role: viewer, sha256: %s, expires: 2099-01-01T00:00:00Z}}}\n"+
			"notifier: {receivers: {hook: {type: webhook, url: 'https://hook.example/', secret: %s}}}\nstreams: [{id: %s, url: 'http://origin/x.ts'}]\n", hashOf(token), "whsec_"+base64.StdEncoding.EncodeToString([]byte(hashOf(token)[:32])), stream)
	}
	write(sound("first-token", "one"))
	var said bytes.Buffer
	a := follower(t, broker.Addresses(), file, &said)
	if err := a.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	tells, err := notifier.New(a.config.Notifier, a.log)
	if err != nil {
		t.Fatal(err)
	}
	a.notifiers.use(tells)
	page := console.New(a.config.Console, console.Deps{Log: a.log, Metrics: http.NotFoundHandler(), Ready: func() error { return nil }, Redact: func(s string) string { return s }})
	a.page.Store(page)
	enters := func(token string) bool {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/me", nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		r.Host = "localhost"
		answer := httptest.NewRecorder()
		page.Handler().ServeHTTP(answer, r)
		return answer.Code == http.StatusOK
	}
	streams := func() string {
		have, err := current(context.Background(), a.cluster, topology.Streams)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(sortedKeys(valuesOf(have)), " ")
	}
	inForce := func(what, token, stream string) {
		t.Helper()
		for _, known := range []string{"", "first-token", "second-token"} {
			if enters(known) != (known == token) {
				t.Errorf("%s: the token %q comes in: %t", what, known, known != token)
			}
		}
		if got := streams(); got != stream {
			t.Errorf("%s: got the streams %q, want %q", what, got, stream)
		}
	}
	inForce("at start", "first-token", "one")

	for what, text := range map[string]string{
		"an unknown key":                    sound("second-token", "two") + "noise: {}\n",
		"a stream twice":                    sound("second-token", "two, url: x}, {id: two"),
		"a receiver that there is not":      strings.ReplaceAll(sound("second-token", "two"), "webhook", "webhok"),
		"a route to nobody":                 strings.Replace(sound("second-token", "two"), "notifier: {", "notifier: {alertmanager: {route: {receiver: nobody, routes: [{matchers: [oops]}]}}, ", 1),
		"an open door where it listens":     "console: {listen: '127.0.0.1:8080'}\nstreams: [{id: two, url: 'http://origin/x.ts'}]\n",
		"nothing, while it is written":      "",
		"streams that differ in their lane": sound("second-token", "two, lane: l, expectations: {same_as: two}"),
	} {
		write(text)
		before := a.notifiers.now()
		if result, err := a.reload(t.Context()); err == nil {
			t.Errorf("%s: it is taken: %+v", what, result)
		}
		if inForce(what, "first-token", "one"); a.notifiers.now() != before || valueOf(t, a.meters.successful) != 0 {
			t.Errorf("%s: another notifier tells, or success is told", what)
		}
	}

	write(sound("second-token", "two"))
	result, err := a.reload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if inForce("a sound file", "second-token", "two"); a.notifiers.now() == tells || valueOf(t, a.meters.successful) != 1 {
		t.Error("a sound file: the notifier of before tells, or no success is told")
	}
	var keys []string
	for _, d := range result.Changed {
		keys = append(keys, d.Key)
	}
	if got := strings.Join(keys, " "); got != "console.tokens.robot.sha256 notifier.receivers.hook.secret streams[one].id streams[one].loop streams[one].url streams[two].id streams[two].loop streams[two].url" || len(result.Restart) != 0 {
		t.Errorf("got the changes %s, for a restart %v", got, result.Restart)
	}
	if text := said.String(); strings.Contains(text, "-token") || strings.Contains(text, "whsec_") || strings.Contains(text, hashOf("second-token")) {
		t.Errorf("a secret is logged:\n%s", text)
	}

	write(sound("first-token", "three"))
	before := a.notifiers.now()
	broker.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := a.reload(ctx); err == nil || !strings.Contains(err.Error(), errUnpublished.Error()) {
		t.Errorf("without a broker: got %v", err)
	}
	if !enters("second-token") || enters("first-token") || a.notifiers.now() != before || valueOf(t, a.meters.successful) != 0 {
		t.Error("without a broker something of the file is in force")
	}
}

// hashOf is that of a token.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// valuesOf is a map with the same keys.
func valuesOf(of map[string]*schemas.StreamSpec) map[string]string {
	keys := map[string]string{}
	for key := range of {
		keys[key] = ""
	}
	return keys
}

// TestManyProcessesReadTheFileAtOnce: one of them lays it on the log, each change once, and the others find that it is done.
func TestManyProcessesReadTheFileAtOnce(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	write := func(version int) {
		t.Helper()
		text := "kafka: {partitions: 4}\nprofiles: {default: {rules: {silence: {for: " + fmt.Sprint(version) + "s}}}}\nstreams:\n"
		for n := range 20 {
			text += fmt.Sprintf("  - {id: s%d, url: 'http://origin/%d.ts', labels: {version: v%d}}\n", n, n, version)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(1)
	var apps []*app
	for range 4 {
		apps = append(apps, follower(t, brokers, file, new(bytes.Buffer)))
	}
	if err := apps[0].prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	versions, read := map[string]string{}, map[string]bool{}
	look := func() { // after each version: the log compacts
		t.Helper()
		err := kafka.Read(t.Context(), apps[0].cluster, topology.Streams, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.StreamSpec]) error {
			if at := fmt.Sprint(r.Partition, "/", r.Offset); !read[at] {
				read[at] = true
				versions[r.Key] += " " + r.Value.Labels["version"]
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	look()
	want := " v1"
	for version := 2; version <= 6; version++ {
		write(version)
		want += fmt.Sprintf(" v%d", version)
		var group sync.WaitGroup
		for _, a := range apps {
			group.Go(func() {
				if _, err := a.reload(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		look()
	}
	for n := range 20 {
		if id := fmt.Sprintf("s%d", n); versions[id] != want {
			t.Errorf("stream %s: got the versions%s, want%s", id, versions[id], want)
		}
	}
}

// TestWhatTheLogDidNotTakeIsTriedAgain while the file says the same, until another reading is asked for.
func TestWhatTheLogDidNotTakeIsTriedAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	say := func(stream string) {
		write(t, file, fmt.Sprintf("kafka: {partitions: 2}\nstreams: [{id: %s, url: 'http://origin/x.ts'}]\n", stream), 0o600)
	}
	say("one")
	a := follower(t, kafkatest.Embedded(t), file, &locked{})
	if err := a.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	over, end := context.WithCancel(t.Context())
	end()
	notTaken := func(stream string) {
		t.Helper()
		say(stream)
		if _, err := a.reload(over); !errors.Is(err, errUnpublished) || valueOf(t, a.meters.successful) != 0 {
			t.Fatalf("without any time for the log: got %v, want %v", err, errUnpublished)
		}
	}
	want := func(what, stream string, success float64) {
		t.Helper()
		a.retry(t.Context())
		have, err := current(t.Context(), a.cluster, topology.Streams)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(sortedKeys(valuesOf(have)), " "); got != stream || (*a.inForce().Streams)[0].ID != stream || valueOf(t, a.meters.successful) != success {
			t.Errorf("%s: got the streams %q on the log and %v in force, success is %v; want %q and %v", what, got, *a.inForce().Streams, valueOf(t, a.meters.successful), stream, success)
		}
	}
	notTaken("two")
	want("tried again", "two", 1)
	notTaken("three")
	say("two") // nobody wants three any more, and nobody asks for another reading
	want("taken back", "two", 0)
	write(t, file, "half a file", 0o600)
	want("while it is written", "two", 0)
	say("three")
	want("wanted again", "three", 1)
	notTaken("four")
	say("two")
	if _, err := a.reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	say("four")
	want("read again meanwhile", "two", 1)
}

// TestReloadsTriesAgain each minute what the log did not take.
func TestReloadsTriesAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	write(t, file, "log: {level: info}\n", 0o600)
	synctest.Test(t, func(t *testing.T) {
		a := alone(t, file)
		write(t, file, "log: {level: warn}\n", 0o600)
		untaken, err := loadConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		a.untaken = &untaken
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- a.reloads(ctx) }()
		time.Sleep(takeAgain + time.Second)
		synctest.Wait()
		if got := a.inForce().Log.Level; got != "warn" {
			t.Errorf("after a minute the level %q is in force, want that of what was not taken", got)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// survives keeps the tests alive when they send themselves SIGHUP, and returns what tells that one has come.
func survives(t *testing.T) <-chan os.Signal {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(hangups) })
	return hangups
}

// hangingUp changes a file and sends the process SIGHUP when it is told that the streams stand on the log: there is nothing to wait for any more, and nobody waits for SIGHUP yet.
type hangingUp struct {
	locked
	once   sync.Once
	change func()
	came   <-chan os.Signal
}

func (h *hangingUp) Write(text []byte) (int, error) {
	if bytes.Contains(text, []byte("streams are configured")) {
		h.once.Do(func() {
			h.change()
			if syscall.Kill(os.Getpid(), syscall.SIGHUP) == nil {
				<-h.came
			}
		})
	}
	return h.locked.Write(text)
}

// TestHangupsBetweenThePartsOfTheStart have the file read again as later ones do.
func TestHangupsBetweenThePartsOfTheStart(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "framewatch.yaml")
	text := func(level string) string {
		return fmt.Sprintf("data_dir: %s\nwatch_config: false\nlog: {level: %s}\nembedded: {listen: 127.0.0.1:0}\nconsole: {listen: 127.0.0.1:0}\nkafka: {partitions: 2}\nstreams: [{id: one, url: 'http://origin/x.ts'}]\n", dir, level)
	}
	write(t, file, text("info"), 0o600)
	config, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	said := &hangingUp{change: func() { write(t, file, text("debug"), 0o600) }, came: survives(t)}
	ctx, stop := context.WithCancel(t.Context())
	started, ended := make(chan *app, 1), make(chan error, 1)
	go func() {
		ended <- run(ctx, config, []string{brokerTarget, "console"}, said, func(a *app) { started <- a })
	}()
	select {
	case a := <-started:
		waitFor(t, "another reading of the file", func() bool { return a.inForce().Log.Level == "debug" })
	case err := <-ended:
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestHangupsBeforeTheyAreWaitedFor are not lost.
func TestHangupsBeforeTheyAreWaitedFor(t *testing.T) {
	came := survives(t)
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	write(t, file, "log: {level: info}\n", 0o600)
	a := alone(t, file)
	defer a.hear()()
	write(t, file, "log: {level: warn}\n", 0o600)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-came
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.reloads(ctx) }()
	waitFor(t, "another reading of the file", func() bool { return a.inForce().Log.Level == "warn" })
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func valueOf(t *testing.T, g prometheus.Gauge) float64 {
	t.Helper()
	var m dto.Metric
	if err := g.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetGauge().GetValue()
}
