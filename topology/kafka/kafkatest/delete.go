package kafkatest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Delete deletes all topics whose names begin with a prefix, and returns when none is left.
func Delete(t testing.TB, brokers []string, prefix string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	admin := kadm.NewClient(client)
	for {
		topics, err := admin.ListTopics(ctx)
		if err != nil {
			t.Fatalf("list topics: %v", err)
		}
		var names []string
		for _, name := range topics.Names() {
			if strings.HasPrefix(name, prefix) {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return
		}
		if _, err := admin.DeleteTopics(ctx, names...); err != nil {
			t.Fatalf("delete the topics of %s: %v", prefix, err)
		}
	}
}
