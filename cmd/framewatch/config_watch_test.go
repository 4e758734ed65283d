package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// alone is a process that follows a file with neither streams nor profiles, for which it needs no log.
func alone(t *testing.T, file string) *app {
	t.Helper()
	config, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	a, err := newApp(config, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestMendedFilesAreTaken: where a file was refused, what mends it is noticed, also a secret that comes later and the text of before; and success is told again.
func TestMendedFilesAreTaken(t *testing.T) {
	dir := t.TempDir()
	file, password := filepath.Join(dir, "framewatch.yaml"), filepath.Join(dir, "password")
	write(t, file, "log: {level: info}\n", 0o600)
	a := alone(t, file)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.watches(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	taken := func(what string, want float64) {
		t.Helper()
		waitFor(t, what, func() bool { return valueOf(t, a.meters.successful) == want })
	}
	sound := fmt.Sprintf("console: {users: {ann: {password_file: '%s'}}}\n", password)
	write(t, file, sound, 0o600)
	taken("a file that names a secret too early to be refused", 0)
	write(t, password, "sesame", 0o600)
	taken("it to be taken when the secret is there", 1)
	write(t, file, sound+"noise: {}\n", 0o600)
	taken("a mistake to be refused", 0)
	write(t, file, sound, 0o600)
	taken("the text of before to be taken", 1)
}

// TestHalfAFileIsReadAgain: what is written while a file is read is another file.
func TestHalfAFileIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "framewatch.yaml"), filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	half := fmt.Sprintf("kafka: {prefix: '${file:%s}'}\n", pipe)
	write(t, file, half, 0o600)
	written := make(chan error, 1)
	go func() {
		w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // once it is read from, the file has been
		if err == nil {
			err = os.WriteFile(file, []byte(half+"log: {level: warn}\n"), 0o600)
			_, _ = w.WriteString("fw.")
			w.Close()
		}
		written <- err
	}()
	config, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if config.Log.Level != "info" || config.digest() == config.seen {
		t.Errorf("the level is %s, and the whole file has the digest of the half: %t", config.Log.Level, config.digest() == config.seen)
	}
	write(t, file, half, 0o600)
	if config.digest() != config.seen {
		t.Error("the half that was read has another digest")
	}
}

// TestReloadKeepsWhatIsTheSame: who has tried the console's passwords too often and what tells of defects are as before, unless the file, or one with a secret, says something else of them.
func TestReloadKeepsWhatIsTheSame(t *testing.T) {
	dir := t.TempDir()
	file, password, secret, template := filepath.Join(dir, "framewatch.yaml"), filepath.Join(dir, "password"), filepath.Join(dir, "secret"), filepath.Join(dir, "a.tmpl")
	key := func(letter string) string {
		return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32)))
	}
	text := func(level, role string) string {
		return fmt.Sprintf("log: {level: %s}\nconsole: {users: {ann: {role: %s, password_file: '%s'}}}\n"+
			"notifier: {alertmanager: {templates: ['%s/*.tmpl']}, receivers: {hook: {type: webhook, url: 'https://hook.example/', secret_file: '%s'}}}\n", level, role, password, dir, secret)
	}
	write(t, file, text("info", "viewer"), 0o600)
	write(t, password, "sesame", 0o600)
	write(t, secret, key("a"), 0o600)
	write(t, template, `{{ define "a" }}a{{ end }}`, 0o600)
	a := alone(t, file)
	tells, err := notifier.New(a.config.Notifier, a.log)
	if err != nil {
		t.Fatal(err)
	}
	a.notifiers.use(tells)
	page := console.New(a.config.Console, console.Deps{Log: a.log, Metrics: http.NotFoundHandler(), Ready: func() error { return nil }, Redact: func(s string) string { return s }})
	a.page.Store(page)
	try := func() int {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/me", nil)
		r.SetBasicAuth("ann", "wrong")
		answer := httptest.NewRecorder()
		page.Handler().ServeHTTP(answer, r)
		return answer.Code
	}
	for _, test := range []struct {
		what, file, text string
		admits, tells    bool
	}{
		{"another level of log lines", file, text("warn", "viewer"), false, false},
		{"another role", file, text("warn", "admin"), true, false},
		{"another password", password, "open", true, false},
		{"another secret of a receiver", secret, key("b"), false, true},
		{"another template", template, `{{ define "a" }}b{{ end }}`, false, true},
		{"the same", file, text("warn", "admin"), false, false},
	} {
		for n := 0; try() != http.StatusTooManyRequests; n++ {
			if n > 100 {
				t.Fatal("a hundred wrong passwords are not too many")
			}
		}
		before := a.notifiers.now()
		write(t, test.file, test.text, 0o600)
		if _, err := a.reload(t.Context()); err != nil {
			t.Fatalf("%s: %v", test.what, err)
		}
		if admits := try() != http.StatusTooManyRequests; admits != test.admits {
			t.Errorf("%s: the console begins anew: %t, want %t", test.what, admits, test.admits)
		}
		if tells := a.notifiers.now() != before; tells != test.tells {
			t.Errorf("%s: another notifier tells: %t, want %t", test.what, tells, test.tells)
		}
	}
}

// TestTargetsBeginWithWhatIsInForce, which may be another configuration than that of the start.
func TestTargetsBeginWithWhatIsInForce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	text := func(letter string) string {
		return fmt.Sprintf("kafka: {partitions: 2}\nconsole: {listen: '127.0.0.1:0', tokens: {robot: {role: viewer, sha256: %s, expires: 2099-01-01T00:00:00Z}}}\n", hashOf(letter))
	}
	write(t, file, text("first"), 0o600)
	a := follower(t, kafkatest.Embedded(t), file, &locked{})
	if err := a.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, file, text("second"), 0o600)
	if _, err := a.reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx := consoleUp(t, a)
	for token, want := range map[string]int{"first": http.StatusUnauthorized, "second": http.StatusOK} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, *a.console.Load()+"/api/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("the %s token: got %d, want %d", token, answer.StatusCode, want)
		}
	}
}

// TestSilencesFollowTheFile: where the file hands the telling over to another Alertmanager, silences are refused from then on.
func TestSilencesFollowTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	write(t, file, "log: {level: info}\n", 0o600)
	a := alone(t, file)
	if err := a.mutes(); err != nil {
		t.Fatal(err)
	}
	write(t, file, "notifier: {external: {url: 'http://alertmanager.example/'}}\n", 0o600)
	if _, err := a.reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a.mutes() == nil {
		t.Error("a silence is taken that nobody would know of")
	}
}

// TestPipesAreReadOnce: a configuration that comes by a pipe is never looked at again, which would wait for a writer or find something else.
func TestPipesAreReadOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	write(t, file, "log: {level: info}\n", 0o600)
	a := alone(t, file)
	if !a.watchable() {
		t.Error("a file is not looked at again")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if a.watchable() {
		t.Error("a pipe is looked at again")
	}
}
