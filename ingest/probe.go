package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/framewatch/framewatch/ingest/sandbox"
)

// Probe is what one kind of worker tried from within its sandbox.
type Probe struct {
	// Worker is the kind: fed by a pipe, reading a file, or talking to a server.
	Worker string
	// Attempts in order; those of a part that could not be laid on are not there, and Error says why.
	Attempts []sandbox.Attempt
	// Error is why the worker could not be started or did not come to its end; empty: it did.
	Error string
}

// ProbeSandbox starts a worker of each kind as a stream's would be, which tries what it must not be able to do instead of decoding.
func ProbeSandbox(ctx context.Context, config Config) ([]Probe, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the probe: %w", err)
	}
	defer closed.Close()
	open, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the probe: %w", err)
	}
	defer open.Close()
	target := sandbox.Target{Memory: uint64(config.WorkerMemory), Closed: port(closed), ABI: sandbox.ABI()}
	var probes []Probe
	for _, kind := range []struct {
		worker string
		needs  sandbox.Needs
	}{
		{"fed by a pipe", sandbox.Needs{}},
		{"reading a file", sandbox.Needs{File: self}},
		{"talking TCP", sandbox.Needs{Network: true, Port: port(open)}},
		{"talking UDP", sandbox.Needs{Network: true}},
	} {
		target.Needs = kind.needs
		p := Probe{Worker: kind.worker}
		if p.Attempts, err = runProbe(ctx, config, target); err != nil {
			p.Error = err.Error()
		}
		probes = append(probes, p)
	}
	return probes, nil
}

func port(l net.Listener) uint16 { return uint16(l.Addr().(*net.TCPAddr).Port) }

// runProbe starts one worker and hears it out.
func runProbe(ctx context.Context, config Config, target sandbox.Target) ([]sandbox.Attempt, error) {
	ctx, cancel := context.WithTimeout(ctx, config.StallAfter)
	defer cancel()
	l := launcher{sandbox: config.Sandbox, memory: config.WorkerMemory}
	p, err := l.start(ctx, config.Executable, job{Probe: &target})
	if err != nil {
		return nil, err
	}
	attempts := []sandbox.Attempt{sandbox.Sacrificed(p.cmd.Process.Pid)}
	var end *ending
	for r := newReceiver(p.records); end == nil; {
		m, err := r.Next()
		if err != nil {
			died := p.Wait()
			if errors.Is(err, io.EOF) && died != nil {
				err = fmt.Errorf("the worker died: %w: %s", died, p.stderr)
			}
			return attempts, err
		}
		attempts = append(attempts, m.Probe...)
		end = m.End
	}
	p.Wait() // It has said its last word: how it exits tells nothing.
	if end.Failed {
		return attempts, errors.New(end.Reason)
	}
	return attempts, nil
}

// probe is what a worker does that is to try its sandbox.
func probe(j job, out *sender) error {
	attempts, err := sandbox.Probe(*j.Probe, j.Sandbox != sandbox.Off)
	if err := out.Probe(attempts); err != nil {
		return err
	}
	e := ending{Reason: "tried"}
	if err != nil {
		e = ending{Reason: fmt.Sprintf("seccomp: %v", err), Failed: true}
	}
	return out.End(e)
}
