package notifier_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/notifier"
)

// endpointsOf are those of one receiver of Alertmanager's.
func endpointsOf(t *testing.T, kind, options string) []notifier.Endpoint {
	t.Helper()
	c := notifier.Defaults()
	text := fmt.Sprintf("alertmanager: {global: {smtp_from: tv@example.com}, route: {receiver: ops}, receivers: [{name: ops, %s_configs: [{%s}]}]}", kind, options)
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c.Endpoints()
}

// TestAlertmanagersEndpoints: each of Alertmanager's own receivers is reached at the address, or the proxy, that it tells of a defect.
func TestAlertmanagersEndpoints(t *testing.T) {
	for _, c := range contracts {
		want := "192.0.2.1:8080"
		if strings.Contains(c.config, "PROXY") {
			want = "192.0.2.2:3128"
		}
		all := endpointsOf(t, c.kind, strings.NewReplacer("TARGET", "http://192.0.2.1:8080/s3cret", "PROXY", "http://192.0.2.2:3128").Replace(c.config))
		if len(all) != 1 || all[0].Name != "alertmanager.receivers.ops."+c.kind+"_configs[0]" || all[0].Address != want || all[0].TLS != nil || all[0].Err != nil {
			t.Errorf("%s: %+v, want %s", c.kind, all, want)
		}
	}
}

// TestAlertmanagersEndpointsAsConfigured: ports, encryption, proxies, files and templates.
func TestAlertmanagersEndpointsAsConfigured(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	authority := file(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	for _, c := range []struct {
		kind, options string
		// address, and the name that its certificate must be for; empty: it has none.
		address, certified string
		// problem is a part of the error.
		problem string
	}{
		{"webhook", "url: 'https://hook.example/s3cret'", "hook.example:443", "hook.example", ""},
		{"webhook", "url: 'https://hook.example/s3cret', http_config: {tls_config: {server_name: other.example}}", "hook.example:443", "other.example", ""},
		{"webhook", "url: 'http://hook.example/{{ .Receiver }}'", "hook.example:80", "", ""},
		{"webhook", "url: 'https://{{ .Receiver }}.example/s3cret'", "", "", ""},
		{"webhook", "url: 'https://hook.example/s3cret', http_config: {proxy_url: 'http://ann:s3cret@proxy.example:3128'}", "proxy.example:3128", "", ""},
		{"webhook", "url: 'https://hook.example/s3cret', http_config: {proxy_url: 'http://proxy.example:3128', no_proxy: hook.example}", "hook.example:443", "hook.example", ""},
		{"webhook", fmt.Sprintf("url: 'https://hook.example/s3cret', http_config: {tls_config: {ca_file: '%s'}}", authority), "hook.example:443", "hook.example", ""},
		{"slack", fmt.Sprintf("channel: tv, api_url_file: '%s'", file("https://slack.example/s3cret\n")), "slack.example:443", "slack.example", ""},
		{"slack", fmt.Sprintf("channel: tv, api_url_file: '%s'", file("s3cret\n")), "", "", "not an http or https address"},
		{"slack", "channel: tv, api_url_file: /nonexistent/file", "", "", "no such file"},
		{"pushover", "user_key: ann, token: s3cret", "api.pushover.net:443", "api.pushover.net", ""},
		{"sns", "topic_arn: 'arn:aws:sns:eu-west-1:1:tv', sigv4: {region: eu-west-1}", "", "", ""},
		{"email", "to: ann@example.com, smarthost: 'mail.example:587'", "mail.example:587", "", ""},
		{"email", "to: ann@example.com, smarthost: 'mail.example:465'", "mail.example:465", "mail.example", ""},
		{"email", "to: ann@example.com, smarthost: 'mail.example:465', force_implicit_tls: false", "mail.example:465", "", ""},
	} {
		all := endpointsOf(t, c.kind, c.options)
		if c.address == "" && c.problem == "" {
			if len(all) > 0 {
				t.Errorf("%s %s: %+v, want none", c.kind, c.options, all)
			}
			continue
		}
		if len(all) != 1 {
			t.Errorf("%s %s: %+v, want one", c.kind, c.options, all)
			continue
		}
		e, certified := all[0], ""
		if e.TLS != nil {
			certified = e.TLS.ServerName
		}
		if e.Address != c.address || certified != c.certified || (e.Err == nil) != (c.problem == "") {
			t.Errorf("%s %s: %s certified for %q, %v, want %s for %q", c.kind, c.options, e.Address, certified, e.Err, c.address, c.certified)
		}
		if e.Err != nil && (!strings.Contains(e.Err.Error(), c.problem) || strings.Contains(e.Err.Error(), "s3cret")) {
			t.Errorf("%s %s: %v, want %q and no secret", c.kind, c.options, e.Err, c.problem)
		}
		if strings.Contains(c.options, "ca_file") && (e.TLS == nil || e.TLS.RootCAs == nil) {
			t.Errorf("%s %s: the authority is not trusted", c.kind, c.options)
		}
	}
}
