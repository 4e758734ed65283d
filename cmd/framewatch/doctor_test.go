package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"
)

// lackingCall names, in the environment of this program as the test binary, a system call that the kernel is then to lack.
const lackingCall = "FRAMEWATCH_TEST_LACKING"

// lack takes the system call away from this process and all that it starts.
func lack(call string) {
	if err := seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{call}}},
	}}); err != nil {
		panic(err)
	}
}

// doctor runs `framewatch doctor -o json` on a machine without a system call, which may be empty, and returns its findings by check.
func doctor(t *testing.T, call, mode string) (code int, found map[string]finding) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("ingest: {sandbox: "+mode+"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "doctor", "-o", "json", "-c", file, "--only", "ffmpeg,opencv,sandbox")
	cmd.Env = append(os.Environ(), asProgram+"=1", lackingCall+"="+call)
	out, _ := cmd.Output()
	found = map[string]finding{}
	for line := range strings.Lines(string(out)) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		found[f.Check] = f
	}
	return cmd.ProcessState.ExitCode(), found
}

func TestDoctor(t *testing.T) {
	for _, c := range []struct {
		call, mode string
		code       int
		// statuses of the sandbox's parts
		landlock, seccomp string
	}{
		{"", "required", exitOK, statusOK, statusOK},
		{"landlock_create_ruleset", "required", exitFailure, statusFail, statusOK},
		{"landlock_create_ruleset", "best-effort", exitOK, statusWarn, statusOK},
		{"seccomp", "required", exitFailure, statusOK, statusFail},
		{"", "off", exitOK, statusWarn, statusWarn},
	} {
		t.Run("without "+c.call+" "+c.mode, func(t *testing.T) {
			code, found := doctor(t, c.call, c.mode)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for check, status := range map[string]string{
				"sandbox landlock": c.landlock, "sandbox seccomp": c.seccomp, "sandbox limits": statusOK, "ffmpeg": statusOK, "opencv": statusOK,
			} {
				f := found[check]
				if f.Status != status || f.Detail == "" || (f.Remedy == "") != (status == statusOK) {
					t.Errorf("%s: %+v, want %s", check, f, status)
				}
			}
			if !strings.Contains(found["ffmpeg"].Detail, "libavcodec 59.") {
				t.Errorf("ffmpeg: %+v", found["ffmpeg"])
			}
		})
	}
}

// The table has a line for each finding, and below it what to do.
func TestDoctorTable(t *testing.T) {
	var out strings.Builder
	findings := []finding{{"a", statusOK, "well", ""}, {"b", statusFail, "ill", "mend it"}, {"c", statusWarn, "so so", "look"}}
	if err := printFindings(&out, findings, "table"); err != nil {
		t.Fatal(err)
	}
	const want = "ok    a  well\nfail  b  ill\n         -> mend it\nwarn  c  so so\n         -> look\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	if err := verdict(findings); err == nil || err.Error() != "not in order: b" {
		t.Errorf("verdict %v, want b named", err)
	}
	if err := verdict(findings[:1]); err != nil {
		t.Errorf("verdict %v of findings that are all well", err)
	}
}
