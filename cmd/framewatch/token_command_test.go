package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/console"
)

// What token new prints for the configuration lets in the token that it prints, and nobody sees the token in the configuration again.
func TestTokenNew(t *testing.T) {
	command := func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := Main(t.Context(), args, &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	code, out, _ := command("token", "new", "wall", "--role", "operator", "--for", "1h")
	secret, lines, ok := strings.Cut(out, "\n\n")
	if code != exitOK || !ok || !strings.HasPrefix(secret, "fw_") || len(secret) != 46 || strings.Contains(lines, secret) {
		t.Fatalf("code %d, printed\n%s", code, out)
	}
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	h := console.New(config.Console, console.Deps{Metrics: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler)}).Handler()
	r := httptest.NewRequest("GET", "/api/v1/me", nil)
	r.Header.Set("Authorization", "Bearer "+secret)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if want := `{"name":"wall","role":"operator","way":"token"}`; strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("status %d %s, want %s", w.Code, w.Body, want)
	}
	if code, shown, _ := command("config", "show", "-c", file); code != exitOK || strings.Contains(shown, config.Console.Tokens["wall"].SHA256) || !strings.Contains(shown, "role: operator") {
		t.Errorf("code %d, the configuration is shown as\n%s", code, shown)
	}
	for _, args := range [][]string{{"wall", "--role", "boss"}, {"wall", "--for", "0s"}, {"wall", "--for", "100000h"}, {"a", "b"}, {""}} {
		if code, out, stderr := command(append([]string{"token", "new"}, args...)...); code != exitUsage || out != "" || stderr == "" {
			t.Errorf("%q: code %d, %q, %q", args, code, out, stderr)
		}
	}
}
