package notifier_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/framewatch/framewatch/notifier"
)

// eventually waits for something that has to come.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// serveTown serves the API of a notifier of a town, in real time.
func serveTown(t *testing.T, w *town) (url string) {
	t.Helper()
	n := w.begin()
	t.Cleanup(func() { w.stop() })
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	eventually(t, "the API", func() bool { return get(t, server.URL+"/api/v2/status", "") != http.StatusServiceUnavailable })
	return server.URL
}

func get(t *testing.T, url, token string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// TestAmtool works with Debian's amtool: what it shows, and silences that it makes and ends.
func TestAmtool(t *testing.T) {
	w := newTown(t, "", "ops")
	url := serveTown(t, w)
	amtool := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("amtool", append([]string{"--alertmanager.url=" + url, "--no-version-check"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("amtool %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	d := defect("d1", "news", "black")
	w.post(d.opened())
	eventually(t, "the defect to be told", func() bool { return len(w.targets["ops"].lines()) == 1 })
	if shown := amtool("alert", "query", "-o", "json", "stream=news"); !strings.Contains(shown, `"kind":"black"`) || !strings.Contains(shown, "The picture is black") {
		t.Errorf("amtool shows the alert as %s", shown)
	}
	// One that came by the log is not written again with what changes here.
	foreign, err := notifier.NewSilence(notifier.Silence{Matchers: []string{"stream=films"}, By: "bob", Start: time.Now(), End: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	w.write(foreign)
	eventually(t, "the other silence", func() bool { return strings.Contains(amtool("silence", "query"), notifier.SilenceID(foreign.Key)) })
	id := amtool("silence", "add", "--author=ann", "--comment=works", "stream=news")
	if kept := w.kept(); len(kept) != 3 || !slices.Contains(kept, "silence/"+id) {
		t.Errorf("%q is kept, want the silence %s, the other and what was told", kept, id)
	}
	if _, writes := silences(t, w); writes != 2 {
		t.Errorf("the two silences are written %d times", writes)
	}
	eventually(t, "the silence to be told", func() bool { return len(w.targets["ops"].lines()) == 2 })
	if shown := amtool("silence", "query"); !strings.Contains(shown, id) || !strings.Contains(shown, "ann") {
		t.Errorf("amtool shows the silence as %s", shown)
	}
	amtool("silence", "expire", id)
	if shown := amtool("silence", "query", "-q"); shown != notifier.SilenceID(foreign.Key) {
		t.Errorf("a silence that was ended is shown: %s", shown)
	}
	if s := lastSilence(t, w); s.End.After(time.Now()) {
		t.Errorf("the log has a silence until %v that was ended", s.End)
	}
	resp, err := http.Post(url+"/api/v2/alerts", "application/json", strings.NewReader(`[{"labels":{"alertname":"forged"}}]`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("an alert is taken from anybody: status %d", resp.StatusCode)
	}
}

// lastSilence is the newest on the log.
func lastSilence(t *testing.T, w *town) (last *notifier.Silence) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.state {
		s, err := notifier.ReadSilence(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		if s != nil {
			last = s
		}
	}
	return last
}

// TestToken: nobody is let in without it, and one that is changed holds at once.
func TestToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sesame")
	w := newTown(t, "token_file: "+file, "ops")
	url := serveTown(t, w) + "/api/v2/status"
	check := func(token string, want int) {
		t.Helper()
		eventually(t, fmt.Sprintf("status %d with token %q", want, token), func() bool { return get(t, url, token) == want })
	}
	check("sesame", http.StatusOK)
	for _, token := range []string{"", "sesam", "sesame2"} {
		check(token, http.StatusUnauthorized)
	}
	write("thyme")
	check("sesame", http.StatusUnauthorized)
	check("thyme", http.StatusOK)
	write("")
	check("", http.StatusUnauthorized)
}

// TestExternal tells Debian's Alertmanager: what is open there fires, what has ended does not, and severities replace each other.
func TestExternal(t *testing.T) {
	address := freeAddress(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(config, []byte("{route: {receiver: none}, receivers: [{name: none}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	peer := exec.Command("prometheus-alertmanager", "--config.file="+config, "--storage.path="+dir, "--web.listen-address="+address, "--cluster.listen-address=")
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Process.Kill(); peer.Wait() })
	url := "http://" + address
	eventually(t, "Alertmanager", func() bool {
		resp, err := http.Get(url + "/-/ready")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	w := newTown(t, "external: {url: '"+url+"'}")
	w.begin()
	t.Cleanup(func() { w.stop() })
	d, other := defect("d1", "news", "black"), defect("d2", "sport", "freeze")
	w.post(d.opened(), other.opened())
	active := func() map[string]string {
		resp, err := http.Get(url + "/api/v2/alerts?active=true")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		var alerts []struct {
			Labels      map[string]string
			Annotations map[string]string
		}
		if err := json.Unmarshal(text, &alerts); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		found := map[string]string{}
		for _, a := range alerts {
			found[a.Labels["defect"]] += a.Labels["severity"]
		}
		return found
	}
	expect := func(want string) {
		t.Helper()
		eventually(t, want+" there", func() bool { return fmt.Sprint(active()) == want })
	}
	expect("map[d1:critical d2:critical]")
	w.post(d.severity("warning"))
	expect("map[d1:warning d2:critical]")
	w.post(other.closed())
	expect("map[d1:warning]")
}

// TestHeartbeat: the service outside is told as long as the canary's defects come, and of those nobody is.
func TestHeartbeat(t *testing.T) {
	var beats atomic.Int32
	outside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { beats.Add(1) }))
	t.Cleanup(outside.Close)
	w := newTown(t, "heartbeat: {url: '"+outside.URL+"', stream: canary, every: 1s, within: 2s}", "ops")
	serveTown(t, w)
	for i := range 4 {
		d := defect(fmt.Sprint("canary", i), "canary", "black")
		w.post(d.opened(), d.closed())
		before := beats.Load()
		eventually(t, "a heartbeat", func() bool { return beats.Load() > before })
	}
	// Once the canary is silent for longer than it may be, so is the heartbeat.
	last := int32(-1)
	eventually(t, "the heartbeat to stop", func() bool {
		before := last
		last = beats.Load()
		time.Sleep(3 * time.Second)
		return last == before
	})
	if told := w.targets["ops"].lines(); len(told) > 0 {
		t.Errorf("people were told of the canary: %q", told)
	}
}

// TestExternalAndTheCanary: the other Alertmanager is told of what people are to be told of, neither of the canary nor of a rule that is tried out, and the service outside as long as the canary's
// defects come.
func TestExternalAndTheCanary(t *testing.T) {
	var mu sync.Mutex
	told := map[string]bool{}
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var alerts []struct{ Labels map[string]string }
		if err := json.NewDecoder(r.Body).Decode(&alerts); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, a := range alerts {
			told[a.Labels["defect"]] = true
		}
	}))
	t.Cleanup(peer.Close)
	var beats atomic.Int32
	outside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { beats.Add(1) }))
	t.Cleanup(outside.Close)
	w := newTown(t, fmt.Sprintf("{external: {url: '%s'}, heartbeat: {url: '%s', stream: canary, every: 1s, within: 1m}}", peer.URL, outside.URL))
	w.begin()
	t.Cleanup(func() { w.stop() })
	tried, yes := defect("tried", "news", "freeze"), true
	tried.DryRun = &yes
	w.post(tried.opened(), defect("canary1", "canary", "black").opened(), defect("d1", "news", "black").opened())
	eventually(t, "a heartbeat", func() bool { return beats.Load() > 0 })
	eventually(t, "the defect to be posted", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return told["d1"]
	})
	mu.Lock()
	defer mu.Unlock()
	if len(told) != 1 {
		t.Errorf("the other Alertmanager was told of %v, want d1 alone", told)
	}
	if ages := w.figure(t, "framewatch_notifier_canary_age_seconds"); len(ages) != 1 || ages[0].Gauge.GetValue() > 3600 {
		t.Errorf("the canary's age is %v", ages)
	}
}

// TestSilencesAtOnce makes many at the same time: each stands in the log when it is answered for.
func TestSilencesAtOnce(t *testing.T) {
	w := newTown(t, "", "ops")
	url := serveTown(t, w)
	w.onStep(func(step string) {
		if step == "before writing" {
			time.Sleep(5 * time.Millisecond)
		}
	})
	var asking sync.WaitGroup
	for i := range 50 {
		asking.Go(func() {
			body := fmt.Sprintf(`{"matchers": [{"name": "stream", "value": "s%d", "isRegex": false}], "startsAt": %q, "endsAt": %q, "createdBy": "ann", "comment": "works"}`,
				i, time.Now().UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
			resp, err := http.Post(url+"/api/v2/silences", "application/json", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			var made struct{ SilenceID string }
			if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("status %d, %v", resp.StatusCode, err)
				return
			}
			if !slices.Contains(w.kept(), "silence/"+made.SilenceID) {
				t.Errorf("the silence %s was answered for before it stood in the log", made.SilenceID)
			}
		})
	}
	asking.Wait()
}

// TestChangesWhileTheLogIsAway: who waits for a change before it does so for as long as one request may take, or as it wants to, and is told that nothing was changed.
func TestChangesWhileTheLogIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "", "ops")
		n := w.begin()
		defer func() { w.stop() }()
		w.wait(time.Second)
		w.slow(func([]notifier.Entry) time.Duration { return time.Hour })
		var asking sync.WaitGroup
		ask := func(patience time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			body := fmt.Sprintf(`{"matchers": [{"name": "stream", "value": "s", "isRegex": false}], "startsAt": %q, "endsAt": %q, "createdBy": "ann", "comment": "works"}`,
				time.Now().UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/v2/silences", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			answer, asked := httptest.NewRecorder(), time.Now()
			n.ServeHTTP(answer, r)
			if took := time.Since(asked); took > min(patience, 30*time.Second) {
				t.Errorf("it is answered after %s", took)
			}
			if answer.Code < 500 {
				t.Errorf("who waits for %s is answered %d: %s", patience, answer.Code, answer.Body)
			}
			if patience < 30*time.Second && answer.Code != http.StatusServiceUnavailable {
				t.Errorf("who did not come to change anything is answered %d: %s", answer.Code, answer.Body)
			}
		}
		asking.Go(func() { ask(time.Hour) })
		synctest.Wait()
		asking.Go(func() { ask(5 * time.Second) })
		time.Sleep(10 * time.Second)
		asking.Go(func() { ask(time.Hour) })
		asking.Wait()
	})
}

