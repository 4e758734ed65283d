package kafkatest

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology/kafka/apache"
)

// startTimeout is a guard.
const startTimeout = 2 * time.Minute

// Machines are nodes that a test kills and starts again. One goroutine uses them.
type Machines struct {
	t     testing.TB
	nodes *apache.Nodes
	admin *kadm.Client
}

func machines(t testing.TB, n *apache.Nodes) *Machines {
	client, err := kgo.NewClient(kgo.SeedBrokers(n.Addresses()...), kgo.MetadataMinAge(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &Machines{t, n, kadm.NewClient(client)}
}

// Addresses are those of all nodes, whether or not they run.
func (m *Machines) Addresses() []string { return m.nodes.Addresses() }

// Kill ends a node by its id, from 1 on, as the kernel would.
func (m *Machines) Kill(id int32) { m.nodes.Kill(id) }

// Start starts a node again, on the storage that it had.
func (m *Machines) Start(id int32) {
	m.t.Helper()
	if err := m.nodes.Launch(id); err != nil {
		m.t.Fatalf("start node %d again: %v", id, err)
	}
}

// Leader is the node that leads a partition of a topic, named in full.
func (m *Machines) Leader(topic string, partition int32) (id int32) {
	m.t.Helper()
	m.until("the leader of "+topic, func(ctx context.Context) bool {
		all, err := m.admin.ListTopics(ctx, topic)
		id = all[topic].Partitions[partition].Leader
		return err == nil && id > 0
	})
	return id
}

// GroupCoordinator is the node that coordinates a group.
func (m *Machines) GroupCoordinator(group string) (id int32) {
	m.t.Helper()
	m.until("the coordinator of "+group, func(ctx context.Context) bool {
		found := m.admin.FindGroupCoordinators(ctx, group)[group]
		id = found.NodeID
		return found.Err == nil
	})
	return id
}

// TransactionCoordinator is the node that coordinates the transactions of an id.
func (m *Machines) TransactionCoordinator(transactional string) (id int32) {
	m.t.Helper()
	m.until("the coordinator of "+transactional, func(ctx context.Context) bool {
		found := m.admin.FindTxnCoordinators(ctx, transactional)[transactional]
		id = found.NodeID
		return found.Err == nil
	})
	return id
}

// Whole waits until every copy of every partition is in step, so that another node can be spared.
func (m *Machines) Whole() {
	m.t.Helper()
	m.until("all copies to be in step", func(ctx context.Context) bool {
		topics, err := m.admin.ListTopicsWithInternal(ctx)
		if err != nil {
			return false
		}
		whole := true
		topics.EachPartition(func(p kadm.PartitionDetail) {
			whole = whole && p.Leader > 0 && len(p.ISR) == len(p.Replicas)
		})
		return whole
	})
}

// until asks until the answer is yes.
func (m *Machines) until(what string, ask func(context.Context) bool) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for !ask(ctx) {
		if ctx.Err() != nil {
			m.t.Fatalf("waited in vain for %s\n%s", what, m.nodes.Logs())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Place is where a record stands in a topic.
type Place struct {
	Partition int32
	Offset    int64
}

// Uncommitted are the places of the records in a topic, named in full, that were written and are not committed: nobody may read them.
func Uncommitted(t testing.TB, brokers []string, topic string) map[Place]bool {
	t.Helper()
	places := written(t, brokers, topic, kgo.ReadUncommitted())
	for place := range written(t, brokers, topic, kgo.ReadCommitted()) {
		delete(places, place)
	}
	return places
}

// written are the places of the records of a topic that a reader of the level sees, up to the end of now.
func written(t testing.TB, brokers []string, topic string, level kgo.IsolationLevel) map[Place]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(level), kgo.KeepControlRecords())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	places := map[Place]bool{}
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			t.Fatalf("read %s: %v; the ends %v were not reached", topic, err, left)
		}
		for r := range fetches.RecordsAll() {
			if !r.Attrs.IsControl() {
				places[Place{r.Partition, r.Offset}] = true
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		}
	}
	return places
}
