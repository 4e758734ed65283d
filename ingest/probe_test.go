package ingest_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/sandbox"
)

// A worker of each kind tries what hostile media might make it do: all of it is refused, and what it needs is not.
func TestSandboxHolds(t *testing.T) {
	probes, err := ingest.ProbeSandbox(t.Context(), ingest.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range probes {
		if p.Error != "" || len(p.Attempts) < 20 {
			t.Errorf("worker %s: %d attempts, error %q", p.Worker, len(p.Attempts), p.Error)
		}
		for _, a := range p.Attempts {
			if !a.Held {
				t.Errorf("worker %s tried to %s (%s): %q", p.Worker, a.What, a.Part, a.Error)
			}
		}
	}
	if len(probes) != 4 {
		t.Errorf("%d kinds of workers, want 4", len(probes))
	}
}

// Without the sandbox most of it works, so that the test above shows the sandbox and not the machine.
func TestProbeFindsNoSandbox(t *testing.T) {
	config := ingest.Defaults()
	config.Sandbox = sandbox.Off
	probes, err := ingest.ProbeSandbox(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	broke := map[string]bool{}
	for _, p := range probes {
		for _, a := range p.Attempts {
			if !a.Held && !a.Allowed && a.Error == "" {
				broke[a.What] = true
			}
			if a.Part == sandbox.Limits && !a.Held && a.What != "leave a core file" {
				t.Errorf("worker %s tried to %s: limits hold without a sandbox too", p.Worker, a.What)
			}
		}
	}
	for _, what := range []string{
		"read /etc/passwd", "write a file", "list the root directory", "read the supervisor's environment", "execute a program", "connect to a closed port",
		"signal the supervisor", "gain privileges by executing", "make a TCP socket", "make a UNIX socket", "make a Multipath TCP socket",
		"make a UNIX socket on another thread", "start a process", "signal a thread of the supervisor", "make memory executable", "open a file", "change a file's mode",
	} {
		if !broke[what] {
			t.Errorf("without a sandbox a worker could not %s", what)
		}
	}
}
