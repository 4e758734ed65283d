package main

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology/kafka"
)

// Streams are kept off every port that is Framewatch's own or that of what it relies on.
func TestOwnPorts(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
	t.Setenv("KUBERNETES_SERVICE_PORT", "443")
	broker, err := kafka.Embed(kafka.EmbedConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	config := defaultConfig()
	config.Ingest.Listen, config.Console.Listen, config.Embedded.Listen = "0.0.0.0:8090", "127.0.0.1:8080", "127.0.0.1:9392"
	config.Kafka.Brokers, config.Kafka.Registry.URL = []string{"10.1.1.1:9092"}, "http://10.1.1.2/registry"
	a, err := newApp(config, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	kafkaConfig := kafka.Defaults()
	kafkaConfig.Brokers = broker.Addresses()
	if a.cluster, err = kafka.Dial(t.Context(), kafkaConfig, schemas.Baked(), a.log); err != nil {
		t.Fatal(err)
	}
	defer a.cluster.Close()
	a.own()
	a.access.Own("the pictures' server", "127.0.0.1:40001")
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if err := a.ownBrokers(ctx); err != nil {
			t.Error(err)
		}
	}()
	advertised, err := a.cluster.Brokers(t.Context())
	if err != nil || !slices.Equal(advertised, broker.Addresses()) {
		t.Fatalf("the cluster advertises %q, %v, want %q", advertised, err, broker.Addresses())
	}
	for address, whose := range map[string]string{
		"127.0.0.1:40001": "the pictures' server", "127.0.0.1:8090": "the pictures' server", "127.0.0.1:8080": "the console", "127.0.0.1:9392": "the embedded broker",
		"10.1.1.1:9092": "a Kafka broker", "10.1.1.2:80": "the schema registry", "10.96.0.1:443": "the Kubernetes API", "10.96.0.1:6443": "the Kubernetes API",
		"10.1.1.1:9093": "", advertised[0]: "a Kafka broker",
	} {
		at := netip.MustParseAddrPort(address)
		for {
			_, err := a.access.Visit(at.Addr().String()).Resolve(t.Context(), at.Addr().String(), at.Port())
			if err == nil && address == advertised[0] {
				continue // it is asked for beside us
			}
			if whose == "" && err != nil || whose != "" && (err == nil || !strings.Contains(err.Error(), whose+" is there")) {
				t.Errorf("%s: got %v, want it refused as %q", address, err, whose)
			}
			break
		}
	}
	stop()
	<-stopped
}
