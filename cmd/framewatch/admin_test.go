package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// spoken is a log that is written and read at once.
type spoken struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *spoken) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// after is what follows the first mark up to the next blank; "": it does not stand there yet.
func (l *spoken) after(mark string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, rest, _ := strings.Cut(l.text.String(), mark)
	word, _, found := strings.Cut(rest, "\n")
	if !found {
		return ""
	}
	return word
}

// fetch makes a request and returns the answer's status and text.
func fetch(t *testing.T, method, url string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// TestAdminListener asks a process that waits for its log, and one that works.
func TestAdminListener(t *testing.T) {
	dir := t.TempDir()
	config := defaultConfig()
	config.DataDir, config.Embedded.Listen, config.Console.Listen, config.Admin.Listen = dir, "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	start := func(t *testing.T, config Config, targets ...string) (*spoken, <-chan *app) {
		ctx, cancel := context.WithCancel(t.Context())
		log, started, ended := &spoken{}, make(chan *app, 1), make(chan error, 1)
		go func() { ended <- run(ctx, config, targets, log, func(a *app) { started <- a }) }()
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("ended by a signal it tells of %v", err)
			}
		})
		return log, started
	}

	t.Run("waits for the log", func(t *testing.T) {
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		config := config
		config.Kafka.Brokers = []string{silent.Addr().String()}
		log, _ := start(t, config, "detector", "notifier")
		waitFor(t, "an admin listener", func() bool { return log.after(`msg="admin listener is up" url=`) != "" })
		url := log.after(`msg="admin listener is up" url=`)
		if status, text := fetch(t, "GET", url+"/-/healthy"); status != http.StatusOK || !strings.Contains(text, `{"healthy":true}`) {
			t.Errorf("healthy answers %d %s", status, text)
		}
		status, text := fetch(t, "GET", url+"/-/ready")
		var answer struct{ Waiting []waiting }
		if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusServiceUnavailable || len(answer.Waiting) != 3 ||
			answer.Waiting[0] != (waiting{"kafka", "a broker to answer"}) || answer.Waiting[1] != (waiting{"detector", "the log"}) || answer.Waiting[2].Target != "notifier" {
			t.Errorf("ready answers %d %s", status, text)
		}
		if status, text := fetch(t, "GET", url+"/metrics"); status != http.StatusOK || !strings.Contains(text, "framewatch_build_info{") {
			t.Errorf("metrics answers %d %.300s", status, text)
		}
	})

	t.Run("waits for the log no longer than its configuration is the same", func(t *testing.T) {
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		path := filepath.Join(t.TempDir(), "framewatch.yaml")
		write := func(level string) {
			text := "kafka: {brokers: [\"" + silent.Addr().String() + "\"]}\nadmin: {listen: 127.0.0.1:0}\nlog: {level: " + level + "}\n"
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("info")
		config, err := loadConfig(path)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- run(t.Context(), config, []string{"detector"}, io.Discard, nil) }()
		write("warn")
		if err := <-ended; !errors.Is(err, errOutdated) {
			t.Errorf("ends with %v, want %v", err, errOutdated)
		}
	})

	t.Run("works", func(t *testing.T) {
		path := filepath.Join(dir, "framewatch.yaml")
		write := func(text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("data_dir: " + dir + "\nembedded: {listen: 127.0.0.1:0}\nconsole: {listen: 127.0.0.1:0}\nadmin: {listen: 127.0.0.1:0}\n")
		config, err := loadConfig(path)
		if err != nil {
			t.Fatal(err)
		}
		_, started := start(t, config, allTargets)
		a := <-started
		url := *a.admin.Load()
		waitFor(t, "a ready process", func() bool { status, _ := fetch(t, "GET", url+"/-/ready"); return status == http.StatusOK })
		if status, text := fetch(t, "POST", url+"/-/reload"); status != http.StatusOK {
			t.Errorf("reload answers %d %s", status, text)
		}
		write("consle: {}\n")
		if status, text := fetch(t, "POST", url+"/-/reload"); status != http.StatusUnprocessableEntity || !strings.Contains(text, `unknown key \"consle\"`) {
			t.Errorf("reload of a file with a mistake answers %d %s", status, text)
		}
		if status, _ := fetch(t, "GET", url+"/-/reload"); status != http.StatusMethodNotAllowed {
			t.Errorf("GET reloads: %d", status)
		}
		for _, header := range [][]string{{"Host", "page.example"}, {"Sec-Fetch-Site", "cross-site"}} {
			if status, text := fetch(t, "POST", url+"/-/reload", header...); status != http.StatusMisdirectedRequest && status != http.StatusForbidden {
				t.Errorf("reload for a page elsewhere, %s, answers %d %s", header, status, text)
			}
		}
		if status, text := fetch(t, "GET", url+"/debug/pprof/goroutine?debug=1"); status != http.StatusOK || !strings.Contains(text, "runDetector") {
			t.Errorf("a profile answers %d %.200s", status, text)
		}

		taken := defaultConfig()
		taken.DataDir, taken.Embedded.Listen, taken.Admin.Listen = t.TempDir(), "127.0.0.1:0", strings.TrimPrefix(url, "http://")
		if err := run(t.Context(), taken, []string{allTargets}, io.Discard, nil); err == nil || !strings.Contains(err.Error(), "admin.listen: "+taken.Admin.Listen+" is taken, perhaps by another process") {
			t.Errorf("a second process on the same port ends with: %v", err)
		}
	})
}

