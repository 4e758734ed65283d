package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// Examination looks at a cluster and changes nothing of it. It is safe for concurrent use until Close.
type Examination struct {
	cluster *Cluster
}

// Examine begins to look at the cluster. Nothing is asked yet.
func Examine(config Config) (*Examination, error) {
	log := slog.New(slog.DiscardHandler)
	config.Partitions = cmp.Or(config.Partitions, Defaults().Partitions)
	if err := config.Validate(); err != nil {
		return nil, err
	}
	options, err := clientOptions(config, log, nil)
	if err != nil {
		return nil, err
	}
	options = append(options, kgo.RequestRetries(2), kgo.RetryTimeout(3*time.Second))
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	c := &Cluster{config: config, contract: schemas.Baked(), log: log, options: options, client: client, admin: kadm.NewClient(client), meters: newMeters(nil), started: time.Now()}
	c.partitions.Store(config.Partitions)
	return &Examination{c}, nil
}

// Close ends the connections.
func (e *Examination) Close() { e.cluster.client.Close() }

// NotAllowed says that the cluster refuses to tell this user.
func NotAllowed(err error) bool {
	for _, refusal := range []error{kerr.ClusterAuthorizationFailed, kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// NotKnown says that the brokers do not know such a request: they are too old, or no Apache Kafka.
func NotKnown(err error) bool {
	// The client has no value for what it finds out itself.
	return errors.Is(err, kerr.UnsupportedVersion) || err != nil && (strings.Contains(err.Error(), "request key is unknown") || strings.Contains(err.Error(), "broker is too old"))
}

// Advertised are the addresses, host:port, under which the brokers say that they are reached.
func (e *Examination) Advertised(ctx context.Context) ([]string, error) {
	metadata, err := e.cluster.admin.BrokerMetadata(ctx)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for _, b := range metadata.Brokers {
		addresses = append(addresses, net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))))
	}
	return addresses, nil
}

// needed are requests that we cannot do without, in the version that brokers must know.
var needed = []struct {
	key   kmsg.Key
	least int16
	what  string
}{
	{kmsg.OffsetFetch, 7, "positions that wait for open transactions (KIP-447)"},
	{kmsg.TxnOffsetCommit, 3, "exactly-once members of groups (KIP-447)"},
	{kmsg.IncrementalAlterConfigs, 0, "changes of single settings of a topic (KIP-339)"},
	{kmsg.JoinGroup, 5, "members with names of their own (KIP-345)"},
}

// Version is what the oldest broker seems to be, such as v4.0 (a guess by the requests that it knows), and what it lacks that we need.
func (e *Examination) Version(ctx context.Context) (version string, lacking []string, err error) {
	brokers, err := e.cluster.admin.ApiVersions(ctx)
	if err != nil {
		return "", nil, err
	}
	for _, b := range brokers.Sorted() {
		if b.Err != nil {
			err = b.Err
			continue
		}
		version = cmp.Or(version, b.VersionGuess())
		for _, n := range needed {
			if most, ok := b.KeyMaxVersion(n.key.Int16()); (!ok || most < n.least) && !slices.Contains(lacking, n.what) {
				lacking = append(lacking, n.what)
			}
		}
	}
	if version == "" {
		return "", nil, cmp.Or(err, errors.New("no broker tells what it knows"))
	}
	return version, lacking, nil
}

// TopicState is one of our topics as it stands on the cluster.
type TopicState struct {
	// Topic with its prefix.
	Topic string
	// Missing topics have nothing else.
	Missing bool
	// Denied says that this user may not see it.
	Denied bool
	// Unseen says that this user may not see its options: nothing is known of what they say.
	Unseen bool
	// Partitions that it has, and Want.
	Partitions, Want int32
	// Replicas of each partition, the fewest, and MinInSync that a write needs.
	Replicas, MinInSync int
	// Policy of its cleanup that it has and WantPolicy, where they differ.
	Policy, WantPolicy string
	// Differ are other options that differ, as key=want (is "have").
	Differ []string
	// Offline partitions have no leader; Behind ones have fewer replicas in sync than a write needs.
	Offline, Behind int
}

// Topics is how our topics stand, in the topology's order, and how many brokers there are.
func (e *Examination) Topics(ctx context.Context) (states []TopicState, brokers int, err error) {
	c := e.cluster
	if err := c.learnPartitions(ctx); err != nil {
		return nil, 0, err
	}
	var names []string
	for _, s := range topology.Topics() {
		names = append(names, c.name(s))
	}
	metadata, err := c.admin.Metadata(ctx, names...)
	if err != nil {
		return nil, 0, err
	}
	var visible []string
	for _, n := range names {
		if t, ok := metadata.Topics[n]; ok && t.Err == nil {
			visible = append(visible, n)
		}
	}
	options, err := c.optionsOf(ctx, visible)
	if err != nil && !NotAllowed(err) {
		return nil, 0, err
	}
	for _, s := range topology.Topics() {
		t := metadata.Topics[c.name(s)]
		state := TopicState{Topic: c.name(s), Want: c.partitionsOf(s), Denied: NotAllowed(t.Err)}
		state.Missing = !state.Denied && (errors.Is(t.Err, kerr.UnknownTopicOrPartition) || len(t.Partitions) == 0)
		if !state.Missing && !state.Denied {
			state.see(t, options[state.Topic], c.wantedOptions(s))
		}
		states = append(states, state)
	}
	return states, len(metadata.Brokers), nil
}

