// Package kafkatest runs real Kafka for tests: Apache Kafka from its Maven artifacts, on loopback, and the embedded broker beside it, so that one
// test can be run on both.
package kafkatest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/apache"
)

// shared is the single node that all tests of a binary use, each with topics of its own prefix.
var shared struct {
	sync.Mutex
	// main says that Main will stop the node.
	main  bool
	nodes *apache.Nodes
	err   error
}

// Main runs the tests of a binary and then stops the shared node. A package that calls Real needs
//
//	func TestMain(m *testing.M) { os.Exit(kafkatest.Main(m)) }
func Main(m *testing.M) int {
	shared.main = true
	code := m.Run()
	if shared.nodes != nil {
		shared.nodes.Stop()
	}
	return code
}

// Real is the address of a single node of Apache Kafka, started once for all tests of the binary.
func Real(t testing.TB) []string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.main {
		t.Fatal("kafkatest.Real: the package has no TestMain that calls kafkatest.Main, which would stop the node")
	}
	if shared.nodes == nil && shared.err == nil {
		shared.nodes, shared.err = start(1)
	}
	if shared.err != nil {
		t.Fatalf("start Apache Kafka: %v", shared.err)
	}
	return shared.nodes.Addresses()
}

// Cluster is the addresses of n nodes of Apache Kafka that keep three copies of each partition, for this test alone. It takes some 10 s.
func Cluster(t testing.TB, n int) []string {
	t.Helper()
	return Brokers(t, n).Addresses()
}

// Brokers starts such nodes, of which a test kills some.
func Brokers(t testing.TB, n int) *Machines {
	t.Helper()
	nodes, err := start(n)
	if err != nil {
		t.Fatalf("start %d nodes of Apache Kafka: %v", n, err)
	}
	t.Cleanup(nodes.Stop)
	return machines(t, nodes)
}

// Secured is one node of Apache Kafka, for this test alone: the address where everybody may do all, and the one that has Security.
func Secured(t testing.TB, security apache.Security) (open, secured []string) {
	t.Helper()
	nodes, err := apache.Start(apache.Config{Nodes: 1, JVM: apache.Small, Security: &security})
	if err != nil {
		t.Fatalf("start Apache Kafka: %v", err)
	}
	t.Cleanup(nodes.Stop)
	return nodes.Addresses(), nodes.Secured()
}

// Embedded is the address of an embedded broker for this test alone, which keeps its data in memory.
func Embedded(t testing.TB) []string {
	t.Helper()
	b, err := kafka.Embed(kafka.EmbedConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b.Addresses()
}

// Each runs a test on the embedded broker and on Apache Kafka.
func Each(t *testing.T, test func(t *testing.T, brokers []string)) {
	t.Run("embedded", func(t *testing.T) { test(t, Embedded(t)) })
	t.Run(fmt.Sprintf("apache-%s", apache.Version), func(t *testing.T) { test(t, Real(t)) })
}

// start starts n nodes that take little.
func start(n int) (*apache.Nodes, error) {
	return apache.Start(apache.Config{Nodes: n, JVM: apache.Small})
}
