package replay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// Cluster is how to reach the log.
type Cluster struct {
	// Brokers are host:port addresses to start from.
	Brokers []string
	// TLS is nil for a connection in the clear.
	TLS *tls.Config
	// Mechanism is PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER; empty for no authentication.
	Mechanism, User, Password string
	// Token gives the bearer token of OAUTHBEARER.
	Token func(ctx context.Context) (string, error)
}

// The time stamps that ListOffsets takes for the two ends of a partition.
const (
	latest   = -1
	earliest = -2
)

// connection is a cluster as seen by one reading of one topic.
type connection struct {
	topic     string
	addresses net.Addr
	transport *kafka.Transport
	pace      pace
	learn     func(ctx context.Context, value []byte) error
	// learnt is the schema id of the value that was learnt last.
	learnt uint32
	// gone, if set, is told of offsets that retention removed before they were read.
	gone func(Span)
	// cluster is its id, once the topic's partitions are known.
	cluster string
	// fault is what is wrong with the credentials.
	fault error
}

func (s Source) connect() *connection {
	mechanism, err := s.Cluster.mechanism()
	return &connection{
		topic: s.Topic, addresses: kafka.TCP(s.Cluster.Brokers...), pace: newPace(s.Rate), learn: s.Learn, fault: err,
		transport: &kafka.Transport{ClientID: "framewatch.replay", TLS: s.Cluster.TLS, SASL: mechanism, MetadataTopics: []string{s.Topic}},
	}
}

func (c Cluster) mechanism() (sasl.Mechanism, error) {
	switch c.Mechanism {
	case "":
		return nil, nil
	case "PLAIN":
		return plain.Mechanism{Username: c.User, Password: c.Password}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, c.User, c.Password)
	case "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, c.User, c.Password)
	case "OAUTHBEARER":
		if c.Token == nil {
			return nil, errors.New("SASL mechanism OAUTHBEARER: there is nowhere to have a token from")
		}
		return bearer(c.Token), nil
	}
	return nil, fmt.Errorf("SASL mechanism %q is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER", c.Mechanism)
}

// bearer is the mechanism OAUTHBEARER, RFC 7628.
type bearer func(ctx context.Context) (string, error)

// Name of the mechanism.
func (bearer) Name() string { return "OAUTHBEARER" }

// Start is the client's only message, section 3.1.
func (b bearer) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	token, err := b(ctx)
	if err != nil {
		return nil, nil, err
	}
	return b, []byte("n,,\x01auth=Bearer " + token + "\x01\x01"), nil
}

// Next takes the server's answer: an empty one says yes.
func (bearer) Next(_ context.Context, challenge []byte) (bool, []byte, error) {
	if len(challenge) > 0 {
		return false, nil, errors.New("log in: the broker refuses the token")
	}
	return true, nil, nil
}

func (c *connection) close() { c.transport.CloseIdleConnections() }

// known lists the topic's partitions in order.
func (c *connection) known(ctx context.Context) ([]int32, error) {
	if c.fault != nil {
		return nil, c.fault
	}
	client := kafka.Client{Addr: c.addresses, Transport: c.transport}
	answer, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{c.topic}})
	if err != nil {
		return nil, fmt.Errorf("look up the topic %s: %w", c.topic, err)
	}
	c.cluster = answer.ClusterID
	var partitions []int32
	for _, t := range answer.Topics {
		if t.Error != nil {
			return nil, fmt.Errorf("look up the topic %s: %w", c.topic, t.Error)
		}
		for _, p := range t.Partitions {
			partitions = append(partitions, int32(p.ID))
		}
	}
	slices.Sort(partitions)
	return partitions, nil
}

// offsets looks up the first offset of each partition whose time stamp is not before the given one, in milliseconds since the Unix epoch, or an end
// of the partition: latest is where the committed records end. Where there is none it is -1.
func (c *connection) offsets(ctx context.Context, partitions []int32, timestamp int64) (map[int32]int64, error) {
	asked := make([]listoffsets.RequestPartition, len(partitions))
	for i, p := range partitions {
		asked[i] = listoffsets.RequestPartition{Partition: p, CurrentLeaderEpoch: -1, Timestamp: timestamp}
	}
	answer, err := c.transport.RoundTrip(ctx, c.addresses, &listoffsets.Request{
		ReplicaID: -1, IsolationLevel: int8(kafka.ReadCommitted), Topics: []listoffsets.RequestTopic{{Topic: c.topic, Partitions: asked}},
	})
	if err != nil {
		return nil, fmt.Errorf("look up offsets of %s: %w", c.topic, err)
	}
	offsets := make(map[int32]int64, len(partitions))
	for _, t := range answer.(*listoffsets.Response).Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				return nil, fmt.Errorf("look up offsets of %s/%d: %w", c.topic, p.Partition, kafka.Error(p.ErrorCode))
			}
			offsets[p.Partition] = p.Offset
		}
	}
	if len(offsets) != len(partitions) {
		return nil, errors.New("look up offsets of " + c.topic + ": the brokers did not answer for every partition")
	}
	return offsets, nil
}
