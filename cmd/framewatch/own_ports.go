package main

import (
	"context"
	"net"
	"net/url"
	"os"
	"time"
)

// brokersInterval is how often the brokers are asked for again: they come and go.
const brokersInterval = time.Minute

// own keeps streams off the ports of Framewatch as the configuration says them, whichever process they are in, and off what it relies on: the
// registry and, within Kubernetes, the cluster's API.
func (a *app) own() {
	a.access.Own("the pictures' server", a.config.Ingest.Listen)
	a.access.Own("the console", a.config.Console.Listen)
	if a.config.Admin.Listen != "" {
		a.access.Own("the admin listener", a.config.Admin.Listen)
	}
	a.access.Own("the embedded broker", a.config.Embedded.Listen)
	a.access.Own("a Kafka broker", a.config.Kafka.Brokers...)
	if u, err := url.Parse(a.config.Kafka.Registry.URL); err == nil && u.Host != "" {
		a.access.Own("the schema registry", net.JoinHostPort(u.Hostname(), portOf(u)))
	}
	if host := os.Getenv("KUBERNETES_SERVICE_HOST"); host != "" {
		for _, port := range []string{os.Getenv("KUBERNETES_SERVICE_PORT"), "443", "6443"} {
			a.access.Own("the Kubernetes API", net.JoinHostPort(host, port))
		}
	}
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// ownBrokers keeps streams off the brokers' advertised addresses until ctx ends.
func (a *app) ownBrokers(ctx context.Context) error {
	for {
		addresses, err := a.cluster.Brokers(ctx)
		if err != nil && ctx.Err() == nil {
			a.log.Warn("the brokers' addresses are not known, so streams may be read from them", "error", err)
		}
		a.access.Own("a Kafka broker", addresses...)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(brokersInterval):
		}
	}
}
