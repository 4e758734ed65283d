package kafka

import (
	"context"
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

// Show has brokers show certificates one after the other, to connections that are measured in a registry.
func Show(registry prometheus.Registerer, brokers ...Shown) {
	e := &encryption{meters: newMeters(registry), brokers: map[string]time.Time{}}
	for _, b := range brokers {
		e.shown(b.Address, b.At)
	}
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
