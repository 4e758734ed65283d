package kafka_test

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

func TestApplyMakesWhatPlanNames(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c := dial(t, configFor(brokers))
		for _, step := range []struct {
			do    func() ([]kafka.Change, error)
			what  string
			count int
		}{
			{func() ([]kafka.Change, error) { return c.Plan(within(t)) }, "plan of an empty cluster", len(topology.Topics())},
			{func() ([]kafka.Change, error) { return c.Apply(within(t)) }, "apply", len(topology.Topics())},
			{func() ([]kafka.Change, error) { return c.Plan(within(t)) }, "plan after it", 0},
			{func() ([]kafka.Change, error) { return c.Apply(within(t)) }, "apply again", 0},
		} {
			changes, err := step.do()
			if err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			if len(changes) != step.count {
				t.Errorf("%s: %d changes, want %d: %v", step.what, len(changes), step.count, changes)
			}
			for _, change := range changes {
				if change.Action != kafka.Create {
					t.Errorf("%s: %v, want creations only", step.what, change)
				}
			}
		}
	})
}

func TestTopicsAreLaidOutAsTheTopologySays(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		laidOut(t, config)
		_, admin := raw(t, brokers)
		topics, err := admin.ListTopics(within(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range topology.Topics() {
			want := 4
			if s.Single {
				want = 1
			}
			if got := len(topics[config.Prefix+s.Name].Partitions); got != want {
				t.Errorf("%s has %d partitions, want %d", s.Name, got, want)
			}
		}
		described, err := admin.DescribeTopicConfigs(within(t), config.Prefix+"defects.latest")
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, option := range described[0].Configs {
			got[option.Key] = option.MaybeValue()
		}
		// 14 days are 14 * 86,400,000 ms.
		if got["cleanup.policy"] != "compact,delete" || got["retention.ms"] != "1209600000" {
			t.Errorf("defects.latest: cleanup.policy=%s retention.ms=%s", got["cleanup.policy"], got["retention.ms"])
		}
	})
}

func TestApplyMendsOptionsButNotPartitions(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		_, admin := raw(t, brokers)
		// Somebody has made health by hand, with six partitions and another retention.
		hour := "3600000"
		if _, err := admin.CreateTopic(within(t), 6, 1, map[string]*string{"retention.ms": &hour, "cleanup.policy": kadm.StringPtr("delete")}, config.Prefix+"health"); err != nil {
			t.Fatal(err)
		}
		c := dial(t, config)
		if _, err := c.Apply(within(t)); err != nil {
			t.Fatal(err)
		}
		left, err := c.Plan(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if len(left) != 1 || left[0].Action != kafka.Keep || !strings.Contains(left[0].String(), "has 6 partitions, not 4") {
			t.Errorf("after apply the plan is %v, want the partition count alone", left)
		}
		topics, err := admin.ListTopics(within(t), config.Prefix+"health")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(topics[config.Prefix+"health"].Partitions); got != 6 {
			t.Errorf("health has %d partitions, want the 6 that it had", got)
		}
	})
}
