package apache_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology/kafka/apache"
)

// Only what begins with the prefix goes, and the folder goes with the node.
func TestRemoveTakesOneInstallationsTopics(t *testing.T) {
	nodes, err := apache.Start(apache.Config{Nodes: 1, Dir: t.TempDir(), JVM: apache.Small})
	if err != nil {
		t.Fatal(err)
	}
	defer nodes.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(nodes.Addresses()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	created, err := admin.CreateTopics(ctx, 1, 1, nil, "a.one", "a.two", "ab")
	if err == nil {
		err = created.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"none.", "a."} {
		if err := nodes.Remove(ctx, prefix); err != nil {
			t.Fatal(err)
		}
	}
	// Brokers forget a topic a moment after they have said that it is deleted.
	for names := []string(nil); !slices.Equal(names, []string{"ab"}); {
		left, err := admin.ListTopics(ctx)
		if err != nil {
			t.Fatalf("the topics %v are left, want [ab]: %v", names, err)
		}
		names = left.Names()
	}
	if n := len(nodes.Processes()); n != 1 {
		t.Errorf("%d processes, want 1", n)
	}
}
