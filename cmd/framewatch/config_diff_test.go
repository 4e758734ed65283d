package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfigurationsAreCompared key by key, with defaults in place and without secrets, and with what a process follows.
func TestConfigurationsAreCompared(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one := file("one.yaml", "data_dir: /d\nkafka: {sasl: {mechanism: PLAIN, user: u, password: first-secret}}\nconsole: {listen: '127.0.0.1:8080'}\n"+
		"profiles: {default: {rules: {silence: {for: 5s}}}}\nnotifier: {storm: {changes: 30}}\nstreams: [{id: a, url: 'http://h/a.ts'}]\n")
	same := file("same.yaml", "streams: [{url: 'http://h/a.ts', id: a, loop: false}]\nprofiles: {default: {rules: {silence: {for: 5000ms}}}}\ndata_dir: /d\n"+
		"kafka: {sasl: {user: u, password: first-secret, mechanism: PLAIN}}\n")
	other := file("other.yaml", "data_dir: /d\nkafka: {sasl: {mechanism: PLAIN, user: u, password: second-secret}}\nconsole: {listen: '127.0.0.1:8081'}\n"+
		"profiles: {default: {rules: {silence: {for: 6s}}}}\nnotifier: {storm: {changes: 30, every: 6s}}\nstreams: [{id: a, url: 'http://h/a.ts', labels: {site: north}}]\n")
	const all = `restart  console.listen: 127.0.0.1:8080 -> 127.0.0.1:8081
restart  kafka.sasl.password: another secret
live     notifier.storm.every: 5s -> 6s
live     profiles.default.rules.silence.for: 5s -> 6s
live     streams[a].labels.site: (absent) -> north
`
	compare := func(code int, want string, args ...string) {
		t.Helper()
		if got, stdout, stderr := command(t, append([]string{"config", "diff"}, args...)...); got != code || stdout != want || strings.Contains(stderr, "-secret") {
			t.Errorf("%q: got code %d:\n%s%s\nwant %d:\n%s", args, got, stdout, stderr, code, want)
		}
	}
	compare(exitOK, "", one, same)
	compare(exitDefects, all, one, other)
	compare(exitDefects, all, "-c", one, other)
	_, text, _ := command(t, "config", "diff", one, other, "-o", "json")
	var changes []keyChange
	if err := json.Unmarshal([]byte(text), &changes); err != nil || len(changes) != 5 || !changes[1].Secret || !changes[1].Restart || changes[2].Restart {
		t.Errorf("as JSON: %v, %s", err, text)
	}
	hook := func(name, path string) string {
		return file(name, "notifier: {receivers: {hook: {type: webhook, url: 'https://hook.example/"+path+"'}}}\n")
	}
	compare(exitDefects, "live     notifier.receivers.hook.url: another secret\n", hook("hook.yaml", "first-secret"), hook("hooked.yaml", "second-secret"))
	compare(exitUsage, "", one)
	compare(exitUsage, "", "--running", "here", one)

	config, err := loadConfig(one)
	if err != nil {
		t.Fatal(err)
	}
	a, err := newApp(config, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.adminHandler(true))
	defer server.Close()
	compare(exitOK, "", "--running", server.URL, same)
	compare(exitDefects, strings.Replace(all, "restart  kafka.sasl.password: another secret\n", "", 1), "--running", server.URL, other)
	later, err := loadConfig(other)
	if err != nil {
		t.Fatal(err)
	}
	a.force.Store(&later)
	compare(exitDefects, strings.SplitAfter(all, "\n")[0], "--running", server.URL, other)
	if status, text := fetch(t, "GET", server.URL+"/-/config"); strings.Contains(text, "-secret") || !strings.Contains(text, later.hash()) {
		t.Errorf("the process tells %d %s", status, text)
	}
	// A file is the same in another directory, and to a process that is told of other brokers.
	here, there := file("here.yaml", "kafka: {brokers: ['kafka:9092']}\n"), filepath.Join(t.TempDir(), "there.yaml")
	write(t, there, "kafka: {brokers: ['kafka:9092']}\n", 0o600)
	compare(exitOK, "", here, there)
	config, err = loadConfig(here)
	if err != nil {
		t.Fatal(err)
	}
	told, err := newApp(config.at([]string{"127.0.0.1:9092"}), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	telling := httptest.NewServer(told.adminHandler(true))
	defer telling.Close()
	compare(exitOK, "", "--running", telling.URL, there)
	a.config.Admin.TokenFile = file("token", "0123456789abcdef")
	compare(exitFailure, "", "--running", server.URL, other)
	compare(exitDefects, strings.SplitAfter(all, "\n")[0], "--running", server.URL, "--token-file", a.config.Admin.TokenFile, other)
}

// TestMistakesAreToldWithTheirPlace by line and column, and what only a process would come upon is a mistake too.
func TestMistakesAreToldWithTheirPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	for _, test := range []struct{ text, want string }{
		{"kafka:\n  partitions: -1\n", ":2:3: kafka: partitions: -1 is less than 1"},
		{"log: {level: info,\n  format: xml}\n", ":2:3: log: format"},
		{"console:\n  users:\n    ann: {role: boss, password_hash: x}\n", `:3:11: console: user "ann": role`},
		{"notifier:\n  receivers:\n    a: {type: log}\n    b: {type: pigeon}\n", `:4:5: notifier: receiver "b"`},
		{"notifier:\n  alertmanager:\n    templates: [/nowhere/*.tmpl]\n    route: {receiver: x, routes: [{receiver: y, matchers: ['a=b']}]}\n  receivers: {x: {type: log}, z: {type: log, format: q}}\n", ":5:31: notifier"},
		{"profiles:\n  sport: {rules: {silence: {for: 5x}}}\n", ":2:11: profiles.sport"},
		{"streams:\n  - {id: a, url: 'http://h/a.ts'}\n  - {id: b, url: 'udp://239.0.0.1:5000'}\n", `:3:13: streams[1] ("b"): url`},
		{"streams:\n  - {id: a, url: 'http://h/a.ts'}\n  - {id: a, url: 'http://h/b.ts'}\n", `:3:5: streams[1] ("a"): the id is taken twice`},
	} {
		if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, stdout, stderr := command(t, "config", "check", "-c", file); code != exitUsage || !strings.Contains(stderr, file+test.want) {
			t.Errorf("%s\ngot code %d: %s%s, want %s", test.text, code, stdout, stderr, file+test.want)
		}
	}
	if err := os.WriteFile(file, []byte(fmt.Sprintf("data_dir: %s\n", filepath.Dir(file))), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := command(t, "config", "check", "-c", file); code != exitOK {
		t.Errorf("a sound one: code %d %s%s", code, stdout, stderr)
	}
	if code, _, stderr := command(t, "config", "show", "--redacted", "-c", file); code != exitOK {
		t.Errorf("show --redacted: code %d %s", code, stderr)
	}
}
