// Package kafka moves the topology's records over a Kafka log: it publishes, reads, folds exactly once, lays out topics, and
// runs an embedded broker. It is the one room that knows the Kafka client; it does not know what a defect is.
package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

const (
	// dialPatience is how long a broker is waited for that does not answer, where the configuration does not say.
	dialPatience = 30 * time.Second
	// complainEvery is how often, meanwhile, the log of the process says so.
	complainEvery = 30 * time.Second
	// linger is how long the live path waits for company, which a batch needs to be worth compressing: of 20 streams on 4 partitions a picture
	// took 472 bytes at 5 ms, 435 at 25, 392 at 50 and 369 at 100 by zstd, and 407 at 100 by snappy, of a record of 472.
	linger = 50 * time.Millisecond
	// bufferedBytes bounds what the live path holds while the brokers are away; past it TryPublish drops.
	bufferedBytes = 64 << 20
	// inflatedBytes bounds what a batch may decompress to.
	inflatedBytes = 64 << 20
)

// Cluster is a dialled Kafka cluster. It is safe for concurrent use until Close.
type Cluster struct {
	config   Config
	contract *schemas.Contract
	log      *slog.Logger
	// options are shared by all clients of the cluster.
	options []kgo.Opt
	// client administers and produces outside of transactions.
	client *kgo.Client
	admin  *kadm.Client
	// partitions per topic.
	partitions atomic.Int32
	// started is where a group that was never seen begins to read.
	started time.Time
	meters  *meters
	// folds are the meters of the stages that fold here, by name.
	folding sync.Mutex
	folds   map[string]*foldMeters
	// versions is where the schemas of other versions are.
	versions versions
}

// versions is where the schemas of other versions are: a registry, or the log itself.
type versions interface {
	// learn asks for the schema of a value, if the contract does not know its id, and says whether the contract does now. The value had been written by the time at which it came.
	// While it cannot be asked it waits: what it might know is not poison.
	learn(ctx context.Context, contract *schemas.Contract, value []byte, came time.Time) (known bool, err error)
	// declare has the schemas that we write with known to others, before we do.
	declare(ctx context.Context) error
}

// Dial reaches the cluster and learns its partition count. It fails when no broker answers until ctx ends or the configuration's Patience has.
func Dial(ctx context.Context, config Config, contract *schemas.Contract, log *slog.Logger) (*Cluster, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	meters := newMeters(config.Metrics)
	options, err := clientOptions(config, log, meters)
	if err != nil {
		return nil, err
	}
	counted, others := newClientMeters(config.Metrics)
	c := &Cluster{config: config, contract: contract, log: log, options: slices.Concat(options, others), started: time.Now(), meters: meters, folds: map[string]*foldMeters{}}
	if c.client, err = kgo.NewClient(slices.Concat(options, counted, []kgo.Opt{
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(linger), kgo.MaxBufferedBytes(bufferedBytes)})...); err != nil {
		return nil, err
	}
	c.admin = kadm.NewClient(c.client)
	c.partitions.Store(config.Partitions)
	if err := c.Patiently(ctx, c.learnPartitions); err != nil {
		c.client.Close()
		return nil, fmt.Errorf("dial %v: %w", config.Brokers, err)
	}
	c.versions = newLogged(c)
	if config.Registry.URL != "" {
		err = c.Patiently(ctx, func(ctx context.Context) (err error) {
			c.versions, err = agree(ctx, config, contract)
			return err
		})
	}
	if err == nil && !config.LooksOnly {
		err = c.Patiently(ctx, c.versions.declare)
	}
	if err != nil {
		c.client.Close()
		return nil, err
	}
	return c, nil
}

// Patiently does work again and again until the log answers it, for as long as the configuration has Patience: brokers may still be starting, or may be
// about to find out that one of them is gone. The work is then one that may be done twice. What cannot be got to log in with, a token or a file, is waited for as long as
// commands wait. Whatever else keeps it from being done is returned at once.
func (c *Cluster) Patiently(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.config.Patience, dialPatience))
	defer cancel()
	began := time.Now()
	complain := began.Add(complainEvery)
	for last := error(nil); ; {
		err := work(ctx)
		if err == nil || hopeless(err) || !unanswered(err) && !(errors.Is(err, errLogin) && time.Since(began) < dialPatience) {
			return err
		}
		if ctx.Err() == nil || last == nil {
			last = err // it says more than that the time was over
		}
		if now := time.Now(); now.After(complain) {
			complain = now.Add(complainEvery)
			c.log.Warn("the log does not answer, and is waited for: framewatch doctor tells where the way to it ends", "brokers", c.config.Brokers, "error", err)
		}
		if pause(ctx, time.Second/2); ctx.Err() != nil {
			return last
		}
	}
}

