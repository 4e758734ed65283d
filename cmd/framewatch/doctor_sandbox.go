package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/sandbox"
)

// sandboxParts are the parts of a worker's sandbox and what to do when one is not in force.
var sandboxParts = []struct{ name, remedy string }{
	{sandbox.Landlock, "use Linux 6.7 or later with Landlock built in (CONFIG_SECURITY_LANDLOCK) and named in the boot parameter lsm=, in a container whose seccomp profile lets the landlock_ system calls through"},
	{sandbox.Seccomp, "use a kernel with CONFIG_SECCOMP_FILTER, in a container whose own seccomp profile lets seccomp(2) through"},
	{sandbox.Limits, "let the process set its limits (setrlimit) and write oom_score_adj of its children under /proc; see ingest.worker_memory"},
}

// checkSandbox starts workers of every kind that try to break out, and tells for each part of the sandbox what they came to.
func checkSandbox(ctx context.Context, p *patient) []finding {
	edge := p.config.Ingest.Config
	bad := statusWarn
	if edge.Sandbox == sandbox.Required {
		bad = statusFail
	}
	// What there is of it shows best when none of it is demanded: a worker that is not started tries nothing.
	trial := edge
	if trial.Sandbox == sandbox.Required {
		trial.Sandbox = sandbox.BestEffort
	}
	probes, err := ingest.ProbeSandbox(ctx, trial)
	if err != nil {
		return []finding{{Check: "sandbox", Status: statusFail, Detail: err.Error(), Remedy: "let the program listen on 127.0.0.1 and start itself anew"}}
	}
	var findings []finding
	for _, p := range probes {
		if p.Error != "" {
			findings = append(findings, finding{Check: "sandbox", Status: bad, Detail: fmt.Sprintf("a worker %s did not come to its end: %s", p.Worker, p.Error),
				Remedy: "see what the parts of the sandbox below say"})
		}
	}
	for _, part := range sandboxParts {
		f := tellPart(part.name, probes)
		if f.Status != statusOK {
			f.Status, f.Remedy = bad, part.remedy
		}
		if edge.Sandbox == sandbox.Off && part.name != sandbox.Limits {
			f.Status, f.Detail, f.Remedy = statusWarn, "ingest.sandbox is off", "set ingest.sandbox to best-effort or required"
		}
		findings = append(findings, f)
	}
	return findings
}

// tellPart says how one part of the sandbox held in all kinds of workers.
func tellPart(part string, probes []ingest.Probe) finding {
	f := finding{Check: "sandbox " + part, Status: statusOK}
	held := 0
	var broken []string
	for _, p := range probes {
		for _, a := range p.Attempts {
			switch {
			case a.Part != part:
			case a.Held:
				held++
			case a.Allowed:
				broken = append(broken, fmt.Sprintf("a worker %s could not %s: %s", p.Worker, a.What, a.Error))
			default:
				broken = append(broken, fmt.Sprintf("a worker %s could %s", p.Worker, a.What))
			}
		}
	}
	f.Detail = fmt.Sprintf("in force: held in %d attempts by %d kinds of workers", held, len(probes))
	if part == sandbox.Landlock {
		f.Detail = fmt.Sprintf("ABI %d, %s", sandbox.ABI(), f.Detail)
	}
	if len(broken) > 0 || held == 0 {
		slices.Sort(broken)
		f.Status = statusWarn
		f.Detail = fmt.Sprintf("not in force: %d of %d attempts broke it%s", len(broken), held+len(broken), examples(broken))
	}
	return f
}

// examples is the first few of many.
func examples(of []string) string {
	const most = 3
	if len(of) == 0 {
		return ""
	}
	text := " (" + strings.Join(of[:min(len(of), most)], "; ")
	if len(of) > most {
		text += "; ..."
	}
	return text + ")"
}
