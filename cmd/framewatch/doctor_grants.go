package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// checkGrants tells what this user lacks of what its targets need, each with the line of Kafka's tool that gives it.
func checkGrants(ctx context.Context, p *patient) []finding {
	const name = "kafka acl"
	return p.withKafka(ctx, name, func(ctx context.Context, e *kafka.Examination) ([]finding, error) {
		needed := grantsOf(p.config, p.targets)
		lacking, err := e.NotGranted(ctx, needed)
		if err != nil {
			return nil, err
		}
		principal := "User:" + cmp.Or(p.config.Kafka.SASL.User, "NAME")
		var findings []finding
		for _, g := range lacking {
			findings = append(findings, finding{name, statusFail, fmt.Sprintf("this user may not %s (it %s)", g, g.Why), g.Command(principal)})
		}
		if len(findings) == 0 {
			findings = append(findings, finding{Check: name, Status: statusOK, Detail: fmt.Sprintf("this user may do all %d things that its targets need", len(needed))})
		}
		return findings, nil
	})
}

// grantsOf is what a process with the configuration needs for its targets, each once.
func grantsOf(config Config, names []string) (all []topology.Grant) {
	prefix := config.Kafka.Prefix
	add := func(grants ...topology.Grant) {
		for _, g := range grants {
			if !slices.ContainsFunc(all, func(o topology.Grant) bool { return o.String() == g.String() }) {
				all = append(all, g)
			}
		}
	}
	for _, t := range targets {
		if t.name == shadowTarget && config.Detector.Shadow.Name == "" && !slices.Contains(names, shadowTarget) {
			continue
		}
		if slices.Contains(names, allTargets) || slices.Contains(names, t.name) {
			add(topology.Grants(t.name, prefix)...)
		}
	}
	laid := func(s *topology.Spec, what string) {
		for _, operation := range []string{"Read", "Write"} {
			add(topology.Grant{Resource: topology.TopicResource, Name: prefix + s.Name, Operation: operation, Why: "lays the file's " + what + " on the log; with no such key in the file it need not"})
		}
	}
	if config.Streams != nil {
		laid(&topology.Streams.Spec, "streams")
		add(topology.Grant{Resource: topology.TopicResource, Name: prefix + topology.Profiles.Name, Operation: "Read", Why: "compares the file's streams with the profiles"})
	}
	if config.Profiles != nil {
		laid(&topology.Profiles.Spec, "profiles")
	}
	return all
}