// see takes what the cluster says of a topic. have is nil where its options may not be seen.
func (s *TopicState) see(t kadm.TopicDetail, have, want map[string]string) {
	s.Partitions, s.Replicas = int32(len(t.Partitions)), math.MaxInt
	s.MinInSync, _ = strconv.Atoi(have["min.insync.replicas"])
	for _, p := range t.Partitions {
		s.Replicas = min(s.Replicas, len(p.Replicas))
		if p.Leader < 0 {
			s.Offline++
		} else if len(p.ISR) < s.MinInSync {
			s.Behind++
		}
	}
	if s.Unseen = have == nil; s.Unseen {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		switch {
		case sameOption(have[key], want[key]) || key == "min.insync.replicas":
		case key == "cleanup.policy":
			s.Policy, s.WantPolicy = have[key], want[key]
		default:
			s.Differ = append(s.Differ, fmt.Sprintf("%s=%s (is %q)", key, want[key], have[key]))
		}
	}
}

// AutoCreates tells whether brokers make a topic for whoever names one.
func (e *Examination) AutoCreates(ctx context.Context) (bool, error) {
	metadata, err := e.cluster.admin.BrokerMetadata(ctx)
	if err != nil {
		return false, err
	}
	described, err := e.cluster.admin.DescribeBrokerConfigs(ctx, metadata.Brokers.NodeIDs()...)
	if err != nil {
		return false, err
	}
	for _, d := range described {
		if d.Err != nil {
			return false, d.Err
		}
		for _, option := range d.Configs {
			if option.Key == "auto.create.topics.enable" && option.MaybeValue() == "true" {
				return true, nil
			}
		}
	}
	return false, nil
}

// Clock is what the cluster's leading controller takes the time to be, and ours at the same moment, give or take half of how long it took to ask.
func (e *Examination) Clock(ctx context.Context) (theirs, ours time.Time, within time.Duration, err error) {
	request := kmsg.NewPtrDescribeQuorumRequest()
	topic, partition := kmsg.NewDescribeQuorumRequestTopic(), kmsg.NewDescribeQuorumRequestTopicPartition()
	topic.Topic, topic.Partitions = "__cluster_metadata", append(topic.Partitions, partition)
	request.Topics = append(request.Topics, topic)
	var response *kmsg.DescribeQuorumResponse
	// The second time the connection is there.
	for range 2 {
		began := time.Now()
		if response, err = request.RequestWith(ctx, e.cluster.client); err != nil {
			return theirs, ours, 0, err
		}
		within = time.Since(began) / 2
		ours = began.Add(within)
	}
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return theirs, ours, within, err
	}
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return theirs, ours, within, err
			}
			for _, voter := range p.CurrentVoters {
				// The leader has caught up with itself as of now.
				if voter.ReplicaID == p.LeaderID && voter.LastCaughtUpTimestamp > 0 {
					return time.UnixMilli(voter.LastCaughtUpTimestamp), ours, within, nil
				}
			}
		}
	}
	return theirs, ours, within, kerr.UnsupportedVersion
}

// newestOf is how many records back a partition is looked at for a time stamp.
const newestOf = 4

// Newest is the latest time stamp among the last records of a topic; zero: it has none, or there is no topic. Who writes them puts their own clock's time there.
func (e *Examination) Newest(ctx context.Context, s *topology.Spec) (newest time.Time, err error) {
	c := e.cluster
	extent, err := c.extent(ctx, s)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return newest, nil
	}
	if err != nil {
		return newest, err
	}
	from, left := map[int32]kgo.Offset{}, map[int32]int64{}
	for p := range c.partitionsOf(s) {
		start, end := extent.of(c.name(s), p)
		if end > start {
			from[p], left[p] = kgo.NewOffset().At(max(start, end-newestOf)), end
		}
	}
	if len(from) == 0 {
		return newest, nil
	}
	client, err := kgo.NewClient(slices.Concat(c.options, []kgo.Opt{kgo.KeepControlRecords(), kgo.FetchIsolationLevel(kgo.ReadUncommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.name(s): from})})...)
	if err != nil {
		return newest, err
	}
	defer client.Close()
	for len(left) > 0 && ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil && ctx.Err() == nil {
			return newest, err
		}
		for r := range fetches.RecordsAll() {
			if r.Timestamp.After(newest) && !r.Attrs.IsControl() {
				newest = r.Timestamp
			}
			if r.Offset >= left[r.Partition]-1 {
				delete(left, r.Partition)
			}
		}
	}
	return newest, ctx.Err()
}

// Members are those of a group that shares a topic.
func (e *Examination) Members(ctx context.Context, group string, s *topology.Spec) (members []GroupMember, err error) {
	err = coordinated(ctx, func() error {
		members, err = e.cluster.Members(ctx, group, s)
		return err
	})
	return members, err
}

// coordinated asks again while the cluster has nobody yet who looks after the group or transaction: a new cluster makes the topics for that when it is first asked.
func coordinated(ctx context.Context, ask func() error) error {
	for {
		err := ask()
		unready := errors.Is(err, kerr.CoordinatorNotAvailable) || errors.Is(err, kerr.CoordinatorLoadInProgress) || errors.Is(err, kerr.NotCoordinator)
		if !unready || ctx.Err() != nil {
			return err
		}
		pause(ctx, retryPause)
	}
}
