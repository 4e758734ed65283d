package main

import (
	"context"
	"slices"
	"sync"

	"github.com/framewatch/framewatch/topology/kafka"
)

// patient is what doctor looks at: a configuration, for the targets that a process with it is to run. It is safe for concurrent use.
type patient struct {
	config  Config
	targets []string
	// streams are the ids of those to open; none: the first few.
	streams []string
	// examination of the cluster, begun when it is first asked for.
	examination func() (*kafka.Examination, error)
	close       func()
}

func newPatient(config Config, targets, streams []string) *patient {
	p := &patient{config: config, targets: targets, streams: streams, close: func() {}}
	p.examination = sync.OnceValues(func() (*kafka.Examination, error) {
		e, err := kafka.Examine(config.Kafka)
		if err == nil {
			p.close = e.Close
		}
		return e, err
	})
	return p
}

// runs tells that one of the targets is among the patient's.
func (p *patient) runs(targets ...string) bool {
	return slices.ContainsFunc(p.targets, func(t string) bool { return t == allTargets || slices.Contains(targets, t) })
}

// embeds tells that the process brings its own broker.
func (p *patient) embeds() bool {
	return len(p.config.Kafka.Brokers) == 0 && (slices.Contains(p.targets, allTargets) || slices.Contains(p.targets, brokerTarget))
}

// unanswered is the remedy where the brokers ought to have answered and did not.
const unanswered = "see kafka reach and kafka addresses"

// withKafka looks at the cluster, unless the process brings its own. Where it cannot be reached nothing is known, and kafka reach says why.
func (p *patient) withKafka(ctx context.Context, name string, look func(ctx context.Context, e *kafka.Examination) ([]finding, error)) []finding {
	if len(p.config.Kafka.Brokers) == 0 {
		return nil
	}
	e, err := p.examination()
	var findings []finding
	if err == nil {
		findings, err = look(ctx, e)
	}
	switch {
	case err == nil:
		return findings
	case kafka.NotAllowed(err):
		return []finding{{Check: name, Status: statusUnknown, Detail: "the brokers do not let this user look: " + err.Error(), Remedy: "look as a user who may: framewatch topics acl --target operator lists what that one is allowed"}}
	case kafka.NotKnown(err):
		return []finding{{Check: name, Status: statusUnknown, Detail: "the brokers do not know how to tell: " + err.Error(), Remedy: "none is needed: this cannot be looked into with such brokers"}}
	}
	return []finding{{Check: name, Status: statusUnknown, Detail: "the brokers do not answer: " + err.Error(), Remedy: unanswered}}
}