// TestTooLongAChange: what is longer than a request may be is told so.
func TestTooLongAChange(t *testing.T) {
	url := serveTown(t, newTown(t, "", "ops"))
	resp, err := http.Post(url+"/api/v2/silences", "application/json", strings.NewReader(strings.Repeat(" ", 1<<20+1)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", resp.StatusCode)
	}
}

// TestExternalThatTakesNothingIsCounted: its attempts are those of a target, which an alert looks at.
func TestExternalThatTakesNothingIsCounted(t *testing.T) {
	var takes atomic.Bool
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !takes.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(peer.Close)
	w := newTown(t, "external: {url: '"+peer.URL+"'}")
	w.begin()
	t.Cleanup(func() { w.stop() })
	w.post(defect("d1", "news", "black").opened())
	eventually(t, "a refusal to be counted", func() bool { return w.attempts(t)["external alertmanager retrying"] > 0 })
	if n := w.attempts(t)["external alertmanager delivered"]; n != 0 {
		t.Errorf("%v were taken by who takes nothing", n)
	}
	takes.Store(true)
	eventually(t, "a delivery to be counted", func() bool { return w.attempts(t)["external alertmanager delivered"] > 0 })
}

// TestTheFirstRefusalIsAnIncrease: Prometheus knows of each target and outcome before there is one, and of the canary no age from before there were clocks.
func TestTheFirstRefusalIsAnIncrease(t *testing.T) {
	w := newTown(t, "heartbeat: {url: 'http://127.0.0.1:1', stream: canary}", "ops")
	serveTown(t, w)
	got := w.attempts(t)
	for _, outcome := range []string{"delivered", "failed", "retrying"} {
		if n, there := got["ops/log[0] log "+outcome]; !there || n != 0 {
			t.Errorf("before anything was told the attempts are %v, want none that is %s", got, outcome)
		}
	}
	for _, m := range w.figure(t, "framewatch_notifier_canary_age_seconds") {
		if age := m.Gauge.GetValue(); age > 3600 {
			t.Errorf("the canary's last defect was %v s ago", age)
		}
	}
}

// figure is what the process tells under a name.
func (w *town) figure(t *testing.T, name string) []*dto.Metric {
	t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.Metric
		}
	}
	return nil
}

