package apache

import (
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Remove deletes all topics whose names begin with the prefix, and what they hold.
func (c *Nodes) Remove(ctx context.Context, prefix string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.addresses...))
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	topics, err := admin.ListTopics(ctx)
	if err != nil {
		return fmt.Errorf("remove topics %s*: %w", prefix, err)
	}
	var names []string
	for _, name := range topics.Names() {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	answers, err := admin.DeleteTopics(ctx, names...)
	if err == nil {
		err = answers.Error()
	}
	if err != nil {
		return fmt.Errorf("remove topics %s*: %w", prefix, err)
	}
	return nil
}
