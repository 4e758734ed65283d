package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/framewatch/framewatch/topology"
)

// compactSegment is how soon a compacted topic's newest records become old enough to be compacted.
const compactSegment = time.Hour

// Action is what a change does to a topic.
type Action string

const (
	// Create makes a topic that is missing.
	Create Action = "create"
	// Alter sets options that differ.
	Alter Action = "alter"
	// Keep tells of a difference that Apply leaves as it is, because mending it would move or lose records.
	Keep Action = "keep"
)

// Change is one difference between the topology and the cluster.
type Change struct {
	// Topic with its prefix.
	Topic  string
	Action Action
	// Detail for people.
	Detail string

	spec    *topology.Spec
	options map[string]string
}

// String is the change as a line of a plan.
func (c Change) String() string { return fmt.Sprintf("%-6s %-32s %s", c.Action, c.Topic, c.Detail) }

// Plan is what differs between the topology and the cluster, in the topology's order; nothing when all is as it should be.
func (c *Cluster) Plan(ctx context.Context) ([]Change, error) {
	if err := c.learnPartitions(ctx); err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	var names []string
	for _, s := range topology.Topics() {
		names = append(names, c.name(s))
	}
	present, err := c.admin.ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	var existing []string
	for _, n := range names {
		if present.Has(n) {
			existing = append(existing, n)
		}
	}
	options, err := c.optionsOf(ctx, existing)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, s := range topology.Topics() {
		name := c.name(s)
		if has, known := options[name]; known {
			changes = append(changes, c.differences(s, present[name], has)...)
		} else {
			changes = append(changes, c.creation(s))
		}
	}
	return changes, nil
}

// optionsOf are the options of topics, by name, as the cluster has them.
func (c *Cluster) optionsOf(ctx context.Context, names []string) (map[string]map[string]string, error) {
	options := map[string]map[string]string{}
	if len(names) == 0 {
		return options, nil
	}
	described, err := c.admin.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("describe topics: %w", err)
	}
	for _, d := range described {
		// A topic made a moment ago is not known to all brokers at once.
		if errors.Is(d.Err, kerr.UnknownTopicOrPartition) {
			continue
		}
		if d.Err != nil {
			return nil, fmt.Errorf("describe topic %s: %w", d.Name, d.Err)
		}
		options[d.Name] = map[string]string{}
		for _, option := range d.Configs {
			options[d.Name][option.Key] = option.MaybeValue()
		}
	}
	return options, nil
}

// creation is the change that makes a topic.
func (c *Cluster) creation(s *topology.Spec) Change {
	options := c.wantedOptions(s)
	return Change{Topic: c.name(s), Action: Create, spec: s, options: options,
		Detail: fmt.Sprintf("%d partitions, %s", c.partitionsOf(s), listing(options))}
}

// differences are the changes to a topic that exists.
func (c *Cluster) differences(s *topology.Spec, present kadm.TopicDetail, options map[string]string) (changes []Change) {
	if have, want := int32(len(present.Partitions)), c.partitionsOf(s); have != want {
		changes = append(changes, Change{Topic: c.name(s), Action: Keep, spec: s,
			Detail: fmt.Sprintf("has %d partitions, not %d: with another count every stream would change its place", have, want)})
	}
	differ := map[string]string{}
	var details []string
	wanted := c.wantedOptions(s)
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if !sameOption(options[key], wanted[key]) {
			differ[key] = wanted[key]
			details = append(details, fmt.Sprintf("%s=%s (is %q)", key, wanted[key], options[key]))
		}
	}
	if len(differ) > 0 {
		changes = append(changes, Change{Topic: c.name(s), Action: Alter, spec: s, options: differ, Detail: strings.Join(details, ", ")})
	}
	return changes
}

// wantedOptions are what we ask of a topic; all else is the broker's to choose.
func (c *Cluster) wantedOptions(s *topology.Spec) map[string]string {
	var policies []string
	options := map[string]string{}
	if s.Compact {
		policies = append(policies, "compact")
		options["segment.ms"] = strconv.FormatInt(compactSegment.Milliseconds(), 10)
	}
	if s.Delete {
		policies = append(policies, "delete")
		options["retention.ms"] = strconv.FormatInt(s.Retention.Milliseconds(), 10)
	}
	options["cleanup.policy"] = strings.Join(policies, ",")
	// With three copies a write stands when two have it, so that one broker may be lost.
	if c.config.Replication >= 3 {
		options["min.insync.replicas"] = "2"
	}
	return options
}

// sameOption compares two values of an option. The order within a list says nothing.
func sameOption(a, b string) bool {
	x, y := strings.Split(a, ","), strings.Split(b, ",")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// listing is options as text, in order of their names.
func listing(options map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(options)) {
		pairs = append(pairs, key+"="+options[key])
	}
	return strings.Join(pairs, ", ")
}
