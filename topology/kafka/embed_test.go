package kafka_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/topology/kafka"
)

func TestEmbeddedBrokerKeepsItsData(t *testing.T) {
	embed := kafka.EmbedConfig{Dir: t.TempDir()}
	config := configFor(nil)
	for i, id := range []string{"first", "second"} {
		broker, err := kafka.Embed(embed)
		if err != nil {
			t.Fatal(err)
		}
		config.Brokers = broker.Addresses()
		// From now on at the same address.
		embed.Listen = broker.Addresses()[0]
		c := laidOut(t, config)
		if err := c.Publish(within(t), 0, streamOf(id)); err != nil {
			t.Fatal(err)
		}
		want := []string{"0 first http://first", "0 second http://second"}[:i+1]
		if got := readAll(t, c, kafka.ReadOptions{}); !slices.Equal(got, want) {
			t.Errorf("start %d: read %q, want %q", i+1, got, want)
		}
		// The next start must find the data and the port free.
		c.Close()
		broker.Close()
	}
}

func TestEmbeddedBrokerStaysOnLoopback(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":9092", "example.org:9092", "192.0.2.1:9092"} {
		if b, err := kafka.Embed(kafka.EmbedConfig{Listen: listen}); err == nil || !strings.Contains(err.Error(), "loopback") {
			t.Errorf("listen on %s: %v, want that it refuses", listen, err)
			if b != nil {
				b.Close()
			}
		}
	}
}

// Two brokers in one folder would destroy each other's log.
func TestEmbeddedBrokerKeepsOthersOutOfItsFolder(t *testing.T) {
	dir := t.TempDir()
	first, err := kafka.Embed(kafka.EmbedConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if second, err := kafka.Embed(kafka.EmbedConfig{Dir: dir}); err == nil {
		second.Close()
		t.Error("a second broker was let into the folder")
	} else if !strings.Contains(err.Error(), dir) {
		t.Errorf("the error does not name the folder: %v", err)
	}
	first.Close()
	third, err := kafka.Embed(kafka.EmbedConfig{Dir: dir})
	if err != nil {
		t.Fatalf("after the first was closed: %v", err)
	}
	third.Close()
}
