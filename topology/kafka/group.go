package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// GroupMember is one member of a consumer group as the brokers know it.
type GroupMember struct {
	// ID is the brokers' for this membership, Client what the member calls itself (Config.Client), Instance its name that outlives a restart, if it has one.
	ID, Client, Instance string
	// Host is the address that it speaks from.
	Host string
	// Partitions that it has been given.
	Partitions []int32
}

// Members are those of a group that shares a topic. None: nobody has joined.
func (c *Cluster) Members(ctx context.Context, group string, s *topology.Spec) ([]GroupMember, error) {
	name := c.group(group)
	described, err := c.admin.DescribeGroups(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", name, err)
	}
	d := described[name]
	if d.Err != nil && !errors.Is(d.Err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("describe %s: %w", name, d.Err)
	}
	var members []GroupMember
	for _, m := range d.Members {
		member := GroupMember{ID: m.MemberID, Client: m.ClientID, Host: strings.TrimPrefix(m.ClientHost, "/")}
		if host, _, err := net.SplitHostPort(member.Host); err == nil {
			member.Host = host // the embedded broker names the port as well
		}
		if m.InstanceID != nil {
			member.Instance = *m.InstanceID
		}
		if given, ok := m.Assigned.AsConsumer(); ok {
			for _, t := range given.Topics {
				if t.Topic == c.name(s) {
					member.Partitions = append(member.Partitions, t.Partitions...)
				}
			}
		}
		slices.Sort(member.Partitions)
		members = append(members, member)
	}
	return members, nil
}

// writtenPatience is how long the first record at an offset is waited for: it may stand behind a transaction that has not ended.
const writtenPatience = 3 * time.Second

// Waiting is since when the oldest record of each partition waits that a group has not handled, by the record's own time; zero: none does. A partition of which it is not known,
// since the group has never handled any of it or the log does not answer for it in time, is missing.
func (c *Cluster) Waiting(ctx context.Context, group string, s *topology.Spec) (map[int32]time.Time, error) {
	committed, err := c.Committed(ctx, group, s)
	if err != nil {
		return nil, err
	}
	extent, err := c.extent(ctx, s)
	if err != nil {
		return nil, err
	}
	since, from := map[int32]time.Time{}, map[int32]kgo.Offset{}
	for p, offset := range committed {
		start, end := extent.of(c.name(s), p)
		if offset >= end {
			since[p] = time.Time{}
			continue
		}
		from[p] = kgo.NewOffset().At(max(start, offset))
	}
	if len(from) == 0 {
		return since, nil
	}
	client, err := kgo.NewClient(slices.Concat(c.options, []kgo.Opt{kgo.KeepControlRecords(), kgo.FetchMaxPartitionBytes(4 << 10),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.name(s): from})})...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	patience, cancel := context.WithTimeout(ctx, writtenPatience)
	defer cancel()
	for found := 0; found < len(from) && patience.Err() == nil; {
		for r := range client.PollFetches(patience).RecordsAll() {
			if _, known := since[r.Partition]; !known {
				since[r.Partition] = r.Timestamp
				found++
				client.PauseFetchPartitions(map[string][]int32{c.name(s): {r.Partition}})
			}
		}
	}
	return since, ctx.Err()
}
