package main

import (
	"context"
	"os"

	"github.com/framewatch/framewatch/topology/kafka/apache"
)

// scaleBroker keeps the log of a bench.
type scaleBroker struct {
	address   string
	processes []int
	// clear removes the topics of a prefix.
	clear func(ctx context.Context, prefix string) error
	stop  func()
}

// startBroker starts one of the kind that was asked for.
func (b *benchScale) startBroker() (scaleBroker, error) {
	if b.kind == embeddedBroker {
		return b.startEmbedded()
	}
	nodes, err := apache.Start(apache.Config{Nodes: 1, Dir: b.logDir, JVM: apache.Served})
	if err != nil {
		return scaleBroker{}, err
	}
	b.ScaleReport.Broker = "Apache Kafka " + apache.Version + ", one node"
	return scaleBroker{nodes.Addresses()[0], nodes.Processes(), nodes.Remove, nodes.Stop}, nil
}

// startEmbedded starts our own broker in a process of its own. What it holds goes with it.
func (b *benchScale) startEmbedded() (_ scaleBroker, err error) {
	rig := benchRig{stderr: b.stderr}
	if rig.dir, err = os.MkdirTemp(b.logDir, "framewatch-bench-"); err != nil {
		return scaleBroker{}, err
	}
	remove := func() { os.RemoveAll(rig.dir) }
	address, err := unusedAddress()
	if err == nil {
		err = rig.configure(address, "", nil)
	}
	if err != nil {
		remove()
		return scaleBroker{}, err
	}
	process, err := rig.start(brokerTarget, &lines{each: rig.complain})
	if err != nil {
		remove()
		return scaleBroker{}, err
	}
	stop := func() {
		stopProcess(process)
		remove()
	}
	return scaleBroker{address, []int{process.Process.Pid}, func(context.Context, string) error { return nil }, stop}, nil
}
