package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/framewatch/framewatch/topology/kafka"
)

// checkVersion tells whether the brokers know what exactly-once folding needs.
func checkVersion(ctx context.Context, p *patient) []finding {
	const name = "kafka version"
	return p.withKafka(ctx, name, func(ctx context.Context, e *kafka.Examination) ([]finding, error) {
		version, lacking, err := e.Version(ctx)
		if err != nil {
			return nil, err
		}
		if len(lacking) > 0 {
			return []finding{{name, statusFail, fmt.Sprintf("the brokers are as Kafka %s and lack %s", version, strings.Join(lacking, ", ")), "upgrade all brokers to Kafka 2.5 or later; 3.9 and 4.x are tested"}}, nil
		}
		return []finding{{Check: name, Status: statusOK, Detail: "the brokers are as Kafka " + version}}, nil
	})
}
