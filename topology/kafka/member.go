package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

const (
	// sessionTimeout is how long a dead member keeps its partitions; classic groups go down to 6 s.
	sessionTimeout = 8 * time.Second
	// heartbeat is also how soon a member hears that a partition is to move on; a cooperative rebalance needs two of them.
	heartbeat = 500 * time.Millisecond
	// rebalanceTimeout bounds what a member may still finish when a partition is taken from it, and how long the others wait for one that has died meanwhile. It is shorter than
	// sessionTimeout: kfake, the embedded broker, expires members that wait in a rebalance for longer than their session, never answers them and counts wrongly from then on.
	rebalanceTimeout = 7 * time.Second
	// leavePatience is how long leaving a group may take.
	leavePatience = 2 * time.Second
)

// tenure is the time during which a member owns one partition.
type tenure struct {
	partition int32
	// ctx ends as soon as the partition is taken away.
	ctx  context.Context
	end  context.CancelFunc
	work sync.WaitGroup
}

// member is one member of a consumer group on one topic.
type member struct {
	cluster *Cluster
	client  *kgo.Client
	group   string
	topic   string
	mu      sync.Mutex
	// tenures of the partitions owned now.
	tenures map[int32]*tenure
}

// tenancy is what happens when partitions come and go. Its functions are called by one goroutine at a time.
type tenancy struct {
	// begin is called before the first record of a partition is fetched.
	begin func(*member, *tenure)
	// ended is called when the tenure's context has ended and its work is done; the partition moves on when it returns. lost says that the
	// group has given the partition to another already, so nothing of it can be committed.
	ended func(m *member, t *tenure, lost bool)
	// owns, when not nil, is told of all partitions owned each time that the group has given some or none, or has taken some away.
	owns func(partitions []int32)
	// idle members fetch nothing themselves.
	idle bool
}

// join makes a member of a group on the topic. It owns partitions from now on until leave, whether or not it polls.
func (c *Cluster) join(ctx context.Context, group string, s *topology.Spec, on tenancy, options ...kgo.Opt) (*member, error) {
	m := &member{cluster: c, group: group, topic: c.name(s), tenures: map[int32]*tenure{}}
	// The client starts to join before NewClient has returned it.
	ready := make(chan struct{})
	assigned := func(_ context.Context, _ *kgo.Client, assigned map[string][]int32) {
		<-ready
		for _, p := range assigned[m.topic] {
			t := &tenure{partition: p}
			t.ctx, t.end = context.WithCancel(ctx)
			m.mu.Lock()
			m.tenures[p] = t
			m.mu.Unlock()
			on.begin(m, t)
		}
		m.tell(on)
	}
	over := func(lost bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
			<-ready
			for _, t := range m.end(gone[m.topic]) {
				t.work.Wait()
				on.ended(m, t, lost)
			}
			m.tell(on)
		}
	}
	if c.config.Instance != "" {
		options = append(options, kgo.InstanceID(c.config.Instance))
	}
	client, err := kgo.NewClient(append(append(c.options[:len(c.options):len(c.options)],
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(m.topic), kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(sessionTimeout), kgo.HeartbeatInterval(heartbeat), kgo.RebalanceTimeout(rebalanceTimeout),
		kgo.OnPartitionsAssigned(assigned), kgo.OnPartitionsRevoked(over(false)), kgo.OnPartitionsLost(over(true))), options...)...)
	if err != nil {
		return nil, fmt.Errorf("join %s: %w", group, err)
	}
	if on.idle {
		client.PauseFetchTopics(m.topic)
	}
	m.client = client
	close(ready)
	return m, nil
}

// end ends the tenures of partitions, all at once.
func (m *member) end(partitions []int32) (ended []*tenure) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range partitions {
		if t, ok := m.tenures[p]; ok {
			t.end()
			ended = append(ended, t)
			delete(m.tenures, p)
		}
	}
	return ended
}

// tell tells what is owned now to who wants to know.
func (m *member) tell(on tenancy) {
	if on.owns != nil {
		on.owns(slices.Sorted(maps.Keys(m.owned())))
	}
}

// idle waits for the end of ctx, which gives nil, or for what keeps the client from being a member for good.
func (m *member) idle(ctx context.Context) error {
	for {
		// Nothing is fetched here. The poll is where the client tells of it.
		if _, err := m.cluster.poll(ctx, m.client, false); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return fmt.Errorf("join %s: %w", m.group, err)
		}
	}
}

// leave gives all partitions back, waiting until each tenure has been ended. A member with a name of its own is only away when it closes; we
// mean to go, so that is said.
func (m *member) leave() {
	m.client.Close()
	instance := m.cluster.config.Instance
	if instance == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leavePatience)
	defer cancel()
	left, err := m.cluster.admin.LeaveGroup(ctx, kadm.LeaveGroup(m.group).Reason("stopped").InstanceIDs(instance))
	if err == nil {
		err = left.Error()
	}
	if err != nil {
		m.cluster.log.Warn("leave a group", "group", m.group, "instance", instance, "error", err)
	}
}

// owned is the tenures of now, by partition.
func (m *member) owned() map[int32]*tenure {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.tenures)
}
