package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// transportClip is a short MPEG-TS with pictures and sound.
func transportClip(t *testing.T, seconds int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.ts")
	said, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=192x108:r=25", "-f", "lavfi", "-i", "sine=r=48000", "-t", fmt.Sprint(seconds),
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "mp2", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said)
	}
	return path
}

func TestStreamsProbe(t *testing.T) {
	clip := transportClip(t, 4)
	silent := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/clip.ts", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, clip) })
	mux.HandleFunc("/silent.ts", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		select {
		case <-silent:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/text.ts", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.Repeat("no media at all. ", 10_000))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	defer close(silent)
	t.Setenv("PROBE_TEST_SECRET", "hunter2")
	address := strings.TrimPrefix(server.URL, "http://")

	code, stdout, stderr := command(t, "streams", "probe", "-o", "json", "http://me:${env:PROBE_TEST_SECRET}@"+address+"/clip.ts")
	var p probed
	if err := json.Unmarshal([]byte(stdout), &p); err != nil || code != exitOK {
		t.Fatalf("got code %d, stdout %q, stderr %q: %v", code, stdout, stderr, err)
	}
	if p.Container != "mpegts" || len(p.Tracks) != 2 || p.Tracks[0].Video.Width != 192 || p.FirstPicture == nil || p.FirstSound == nil || p.Pictures < 70 || p.Seconds < 3 {
		t.Errorf("got %s", stdout)
	}
	if p.Transport == nil || p.Transport.Packets < 100 || p.Programmes == nil || len(*p.Programmes) != 1 || strings.Contains(stdout, "hunter2") {
		t.Errorf("got %s, want one programme and packets, and no secret", stdout)
	}
	if code, stdout, _ := command(t, "streams", "probe", clip); code != exitOK || !strings.Contains(stdout, "192x108") || !strings.Contains(stdout, "48000 Hz") {
		t.Errorf("a file: got code %d, %s", code, stdout)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{server.URL + "/none.ts"}, exitFailure, "404"},
		{[]string{"--timeout", "3s", server.URL + "/silent.ts"}, exitFailure, "no media came within 3s"},
		{[]string{server.URL + "/text.ts"}, exitFailure, "probe: "},
		{[]string{"http://me:${env:PROBE_TEST_UNSET}@" + address + "/clip.ts"}, exitFailure, "${env:PROBE_TEST_UNSET}: the environment has no such variable"},
		{[]string{"gopher://h/"}, exitUsage, `scheme "gopher" is unknown`},
		{[]string{"--for", "0s", clip}, exitUsage, "more than 0"},
	} {
		code, stdout, stderr := command(t, append([]string{"streams", "probe"}, c.args...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "hunter2") {
			t.Errorf("%q: got code %d, stdout %q, stderr %q; want code %d and %q", c.args, code, stdout, stderr, c.code, c.want)
		}
	}
}

func TestStreamsImport(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	onLog(t, brokers, "topics", "apply")
	file := filepath.Join(t.TempDir(), "list.m3u")
	text := "#EXTM3U\n#EXTINF:-1 tvg-id=\"one.tv\" group-title=\"News\",One\nhttp://h/1.ts?x=S3cr3t\n#EXTINF:-1,Two\n/etc/passwd\n#EXTINF:-1,Three\nhttp://u:S3cr3t@h/3.ts\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := command(t, "streams", "import", "--dry-run", file)
	if code != exitOK || !strings.Contains(stdout, "one.tv") || strings.Contains(stdout+stderr, "S3cr3t") || !strings.Contains(stderr, `left out: line 5 ("Two")`) ||
		!strings.Contains(stderr, `left out: line 7 ("Three"): url holds the password itself`) || !strings.Contains(stderr, "1 URLs have parts that may be secrets") {
		t.Errorf("dry run: got code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if streams := listed(t, brokers); len(streams) != 0 {
		t.Errorf("a dry run made %v", streams)
	}
	onLog(t, brokers, "streams", "import", file, "--profile", "night")
	if streams := listed(t, brokers); len(streams) != 1 || streams["one.tv"]["profile"] != "night" || streams["one.tv"]["labels"].(map[string]any)["group-title"] != "News" {
		t.Errorf("imported %v", streams)
	}
	code, _, stderr = command(t, "streams", "import", filepath.Join(t.TempDir(), "none.m3u"))
	if code != exitUsage || !strings.Contains(stderr, "no such file") {
		t.Errorf("without a file: got code %d, %s", code, stderr)
	}
}

func TestStreamsApplyTakesMany(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	onLog(t, brokers, "topics", "apply")
	file := filepath.Join(t.TempDir(), "streams.yaml")
	var text strings.Builder
	text.WriteString("streams:\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "  - {id: s%d, url: \"http://h/%[1]d.ts\"}\n", i)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"added", "as before"} {
		began := time.Now()
		onLog(t, brokers, "streams", "apply", "-f", file)
		t.Logf("1000 streams, %s: %v", what, time.Since(began))
	}
	if n := len(listed(t, brokers)); n != 1000 {
		t.Errorf("%d streams, want 1000", n)
	}
}
