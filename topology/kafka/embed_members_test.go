package kafka_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// TestMemberDiesInRebalance has a member die while it waits for the answer to JoinGroup: its partitions go back to the one that lives.
func TestMemberDiesInRebalance(t *testing.T) {
	const group, topic, heartbeats = "g", "t", 2 * time.Second
	brokers := kafkatest.Embedded(t)
	client := func(options ...kgo.Opt) *kgo.Client {
		c, err := kgo.NewClient(append(options, kgo.SeedBrokers(brokers...))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	admin := kadm.NewClient(client())
	if _, err := admin.CreateTopic(t.Context(), 2, 1, nil, topic); err != nil {
		t.Fatal(err)
	}
	client(kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.Balancers(kgo.RangeBalancer()), kgo.HeartbeatInterval(heartbeats), kgo.SessionTimeout(8*time.Second),
		kgo.RebalanceTimeout(6*time.Second))
	members := func() (n, partitions int) {
		t.Helper()
		groups, err := admin.DescribeGroups(t.Context(), group)
		if err != nil {
			t.Fatal(err)
		}
		g := groups[group]
		if g.State != "Stable" {
			return 0, 0
		}
		for _, m := range g.Members {
			if assigned, ok := m.Assigned.AsConsumer(); ok {
				for _, t := range assigned.Topics {
					partitions += len(t.Partitions)
				}
			}
		}
		return len(g.Members), partitions
	}
	await := func(what string, ok func(n, partitions int) bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !ok(members()); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				n, partitions := members()
				t.Fatalf("%s: never; %d members own %d partitions", what, n, partitions)
			}
		}
	}
	await("one member owns all", func(n, partitions int) bool { return n == 1 && partitions == 2 })

	dying := client()
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.ProtocolType, join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = group, "consumer", 6000, 6000
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name = "range"
	metadata := kmsg.NewConsumerMemberMetadata()
	metadata.Topics = []string{topic}
	protocol.Metadata = metadata.AppendTo(nil)
	join.Protocols = append(join.Protocols, protocol)
	answer, err := join.RequestWith(t.Context(), dying)
	if err != nil {
		t.Fatal(err)
	}
	if err := kerr.ErrorForCode(answer.ErrorCode); !errors.Is(err, kerr.MemberIDRequired) {
		t.Fatalf("a first join was answered with %v", err)
	}
	join.MemberID = answer.MemberID
	ctx, die := context.WithTimeout(t.Context(), heartbeats/4)
	defer die()
	if _, err := join.RequestWith(ctx, dying); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a join was answered before the other member can have heard of it: %v", err)
	}
	dying.Close()
	await("the dead one joins", func(n, _ int) bool { return n == 2 })
	await("the dead one is gone", func(n, partitions int) bool { return n == 1 && partitions == 2 })
}
