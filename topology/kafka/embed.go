package kafka

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
)

// EmbeddedPartitions is enough for one machine, and each costs the detector a producer.
const EmbeddedPartitions = 4

// EmbedConfig is where an embedded broker keeps its data and listens.
type EmbedConfig struct {
	// Dir keeps the log on disk across restarts; empty keeps it in memory.
	Dir string
	// Listen is a host:port on loopback; port 0 or empty lets the system choose.
	Listen string
}

// Validate refuses an address that other machines can reach: the broker asks nobody who they are.
func (c EmbedConfig) Validate() error {
	if c.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen %q: not host:port", c.Listen)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("listen %q: the embedded broker asks nobody who they are, so it listens on loopback addresses only, such as 127.0.0.1:9392", c.Listen)
	}
	return nil
}

// Broker is an embedded broker: a whole Kafka for one machine, without replication. It is dialled over loopback like any other.
type Broker struct {
	cluster *kfake.Cluster
	// lock keeps others out of the directory; nil without one.
	lock *os.File
	// end ends what works for the broker.
	end context.CancelFunc
}

// Embed starts a broker.
func Embed(config EmbedConfig) (*Broker, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("embed a broker: %w", err)
	}
	listen := cmp.Or(config.Listen, "127.0.0.1:0")
	options := []kfake.Opt{
		kfake.NumBrokers(1), kfake.DefaultNumPartitions(EmbeddedPartitions),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) { return net.Listen(network, listen) }),
		// Without this the broker looks for expired and superseded records once an hour; each look costs the more the longer the log is.
		kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "10000"}),
	}
	var lock *os.File
	var err error
	if config.Dir != "" {
		if lock, err = lockFolder(config.Dir); err != nil {
			return nil, fmt.Errorf("embed a broker: %w", err)
		}
		options = append(options, kfake.DataDir(config.Dir))
	}
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("embed a broker on %s: %w", listen, err)
	}
	ctx, end := context.WithCancel(context.Background())
	b := &Broker{cluster, lock, end}
	if err := keepRoll(ctx, cluster); err != nil {
		b.Close()
		return nil, fmt.Errorf("embed a broker on %s: %w", listen, err)
	}
	slog.Info("embedded broker is up; it is for one machine: one process, one copy of the data", "address", b.Addresses()[0], "dir", config.Dir)
	return b, nil
}

// Addresses are where the broker listens.
func (b *Broker) Addresses() []string { return b.cluster.ListenAddrs() }

// Close ends the broker; with a directory all that was written stays there.
func (b *Broker) Close() {
	b.end()
	b.cluster.Close()
	b.lock.Close()
}

// lockFolder makes the folder and keeps other processes out of it until the file is closed or this process ends: two brokers would
// destroy each other's log.
func lockFolder(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("another process keeps its log in %s: stop it, or give this one a folder of its own (data_dir)", dir)
	}
	return lock, nil
}
