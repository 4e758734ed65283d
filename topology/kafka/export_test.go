package kafka

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/oauth2"
)

// TokenOf asks the endpoint for a token.
func TokenOf(o OAuth) (*oauth2.Token, error) { return endpoint(o).Token() }

// Shown is a broker that shows a certificate, and when that expires.
type Shown struct {
	Address string
	At      time.Time
}

// Showing returns what has a broker show a certificate to a connection that is measured in a registry, and returns what ends the connection.
func Showing(registry prometheus.Registerer) func(Shown) (ended func()) {
	e := &encryption{meters: newMeters(registry), brokers: map[string]*shownBroker{}}
	return func(b Shown) func() { return e.shown(b.Address, b.At) }
}

// Dialled are connections by TLS to an address, and returns how many of them there are.
func Dialled(files TLS, address string) (dial func(context.Context) (net.Conn, error), open func() int, err error) {
	e, err := newEncryption(files, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context) (net.Conn, error) { return e.dial(ctx, "tcp", address) }, func() int {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.brokers[address].connections
	}, nil
}

// Try connects and logs in by a client that is made for it as all clients of the cluster are, once.
func (c *Cluster) Try(ctx context.Context) error {
	client, err := kgo.NewClient(append(slices.Clip(c.options), kgo.RequestRetries(0))...)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Ping(ctx)
}
