package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/sandbox"
	"github.com/framewatch/framewatch/schemas"
)

// lackingArg is the argument with which this test binary plays a file on a machine without a system call: lackingArg CALL MODE FILE. It prints
// how the stream is and what is logged.
const lackingArg = "__lacking"

func lacking(call, mode, file string) {
	if err := seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{call}}},
	}}); err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	config := ingest.Defaults()
	config.Sandbox, config.Access.Directories = sandbox.Mode(mode), []string{filepath.Dir(file)}
	told := false
	edge := ingest.New(config, func(_ string, f *schemas.Feature, _ func()) {
		if s := f.StreamSecond; s != nil && s.State != ingest.Starting && !told {
			told = true
			fmt.Printf("is %s: %s\n", s.State, s.Reason)
			stop()
		}
	}, slog.New(slog.NewTextHandler(os.Stdout, nil)))
	edge.Set("s", &schemas.StreamSpec{URL: file, Loop: true})
	edge.Run(ctx)
}

// On a machine that lacks a part of the sandbox a stream is not started when it is required, and is otherwise, which is said once.
func TestSandboxLacks(t *testing.T) {
	self, file := must(os.Executable()), clip(t, 1, "clip.ts")
	for _, c := range []struct {
		call  string
		mode  sandbox.Mode
		state string
		warns string
	}{
		{"landlock_create_ruleset", sandbox.Required, "is fault: the sandbox is required and lacks Landlock (the kernel has it from Linux 5.13 on", "the workers' sandbox is incomplete"},
		{"landlock_create_ruleset", sandbox.BestEffort, "is up: ", "missing=\"Landlock (the kernel has it"},
		{"seccomp", sandbox.Required, "is fault: the sandbox is required and lacks seccomp (", "the workers' sandbox is incomplete"},
		{"seccomp", sandbox.BestEffort, "is up: ", "missing=\"seccomp (the kernel must"},
		{"seccomp", sandbox.Off, "is up: ", "ingest.sandbox is off"},
		{"io_uring_setup", sandbox.Required, "is up: ", ""},
	} {
		t.Run(c.call+" "+string(c.mode), func(t *testing.T) {
			var out bytes.Buffer
			cmd := exec.CommandContext(t.Context(), self, lackingArg, c.call, string(c.mode), file)
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v: %s", err, out.String())
			}
			text := out.String()
			warnings := strings.Count(text, "level=WARN")
			if !strings.Contains(text, c.state) || !strings.Contains(text, c.warns) || (c.warns != "") != (warnings == 1) || strings.Contains(text, "quarantine") {
				t.Errorf("want %q, and one warning %q:\n%s", c.state, c.warns, text)
			}
		})
	}
}