// Close writes what is still buffered, for at most five seconds, and ends the connections.
func (c *Cluster) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := c.client.Flush(ctx); err != nil {
		c.log.Warn("close the log with records unwritten", "records", c.client.BufferedProduceRecords(), "error", err)
	}
	c.client.Close()
}

// Partitions is how many partitions every topic has that is not single.
func (c *Cluster) Partitions() int32 { return c.partitions.Load() }

// Partition is where a stream lives in every topic: murmur2 of its lane, as Java clients compute it.
func (c *Cluster) Partition(lane string) int32 {
	return PartitionAmong(lane, c.Partitions())
}

// PartitionAmong is where a lane lives among so many partitions.
func PartitionAmong(lane string, partitions int32) int32 {
	return int32(murmur2.Partition(&kgo.Record{Key: []byte(lane)}, int(partitions)))
}

var murmur2 = kgo.StickyKeyPartitioner(nil).ForTopic("")

// Brokers are the addresses, host:port, under which the brokers say that they are reached.
func (c *Cluster) Brokers(ctx context.Context) ([]string, error) {
	found, err := c.admin.ListBrokers(ctx)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for _, b := range found {
		addresses = append(addresses, net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))))
	}
	return addresses, nil
}

// ID is what the cluster calls itself, and no other cluster.
func (c *Cluster) ID(ctx context.Context) (string, error) {
	metadata, err := c.admin.BrokerMetadata(ctx)
	if err != nil {
		return "", fmt.Errorf("ask for the cluster's id: %w", err)
	}
	return metadata.Cluster, nil
}

// PartitionsOf is how many partitions a topic is to have.
func (c *Cluster) PartitionsOf(s *topology.Spec) int32 { return c.partitionsOf(s) }

// learnPartitions takes over the partition count of the features topic, if there is one.
func (c *Cluster) learnPartitions(ctx context.Context) error {
	name := c.name(&topology.Features.Spec)
	topics, err := c.admin.ListTopics(ctx, name)
	if err != nil {
		return err
	}
	if t, ok := topics[name]; ok && t.Err == nil && len(t.Partitions) > 0 {
		c.partitions.Store(int32(len(t.Partitions)))
	}
	return nil
}

// name is the topic's name on the cluster.
func (c *Cluster) name(s *topology.Spec) string { return c.config.Prefix + s.Name }

// group is a consumer group's name on the cluster: groups of another prefix are another installation's.
func (c *Cluster) group(name string) string {
	return topology.GroupNamed(name, c.config.Prefix)
}

// partitionsOf is the partition count of one topic.
func (c *Cluster) partitionsOf(s *topology.Spec) int32 {
	if s.Single {
		return 1
	}
	return c.Partitions()
}

// place is the partition of the topic that the lane's partition maps to.
func place(s *topology.Spec, partition int32) int32 {
	if s.Single {
		return 0
	}
	return partition
}

// clientOptions are shared by all clients. m may be nil.
func clientOptions(config Config, log *slog.Logger, m *meters) ([]kgo.Opt, error) {
	// From these versions on offsets are committed under topic ids. We commit some by hand, under names.
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.OffsetCommit), 9)
	versions.SetMaxKeyVersion(int16(kmsg.OffsetFetch), 9)
	versions.SetMaxKeyVersion(int16(kmsg.TxnOffsetCommit), 5)
	// One for all clients: each would sort the one list of codecs that they share.
	compressor, err := kgo.DefaultCompressor(kgo.ZstdCompression(), kgo.NoCompression())
	if err != nil {
		return nil, err
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(config.Brokers...), kgo.ClientID(cmp.Or(config.Client, "framewatch")), kgo.WithLogger(newClientLog(log)), kgo.MaxVersions(versions),
		kgo.WithCompressor(compressor),
		// The default of five seconds is how long a new topic or leader would stay unknown.
		kgo.MetadataMinAge(250 * time.Millisecond),
		// Partitions that a reader is given wait for its fetch in flight to end; the default is five seconds again.
		kgo.FetchMaxWait(500 * time.Millisecond),
		kgo.MaxDecompressBatchBytes(inflatedBytes), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	}
	if config.TLS.Enabled {
		encryption, err := newEncryption(config.TLS, log, m)
		if err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		options = append(options, kgo.Dialer(encryption.dial))
	}
	if config.SASL.Mechanism != "" {
		mechanism, err := config.SASL.mechanism()
		if err != nil {
			return nil, fmt.Errorf("sasl: %w", err)
		}
		options = append(options, kgo.SASL(mechanism))
	}
	return options, nil
}
