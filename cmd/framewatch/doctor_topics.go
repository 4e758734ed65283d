package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/framewatch/framewatch/topology/kafka"
)

// checkTopics compares the topics with the topology: that they are there, how many partitions and copies they have, and how long they keep what.
func checkTopics(ctx context.Context, p *patient) []finding {
	const name = "kafka topics"
	return p.withKafka(ctx, name, func(ctx context.Context, e *kafka.Examination) ([]finding, error) {
		states, brokers, err := e.Topics(ctx)
		if err != nil {
			return nil, err
		}
		var findings []finding
		var missing, denied, unseen []string
		for _, s := range states {
			switch {
			case s.Missing:
				missing = append(missing, s.Topic)
			case s.Denied:
				denied = append(denied, s.Topic)
			default:
				findings = append(findings, judgeTopic(name, s, brokers)...)
			}
			if s.Unseen {
				unseen = append(unseen, s.Topic)
			}
		}
		if len(missing) > 0 {
			findings = append(findings, finding{name, statusFail, fmt.Sprintf("%d are missing: %s", len(missing), examplesOf(missing)), "framewatch topics apply, as a user who may make topics; `run` makes them as well where its user may"})
		}
		if len(denied) > 0 {
			findings = append(findings, finding{name, statusUnknown, fmt.Sprintf("%d may not be seen by this user: %s", len(denied), examplesOf(denied)), "see kafka acl"})
		}
		if len(unseen) > 0 {
			findings = append(findings, finding{name, statusUnknown, fmt.Sprintf("what %d are set to may not be seen by this user: %s", len(unseen), examplesOf(unseen)), "see kafka acl (DescribeConfigs)"})
		}
		if len(findings) == 0 {
			findings = append(findings, finding{Check: name, Status: statusOK, Detail: fmt.Sprintf("%d topics are as they should be", len(states))})
		}
		return findings, nil
	})
}

// judgeTopic tells what is not as it should be of a topic that is there, in a cluster of so many brokers.
func judgeTopic(name string, s kafka.TopicState, brokers int) (findings []finding) {
	tell := func(status, remedy, format string, args ...any) {
		findings = append(findings, finding{name, status, s.Topic + " " + fmt.Sprintf(format, args...), remedy})
	}
	if s.Partitions != s.Want {
		tell(statusFail, "all topics have one count, that of features: make this one anew when nothing is in it that is needed (kafka-topics.sh --delete, framewatch topics apply)",
			"has %d partitions, not %d: streams would be in other partitions than in the other topics", s.Partitions, s.Want)
	}
	if s.Offline > 0 {
		tell(statusFail, "bring back the brokers that have its copies: kafka-topics.sh --describe --unavailable-partitions", "has %d partitions without a leader", s.Offline)
	}
	if s.Behind > 0 {
		tell(statusFail, "bring back the brokers that have its copies: kafka-topics.sh --describe --under-min-isr-partitions", "has %d partitions with fewer copies in sync than a write needs (min.insync.replicas %d)", s.Behind, s.MinInSync)
	}
	if s.WantPolicy != "" {
		tell(statusFail, "framewatch topics apply", "has cleanup.policy=%s, not %s: what it is read for would be removed, or stay for ever", s.Policy, s.WantPolicy)
	}
	if len(s.Differ) > 0 {
		tell(statusWarn, "framewatch topics apply, or leave it where it is meant so", "differs: %s", strings.Join(s.Differ, ", "))
	}
	switch {
	case s.MinInSync > s.Replicas:
		tell(statusFail, fmt.Sprintf("set min.insync.replicas to %d (kafka-configs.sh --alter --add-config), or give it more copies", max(1, s.Replicas-1)),
			"has %d copies and wants %d in sync: nothing can be written", s.Replicas, s.MinInSync)
	case s.Replicas == 1 && brokers > 1:
		tell(statusWarn, "give it 3 copies (kafka-reassign-partitions.sh); kafka.replication: 3 is for those to come", "has one copy, though there are %d brokers: with one of them it is gone", brokers)
	case s.Replicas > 1 && s.MinInSync == s.Replicas:
		tell(statusWarn, fmt.Sprintf("set min.insync.replicas to %d (kafka-configs.sh --alter --add-config)", s.Replicas-1), "has %d copies and wants all of them in sync: with one broker away nothing can be written", s.Replicas)
	case s.Replicas >= 3 && s.MinInSync == 1:
		tell(statusWarn, "set min.insync.replicas to 2 (kafka.replication: 3 and framewatch topics apply)", "has %d copies and is content with one in sync: what is written may be lost with one broker", s.Replicas)
	}
	return findings
}

// examplesOf is the first few of many.
func examplesOf(names []string) string {
	const most = 4
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}
