package kafka

import (
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/twmb/franz-go/pkg/kfake"
)

// EmbeddedPartitions is enough for one machine, and each costs the detector a producer.
const EmbeddedPartitions = 4

// EmbedConfig is where an embedded broker keeps its data and listens.
type EmbedConfig struct {
	// Dir keeps the log on disk across restarts; empty keeps it in memory.
	Dir string `yaml:"dir"`
	// Listen is a host:port on loopback; port 0 or empty lets the system choose.
	Listen string `yaml:"listen"`
}

// Broker is an embedded broker: a whole Kafka for one machine, without replication. It is dialled over loopback like any other.
type Broker struct{ cluster *kfake.Cluster }

// Embed starts a broker.
func Embed(config EmbedConfig) (*Broker, error) {
	listen := config.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("embed a broker: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("embed a broker on %s: it asks nobody who they are, so it listens on loopback addresses only", listen)
	}
	options := []kfake.Opt{
		kfake.NumBrokers(1), kfake.DefaultNumPartitions(EmbeddedPartitions),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) { return net.Listen(network, listen) }),
		// Without this the broker looks for expired and superseded records once an hour; each look costs the more the longer the log is.
		kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "60000"}),
	}
	if config.Dir != "" {
		if err := os.MkdirAll(config.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("embed a broker: %w", err)
		}
		options = append(options, kfake.DataDir(config.Dir))
	}
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		return nil, fmt.Errorf("embed a broker on %s: %w", listen, err)
	}
	b := &Broker{cluster}
	slog.Info("embedded broker is up; it is for one machine: one process, one copy of the data", "address", b.Addresses()[0], "dir", config.Dir)
	return b, nil
}

// Addresses are where the broker listens.
func (b *Broker) Addresses() []string { return b.cluster.ListenAddrs() }

// Close ends the broker; with a directory all that was written stays there.
func (b *Broker) Close() { b.cluster.Close() }
