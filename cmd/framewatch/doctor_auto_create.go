package main

import (
	"context"

	"github.com/framewatch/framewatch/topology/kafka"
)

// checkAutoCreate tells whether brokers make a topic for whoever names one: then a misspelt prefix makes a second set, with the wrong settings.
func checkAutoCreate(ctx context.Context, p *patient) []finding {
	const name = "kafka auto-create"
	return p.withKafka(ctx, name, func(ctx context.Context, e *kafka.Examination) ([]finding, error) {
		on, err := e.AutoCreates(ctx)
		if err != nil {
			return nil, err
		}
		if on {
			return []finding{{name, statusWarn, "a topic that somebody names is made with the brokers' default settings", "set auto.create.topics.enable=false at the brokers; framewatch topics apply makes ours"}}, nil
		}
		return []finding{{Check: name, Status: statusOK, Detail: "topics are made by those only who mean to"}}, nil
	})
}