// TestAdminListenerIsClosedToOthers asks one that other machines can reach.
func TestAdminListenerIsClosedToOthers(t *testing.T) {
	config := defaultConfig()
	a, err := newApp(config, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.adminHandler(false))
	defer server.Close()
	wants := func(want int, path string, header ...string) {
		t.Helper()
		if status, text := fetch(t, "GET", server.URL+path, header...); status != want {
			t.Errorf("%s with %q answers %d, want %d: %.200s", path, header, status, want, text)
		}
	}
	const heap, token, other = "/debug/pprof/heap", "0123456789abcdef", "fedcba9876543210"
	for _, path := range []string{"/-/healthy", "/-/ready", "/metrics"} {
		wants(http.StatusOK, path)
	}
	wants(http.StatusForbidden, heap)
	wants(http.StatusForbidden, heap, "Authorization", "Bearer ")
	if _, text := fetch(t, "POST", server.URL+"/-/reload"); !strings.Contains(text, "set admin.token_file") {
		t.Errorf("a reload without a token answers %s", text)
	}

	file := filepath.Join(t.TempDir(), "token")
	a.config.Admin.TokenFile = file
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wants(http.StatusForbidden, heap, "Authorization", "Bearer "+token) // there is no file
	write("short\n")
	wants(http.StatusForbidden, heap, "Authorization", "Bearer short")
	write(token + "\n")
	wants(http.StatusOK, heap, "Authorization", "Bearer "+token)
	wants(http.StatusUnauthorized, heap, "Authorization", "Bearer "+other)
	wants(http.StatusUnauthorized, heap, "Authorization", token)
	wants(http.StatusUnauthorized, heap)
	write(other)
	wants(http.StatusOK, heap, "Authorization", "Bearer "+other)
	wants(http.StatusUnauthorized, heap, "Authorization", "Bearer "+token)
}

func TestMemberIsReadyWithItsPartitionsStates(t *testing.T) {
	begun := time.Now()
	after := func(d time.Duration) time.Time { return begun.Add(d) }
	var a assignment
	wants := func(at time.Duration, want string) {
		t.Helper()
		if got := a.missing(after(at)); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("after %v it waits for %q, want %q", at, got, want)
		}
	}
	wants(time.Hour, "to give partitions")
	a.owns(nil, after(0))
	wants(spareAfter-1, "hand partitions over")
	wants(spareAfter, "")
	a.owns([]int32{1, 3}, after(time.Second))
	wants(time.Hour, "partitions 1, 3 to be rebuilt")
	a.working(3)
	wants(time.Hour, "partitions 1 to")
	a.owns([]int32{3}, after(2*time.Second)) // 1 went to another
	wants(time.Hour, "")

	var r readiness
	r.expect("detector", "the log")
	gate := r.of("detector")
	gate.open()
	if list := r.missing(); len(list) != 0 {
		t.Errorf("it waits for %v", list)
	}
	gate.waitFor("an outage to end")
	if list := r.missing(); len(list) != 0 {
		t.Errorf("it waits again: %v", list)
	}
}

func TestWatchdogTellsOfWhatStandsStill(t *testing.T) {
	var w watchdog
	locked, failing := make(chan struct{}), errors.New("it goes round")
	w.watch("goes", func() error { return nil })
	w.watch("fails", func() error { return failing })
	w.watch("is locked", func() error { <-locked; return nil })
	told := func() (list []string) {
		for _, s := range w.stuck(time.Now()) {
			list = append(list, s.Loop+": "+s.Why)
		}
		return list
	}
	if list := told(); len(list) != 0 {
		t.Errorf("at once it tells of %v", list)
	}
	for _, l := range w.loops {
		l.good = l.good.Add(-stuckAfter - time.Second)
	}
	w.look()
	w.look() // does not ask again who has not answered
	answered := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return !w.loops[0].asking && !w.loops[1].asking
	}
	waitFor(t, "answers", answered)
	got := strings.Join(told(), "; ")
	if want := "fails: it goes round; is locked: it does not answer"; got != want {
		t.Errorf("it tells of %q, want %q", got, want)
	}
	close(locked)
	waitFor(t, "an answer of the locked one", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return !w.loops[2].asking })

	var f folds
	at := f.begin(2)
	for _, step := range []struct {
		at   int64
		want string
	}{{0, ""}, {0, ""}, {8, ""}, {9, ""}, {9, "partition 2 goes on folding the record at offset 8"}, {0, ""}, {9, ""}} {
		at.Store(step.at)
		err := f.check()
		if (err == nil) != (step.want == "") || err != nil && err.Error() != step.want {
			t.Errorf("folding %d: got %v, want %q", step.at, err, step.want)
		}
	}
}
