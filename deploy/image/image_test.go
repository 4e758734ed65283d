// Package image holds no code: its test tries the container image in an engine. Run it by: make image-test
package image_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	image   = flag.String("image", "", "the image to try; none: the tests are skipped")
	version = flag.String("image.version", "devel", "the version that it was built as")
)

// user is whom the image runs as.
const user = "65532"

// hardened are the flags of a container as docker-compose.yml and the chart start it.
var hardened = []string{"--label", "framewatch.image-test", "--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "2048",
	"--memory", "2g", "--tmpfs", "/tmp:size=512m", "--tmpfs", "/var/cache/framewatch:uid=" + user + ",size=256m", "--tmpfs", "/var/lib/framewatch:uid=" + user + ",size=512m"}

// docker runs the client and returns what it printed, and its exit code.
func docker(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	if *image == "" {
		t.Skip("no image is named: make image-test builds one and tries it")
	}
	cmd := exec.CommandContext(t.Context(), "docker", args...)
	var errors strings.Builder
	cmd.Stderr = &errors
	text, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if errors.Len() > 0 {
		t.Logf("docker %s: %s", strings.Join(args, " "), errors.String())
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// in runs a command in a hardened container, which must end well.
func in(t *testing.T, entrypoint string, args ...string) string {
	t.Helper()
	out, code := docker(t, slices.Concat([]string{"run", "--rm", "--entrypoint", entrypoint}, hardened, []string{*image}, args)...)
	if code != 0 {
		t.Fatalf("%s %q in the container: exit code %d\n%s", entrypoint, args, code, out)
	}
	return out
}

// inspect reads a value of the image or of a container.
func inspect(t *testing.T, what, template string) string {
	t.Helper()
	out, code := docker(t, "inspect", "-f", template, what)
	if code != 0 {
		t.Fatalf("inspect %s: exit code %d", what, code)
	}
	return strings.TrimSpace(out)
}

// Whoever breaks into the process is nobody, can write nowhere but in its own folders, and finds nothing to build tools with and nothing to become root by.
func TestImageHoldsNothingForAnIntruder(t *testing.T) {
	if got := strings.TrimSpace(in(t, "id", "-u")); got != user {
		t.Errorf("it runs as user %s, want %s", got, user)
	}
	if got := in(t, "sh", "-c", "for tool in gcc g++ cc ld.lld make go git curl wget; do command -v $tool; done; true"); got != "" {
		t.Errorf("it has tools that it does not need: %s", got)
	}
	if got := in(t, "sh", "-c", "ls -A /var/lib/apt/lists /var/log/apt 2>/dev/null; find / -xdev -perm /6000 -type f; find /usr/include /usr/local -name '*.h'; ls -d /src /root/go /go 2>/dev/null; true"); strings.Contains(got, "/") &&
		strings.TrimSpace(got) != "/var/lib/apt/lists:" {
		t.Errorf("left in it: %s", got)
	}
	for _, place := range []string{"/", "/usr/bin", "/etc", "/var/lib", "/usr/share/framewatch/clips"} {
		if got := in(t, "sh", "-c", "touch "+filepath.Join(place, "x")+" 2>/dev/null && echo wrote; true"); got != "" {
			t.Errorf("the program's user can write to %s", place)
		}
	}
}

// What the build was given stays there: an image is public.
func TestImageTellsNothingOfWhereItWasBuilt(t *testing.T) {
	history, _ := docker(t, "history", "--no-trunc", "--format", "{{.CreatedBy}}", *image)
	config := inspect(t, *image, "{{json .Config}}")
	for _, name := range []string{"GOPROXY", "GOSUMDB", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		value := os.Getenv(name)
		for where, text := range map[string]string{"its history": history, "its configuration": config} {
			if strings.Contains(text, name) || len(value) > 3 && strings.Contains(text, value) {
				t.Errorf("%s is in %s:\n%s", name, where, text)
			}
		}
	}
	var env []string
	if err := json.Unmarshal([]byte(inspect(t, *image, "{{json .Config.Env}}")), &env); err != nil {
		t.Fatal(err)
	}
	for _, e := range env {
		if name, _, _ := strings.Cut(e, "="); !slices.Contains([]string{"PATH", "HOME", "XDG_CACHE_HOME"}, name) {
			t.Errorf("its environment has %s", e)
		}
	}
	if got := in(t, "sh", "-c", "grep -c -e /src/ -e /root/ /usr/bin/framewatch; true"); strings.TrimSpace(got) != "0" {
		t.Errorf("the program names folders of where it was built on %s lines", strings.TrimSpace(got))
	}
}

func TestImageSaysWhatItIs(t *testing.T) {
	if got := inspect(t, *image, `{{index .Config.Labels "org.opencontainers.image.version"}}`); got != *version {
		t.Errorf("it is labelled as version %q, want %q", got, *version)
	}
	if got := in(t, "framewatch", "version"); !strings.HasPrefix(got, "framewatch "+*version) {
		t.Errorf("the program says that it is %q, want version %s", got, *version)
	}
	for _, file := range []string{"/usr/share/doc/framewatch/licenses/go/std/LICENSE", "/usr/share/doc/framewatch/licenses/go/github.com/klauspost/compress/internal/snapref/LICENSE", "/usr/share/doc/framewatch/licenses/web/preact/LICENSE-preact.txt", "/usr/share/doc/libavcodec59/copyright", "/usr/share/framewatch/clips/README.md"} {
		if in(t, "cat", file) == "" {
			t.Errorf("%s is empty", file)
		}
	}
	t.Logf("%s bytes; its layers:\n%s", inspect(t, *image, "{{.Size}}"), func() string {
		layers, _ := docker(t, "history", "--format", "{{.Size}}\t{{.CreatedBy}}", *image)
		return layers
	}())
}

// The same as on a developer's machine: every fault is found and told, and nothing else is.
func TestDemoInTheImage(t *testing.T) {
	out := in(t, "framewatch", "demo", "--for", "60s")
	t.Log(out)
	if !strings.Contains(out, "black") || !strings.Contains(out, " 0 missed") {
		t.Errorf("not all faults were found:\n%s", out)
	}
}

// Where no demo is played there is no ffmpeg.
func TestSlimImage(t *testing.T) {
	slim := *image + "-slim"
	if out, code := docker(t, slices.Concat([]string{"run", "--rm", "--entrypoint", "sh"}, hardened, []string{slim, "-c", "command -v ffmpeg"})...); out != "" {
		t.Errorf("it has %s (exit code %d)", out, code)
	}
	if out, code := docker(t, slices.Concat([]string{"run", "--rm"}, hardened, []string{slim, "doctor"})...); code != 0 {
		t.Errorf("doctor: exit code %d\n%s", code, out)
	}
	t.Logf("%s bytes, the other has %s", inspect(t, slim, "{{.Size}}"), inspect(t, *image, "{{.Size}}"))
}

// Workers are as well shut in as the engine and the kernel let them be, and doctor tells.
func TestDoctorInTheImage(t *testing.T) {
	statuses := map[string]string{}
	for line := range strings.Lines(in(t, "framewatch", "doctor", "-o", "json")) {
		var f struct{ Check, Status, Detail string }
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		statuses[f.Check] = f.Status
		t.Logf("%s %s: %s", f.Status, f.Check, f.Detail)
	}
	for _, check := range []string{"ffmpeg", "opencv", "sandbox seccomp", "sandbox limits"} {
		if statuses[check] != "ok" {
			t.Errorf("%s is %q, want ok", check, statuses[check])
		}
	}
	// The profiles of older engines do not let Landlock's system calls through.
	if got := statuses["sandbox landlock"]; got != "ok" && got != "warn" {
		t.Errorf("sandbox landlock is %q, want ok or warn", got)
	}
}

// configuration watches one clip, in one process.
const configuration = `
data_dir: /var/lib/framewatch
admin: {listen: "0.0.0.0:9394"}
ingest: {access: {directories: [/usr/share/framewatch/clips]}}
streams: [{id: clip, url: /usr/share/framewatch/clips/bbb_720p25_h264_aac51.mp4, loop: true}]
`

// The engine learns from the health check when the process is well, and a process that is asked to end does so in order.
func TestContainerBecomesHealthyAndDrains(t *testing.T) {
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	if err := os.WriteFile(file, []byte(configuration), 0o644); err != nil {
		t.Fatal(err)
	}
	out, code := docker(t, slices.Concat([]string{"run", "-d", "--init", "--health-interval", "1s", "-v", file + ":/etc/framewatch/framewatch.yaml:ro"}, hardened,
		[]string{*image, "run", "-c", "/etc/framewatch/framewatch.yaml"})...)
	if code != 0 {
		t.Fatal("it does not start")
	}
	id := strings.TrimSpace(out)
	defer func() { docker(t, "rm", "-f", id) }()
	for began := time.Now(); inspect(t, id, "{{.State.Health.Status}}") != "healthy"; time.Sleep(200 * time.Millisecond) {
		if inspect(t, id, "{{.State.Running}}") != "true" || time.Since(began) > 2*time.Minute {
			logs, _ := docker(t, "logs", id)
			t.Fatalf("it is not healthy: %s\n%s", inspect(t, id, "{{json .State}}"), logs)
		}
	}
	if out, code := docker(t, "exec", id, "framewatch-healthy", "1"); code == 0 {
		t.Errorf("the health check is content with a port at which nobody listens: %s", out)
	}
	docker(t, "stop", "-t", "20", id)
	if code := inspect(t, id, "{{.State.ExitCode}}"); code != "0" {
		logs, _ := docker(t, "logs", id)
		t.Errorf("asked to end, it ended with %s\n%s", code, logs)
	}
}
