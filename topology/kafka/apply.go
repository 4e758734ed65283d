package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Apply makes the topics that are missing and sets the options that differ. It deletes nothing and changes no partition count. It returns the
// plan that it followed; applied again there is nothing to do but what is kept.
func (c *Cluster) Apply(ctx context.Context) ([]Change, error) {
	changes, err := c.Plan(ctx)
	if err != nil {
		return nil, err
	}
	for _, change := range changes {
		switch change.Action {
		case Create:
			err = c.create(ctx, change)
		case Alter:
			err = c.alter(ctx, change)
		}
		if err != nil {
			return nil, fmt.Errorf("%s topic %s: %w", change.Action, change.Topic, err)
		}
	}
	if err := c.await(ctx); err != nil {
		return nil, err
	}
	return changes, c.versions.declare(ctx)
}

func (c *Cluster) create(ctx context.Context, change Change) error {
	options := map[string]*string{}
	for key, value := range change.options {
		options[key] = &value
	}
	replication := c.config.Replication
	if replication == 0 {
		replication = -1
	}
	response, err := c.admin.CreateTopic(ctx, c.partitionsOf(change.spec), replication, options, change.Topic)
	if err == nil {
		err = response.Err
	}
	if errors.Is(err, kerr.TopicAlreadyExists) {
		return nil // another process that starts with us was quicker
	}
	return err
}

func (c *Cluster) alter(ctx context.Context, change Change) error {
	var alterations []kadm.AlterConfig
	for key, value := range change.options {
		alterations = append(alterations, kadm.AlterConfig{Op: kadm.SetConfig, Name: key, Value: &value})
	}
	responses, err := c.admin.AlterTopicConfigs(ctx, alterations, change.Topic)
	if err != nil {
		return err
	}
	for _, r := range responses {
		if r.Err != nil {
			return r.Err
		}
	}
	return nil
}

// await returns when all brokers that answer know the topics that were made.
func (c *Cluster) await(ctx context.Context) error {
	for {
		left, err := c.Plan(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(left, func(c Change) bool { return c.Action == Create }) {
			return nil
		}
		pause(ctx, 50*time.Millisecond)
	}
}