// attempts are the attempts that are counted, by target, type and outcome.
func (w *town) attempts(t *testing.T) map[string]float64 {
	t.Helper()
	counted := map[string]float64{}
	for _, m := range w.figure(t, "framewatch_notifier_attempts_total") {
		of := map[string]string{}
		for _, l := range m.Label {
			of[l.GetName()] = l.GetValue()
		}
		counted[of["target"]+" "+of["type"]+" "+of["outcome"]] = m.Counter.GetValue()
	}
	return counted
}

// freeAddress is a port of loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestAlertmanagersReceivers tells by one of Alertmanager's own: a group begins, changes and ends, also when a new notifier takes over in between.
func TestAlertmanagersReceivers(t *testing.T) {
	type body struct {
		Status string
		Alerts []struct {
			Status      string
			Labels      map[string]string
			Annotations map[string]string
		}
	}
	var mu sync.Mutex
	var told []string
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b body
		if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
			t.Errorf("read what Alertmanager posts: %v", err)
			return
		}
		line := b.Status
		for _, a := range b.Alerts {
			line += " " + a.Labels["defect"] + ":" + a.Status
			if a.Annotations["summary"] == "" {
				t.Errorf("an alert has no summary: %+v", a)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		told = append(told, line)
	}))
	t.Cleanup(hook.Close)
	w := newTown(t, "alertmanager: {route: {receiver: ops, group_by: [stream], group_wait: 1s, group_interval: 1s}, receivers: [{name: ops, webhook_configs: [{url: '"+hook.URL+"'}]}]}")
	w.begin()
	t.Cleanup(func() { w.stop() })
	expect := func(want ...string) {
		t.Helper()
		eventually(t, fmt.Sprintf("%q", want), func() bool { mu.Lock(); defer mu.Unlock(); return slices.Equal(told, want) })
	}
	d, other := defect("d1", "news", "black"), defect("d2", "news", "freeze")
	w.post(d.opened())
	expect("firing d1:firing")
	w.stop()
	w.post(d.closed())
	w.begin()
	expect("firing d1:firing", "resolved d1:resolved")
	w.post(other.opened())
	expect("firing d1:firing", "resolved d1:resolved", "firing d2:firing")
}
