package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/framewatch/framewatch/ingest/feature"
)

// networks is what all workers look at pictures with. It is safe for concurrent use.
type networks struct {
	mu sync.Mutex
	// now is nil for what comes with the program.
	now     *feature.Weights
	workers map[*process]bool
}

// Now is what a worker begins with; nil: with what it has itself.
func (n *networks) Now() *feature.Weights {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

// Begin takes a worker that has begun with weights.
func (n *networks) Begin(p *process, with *feature.Weights) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.workers == nil {
		n.workers = map[*process]bool{}
	}
	n.workers[p] = true
	if n.now != with {
		p.Use(n.weights())
	}
}

// End tells that a worker has ended.
func (n *networks) End(p *process) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.workers, p)
}

// Use has all workers look at their next pictures with weights.
func (n *networks) Use(w *feature.Weights) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = w
	for p := range n.workers {
		p.Use(n.weights())
	}
}

// weights are those that are used. The lock is held.
func (n *networks) weights() feature.Weights {
	if n.now == nil {
		return feature.Networks[feature.DamageNetwork].Weights
	}
	return *n.now
}

// Use has the network for damage look at all streams' pictures with weights, from their next sampled picture on and without a break; nil: with those that come
// with the program. CheckNetwork tells whether they can be used. A worker that cannot use them says so, and goes on with what it has.
func (i *Ingest) Use(w *feature.Weights) { i.networks.Use(w) }

// refused logs what the worker says of the network, when it is news.
func (t *try) refused(why string) {
	if why != "" && why != t.network {
		t.stream.log.Warn("the worker cannot use the network, keeping the one it has", "reason", why)
	}
	t.network = why
}

// CheckNetwork tells why ONNX cannot be the network of a name on an edge of this configuration. It may be anybody's: a worker in its sandbox reads it.
func CheckNetwork(ctx context.Context, config Config, name string, onnx []byte) error {
	ctx, cancel := context.WithTimeout(ctx, config.StallAfter)
	defer cancel()
	p, err := launcher{sandbox: config.Sandbox, memory: config.WorkerMemory}.start(ctx, config.Executable, job{Check: name, weights: &feature.Weights{ONNX: onnx}})
	if err != nil {
		return err
	}
	m, err := newReceiver(p.records).Next()
	died := p.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the worker that tried it has not answered for %v", config.StallAfter)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the worker that tried it died: %v: %s", died, p.stderr)
	case err != nil:
		return err
	case m.End == nil:
		return errors.New("the worker that tried it speaks of something else")
	case m.End.Failed:
		return UnusableNetwork(m.End.Reason)
	}
	return nil
}

// UnusableNetwork is why a worker that has tried a network says that it cannot be used. Any other error of CheckNetwork is of the trial, and may pass.
type UnusableNetwork string

// Error is the reason.
func (e UnusableNetwork) Error() string { return string(e) }

// checkNetwork is what a worker does that is to try a network.
func checkNetwork(j job, first instruction, out *sender) error {
	if first.Network == nil {
		return errors.New("check a network: there is none")
	}
	e := ending{Reason: "it can be used"}
	if err := feature.Check(j.Check, first.Network.ONNX); err != nil {
		reason := err.Error()
		e = ending{Reason: reason[:min(len(reason), reasonMost)], Failed: true}
	}
	return out.End(e)
}
