package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// unsettled says that a commit was refused because the group is being rebalanced: with the generation to come it may pass.
func unsettled(err error) bool {
	return errors.Is(err, kerr.IllegalGeneration) || errors.Is(err, kerr.RebalanceInProgress) || errors.Is(err, kerr.UnknownMemberID)
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// committed is the group's next offset in a partition, or -1. It waits until no transaction is left that could still move it.
func (c *Cluster) committed(ctx context.Context, group, topic string, partition int32) (int64, error) {
	request := kmsg.NewPtrOffsetFetchRequest()
	t := kmsg.NewOffsetFetchRequestGroupTopic()
	t.Topic, t.Partitions = topic, []int32{partition}
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group, g.Topics = group, []kmsg.OffsetFetchRequestGroupTopic{t}
	request.RequireStable, request.Groups = true, []kmsg.OffsetFetchRequestGroup{g}
	// Brokers before 3.0 know one group a request.
	request.Group = group
	older := kmsg.NewOffsetFetchRequestTopic()
	older.Topic, older.Partitions = topic, []int32{partition}
	request.Topics = []kmsg.OffsetFetchRequestTopic{older}
	for {
		response, err := request.RequestWith(ctx, c.client)
		if err != nil {
			return 0, fmt.Errorf("fetch the offset of %s in %s/%d: %w", group, topic, partition, err)
		}
		offset, err := fetchedOffset(response)
		if !errors.Is(err, kerr.UnstableOffsetCommit) {
			if err != nil {
				err = fmt.Errorf("fetch the offset of %s in %s/%d: %w", group, topic, partition, err)
			}
			return offset, err
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// fetchedOffset is the one offset of the response.
func fetchedOffset(response *kmsg.OffsetFetchResponse) (int64, error) {
	for _, g := range response.Groups {
		if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
			return 0, err
		}
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				return p.Offset, kerr.ErrorForCode(p.ErrorCode)
			}
		}
	}
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			return p.Offset, kerr.ErrorForCode(p.ErrorCode)
		}
	}
	return 0, errors.Join(kerr.ErrorForCode(response.ErrorCode), errors.New("the broker names no partition"))
}

// commit writes a member's next offsets, outside of any transaction.
func (c *Cluster) commit(ctx context.Context, m *member, offsets map[int32]int64) error {
	request := kmsg.NewPtrOffsetCommitRequest()
	request.Group = m.group
	request.MemberID, request.Generation = m.client.GroupMetadata()
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic = m.topic
	for partition, offset := range offsets {
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset = partition, offset
		t.Partitions = append(t.Partitions, p)
	}
	request.Topics = []kmsg.OffsetCommitRequestTopic{t}
	response, err := request.RequestWith(ctx, c.client)
	if err != nil {
		return err
	}
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("partition %d: %w", p.Partition, err)
			}
		}
	}
	return nil
}

// attach makes a member's next offset in one partition part of the client's open transaction.
func (m *member) attach(ctx context.Context, client *kgo.Client, id string, partition int32, offset int64) error {
	producer, epoch, err := client.ProducerID(ctx)
	if err != nil {
		return err
	}
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = id, producer, epoch, m.group
	added, err := add.RequestWith(ctx, client)
	if err == nil {
		err = kerr.ErrorForCode(added.ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("add %s to the transaction: %w", m.group, err)
	}
	request := kmsg.NewPtrTxnOffsetCommitRequest()
	request.TransactionalID, request.ProducerID, request.ProducerEpoch, request.Group = id, producer, epoch, m.group
	request.MemberID, request.Generation = m.client.GroupMetadata()
	p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset = partition, offset
	t := kmsg.NewTxnOffsetCommitRequestTopic()
	t.Topic, t.Partitions = m.topic, []kmsg.TxnOffsetCommitRequestTopicPartition{p}
	request.Topics = []kmsg.TxnOffsetCommitRequestTopic{t}
	response, err := request.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("commit the offset of %s in %s/%d: %w", m.group, m.topic, p.Partition, err)
			}
		}
	}
	return nil
}
