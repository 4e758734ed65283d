package notifier_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/notifier"
)

func decode(t *testing.T, text string) notifier.Config {
	t.Helper()
	c := notifier.Defaults()
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func TestConfig(t *testing.T) {
	template := filepath.Join(t.TempDir(), "broken.tmpl")
	if err := os.WriteFile(template, []byte("{{ define"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ text, problem string }{
		{"{}", ""},
		{"receivers: {a: {type: log, send_resolved: false}}", ""},
		{"receivers: {a: [{type: log}, {type: log, format: json}]}", ""},
		{"receivers: {a: {type: webhok}}", `receiver "a": line 1: "webhok" is unknown, did you mean "webhook"?`},
		{"receivers:\n  a:\n    type: webhook\n    url: ftp://example.org", `receiver "a": line 3: options of webhook: url`},
		{"receivers: {a: {type: log, sned: [opened]}}", "sned"},
		{"{receivers: {a: {type: log}, b: {type: log}}, alertmanager: {route: {receiver: a}}}", `receiver "b": no route`},
		{"{receivers: {a: {type: log}, b: {type: log}}, alertmanager: {route: {receiver: a, routes: [{receiver: b, matchers: ['kind=\"black\"']}]}}}", ""},
		{"alertmanager: {route: {receiver: a}}", "a"},
		{"alertmanager: {route: {receiver: a, group_by: [stream], group_interval: soon}, receivers: [{name: a}]}", "soon"},
		{"alertmanager: {route: {receiver: a}, receivers: [{name: a, webhook_configs: [{url: 'http://example.org'}]}]}", ""},
		{"alertmanager: {route: {receiver: a}, receivers: [{name: a, webhok_configs: []}]}", "webhok_configs"},
		{"alertmanager: {rout: {receiver: a}}", "rout"},
		{"alertmanager: {route: [a]}", "route is not a mapping"},
		{"{receivers: {a: {type: log}}, alertmanager: {templates: ['" + template + "']}}", "templates"},
		{"storm: {changes: 0}", "changes"},
		{"storm: {every: 1m}", "every"},
		{"escalate: [5m, 5m]", "escalate"},
		{"console: somewhere", "console"},
		{"heartbeat: {url: 'https://example.org/ping', stream: canary}", ""},
		{"heartbeat: {stream: canary}", "heartbeat: stream is named"},
		{"heartbeat: {url: 'https://example.org/ping'}", "the canary's id, is missing"},
		{"heartbeat: {url: example.org, stream: canary}", "heartbeat: url"},
		{"heartbeat: {url: 'https://example.org/ping', stream: canary, within: 0s}", "within"},
		{"external: {url: 'http://alertmanager:9093'}", ""},
		{"external: {url: alertmanager}", "external: url"},
		{"{external: {url: 'http://alertmanager:9093'}, receivers: {a: {type: log}}}", "external: the Alertmanager there"},
		{"{external: {url: 'http://alertmanager:9093'}, escalate: [5m]}", "external: the Alertmanager there"},
		{"{external: {url: 'http://alertmanager:9093'}, heartbeat: {url: 'https://example.org/ping', stream: canary}}", ""},
		{"listen: '0.0.0.0:9093'", "token_file"},
		{"{listen: '0.0.0.0:9093', token_file: /run/secrets/token}", ""},
		{"listen: '127.0.0.1:9093'", ""},
		{"listen: '9093'", "host:port"},
	}
	for _, test := range tests {
		err := decode(t, test.text).Validate()
		if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: %v, want %q", test.text, err, test.problem)
		}
	}
}

// TestShow: what is printed can be read again, but for what is secret.
func TestShow(t *testing.T) {
	config := decode(t, `
receivers: {a: {type: webhook, url: 'https://u:hunter2@example.org/T0K3N', secret: whsec_c2VzYW1lc2VzYW1lc2VzYW1lc2VzYW1l}}
alertmanager: {route: {receiver: b, routes: [{receiver: a}]}, receivers: [{name: b, pagerduty_configs: [{routing_key: sesame}]}]}`)
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	shown, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"hunter2", "T0K3N", "c2VzYW1l", "sesame"} {
		if strings.Contains(string(shown), word) {
			t.Errorf("%s is shown in\n%s", word, shown)
		}
	}
	for _, word := range []string{"type: webhook", "https://example.org", "pagerduty_configs", "group_by"} {
		if !strings.Contains(string(shown), word) {
			t.Errorf("%s is not shown in\n%s", word, shown)
		}
	}
}

// TestRoutes prints where a defect goes, with what the configuration leaves out.
func TestRoutes(t *testing.T) {
	config := decode(t, "{receivers: {ops: {type: log}, boss: {type: log}}, alertmanager: {route: {receiver: ops, routes: [{receiver: boss, matchers: ['severity=\"critical\"'], repeat_interval: 1h}]}}}")
	n, err := notifier.New(config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var tree, critical strings.Builder
	n.Routes(&tree, nil)
	n.Routes(&critical, map[string]string{"severity": "critical"})
	want := "everything -> ops (by kind, stream; wait 1s, then every 10s, repeat 4h0m0s)\n"
	boss := `{severity="critical"} -> boss (by kind, stream; wait 1s, then every 10s, repeat 1h0m0s)` + "\n"
	if tree.String() != want+"  "+boss || critical.String() != boss {
		t.Errorf("the tree is\n%s\nand of critical ones\n%s", tree.String(), critical.String())
	}
}
