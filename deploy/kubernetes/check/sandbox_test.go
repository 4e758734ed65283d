package check_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// entering is what shutting a worker in takes, and what the process that watches it calls for it.
var entering = []string{
	"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "prctl", "seccomp", "setrlimit", "prlimit64",
	"clone", "execve", "wait4", "waitid", "kill", "pipe2", "dup3", "pidfd_open", "pidfd_send_signal", "splice",
}

// unneeded is what the runtime's profile does not know, since another name of it is meant, and what it forbids to who has no capabilities and a worker does without: where its memory lies.
var unneeded = []string{"fstatat", "get_mempolicy"}

// TestRuntimeLetsWorkersShutThemselvesIn holds the profile that container runtimes have by default, Kubernetes' RuntimeDefault, to what the sandbox of a worker needs and lets it call.
func TestRuntimeLetsWorkersShutThemselvesIn(t *testing.T) {
	profile, err := seccomp.GetDefaultProfile(&specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{}}})
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, group := range profile.Syscalls {
		if group.Action != specs.ActAllow {
			continue
		}
		for _, name := range group.Names {
			allowed[name] = true
		}
	}
	called := sandboxCalls(t)
	if len(called) < 80 {
		t.Fatalf("the sandbox names %d calls: are they all found?", len(called))
	}
	var missing []string
	for _, name := range slices.Concat(called, entering) {
		if !allowed[name] {
			missing = append(missing, name)
		}
	}
	if !slices.Equal(missing, unneeded) {
		t.Errorf("the runtime's profile forbids %v, want %v", missing, unneeded)
	}
	if allowed["unshare"] || profile.DefaultAction == specs.ActAllow {
		t.Error("the profile forbids nothing: is it the one of a pod without capabilities?")
	}
}

// sandboxCalls are the system calls that ingest/sandbox lets workers make, by its source: its lists are nobody else's.
func sandboxCalls(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../../ingest/sandbox/seccomp.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]bool{}
	for _, name := range []string{"always", "opening", "talking"} {
		spec, ok := file.Scope.Lookup(name).Decl.(*ast.ValueSpec)
		if !ok {
			t.Fatalf("ingest/sandbox has no list %s", name)
		}
		for _, element := range spec.Values[0].(*ast.CompositeLit).Elts {
			call, err := strconv.Unquote(element.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			calls[call] = true
		}
	}
	return slices.Sorted(maps.Keys(calls))
}
