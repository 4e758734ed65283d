package kafka

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"golang.org/x/oauth2"

	"github.com/framewatch/framewatch/schemas"
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

// Learning returns what asks a registry for the schema of a value that came at an instant.
func Learning(transport http.RoundTripper) (learn func(ctx context.Context, value []byte, came time.Time) (known bool, err error), err error) {
	client, err := sr.NewClient(sr.URLs("http://registry"), sr.HTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		return nil, err
	}
	g, contract := &registry{client: client, unknown: map[uint32]unknownID{}}, schemas.Baked()
	return func(ctx context.Context, value []byte, came time.Time) (bool, error) {
		return g.learn(ctx, contract, value, came)
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
