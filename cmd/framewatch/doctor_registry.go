package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/framewatch/framewatch/topology/kafka"
)

// checkRegistry asks the schema registry whether it has our schemas, or would take them.
func checkRegistry(ctx context.Context, p *patient) []finding {
	const name = "registry"
	if p.config.Kafka.Registry.URL == "" {
		return nil
	}
	known, fresh, refused, err := kafka.ExamineRegistry(ctx, p.config.Kafka)
	switch {
	case errors.Is(err, kafka.ErrRegistryRefuses):
		return []finding{{name, statusFail, err.Error(), "mend kafka.registry.user and password"}}
	case err != nil:
		return []finding{{name, statusFail, "it does not answer as a registry does: " + err.Error(), "is it up, and is kafka.registry.url the base of its Confluent API (of Apicurio: /apis/ccompat/v7)?"}}
	case len(refused) > 0:
		var findings []finding
		for _, subject := range slices.Sorted(maps.Keys(refused)) {
			findings = append(findings, finding{name, statusFail, fmt.Sprintf("it would not take the schema of %s: %.300s", subject, refused[subject]),
				"somebody else has registered under this subject, or its level of compatibility is not that of framewatch topics describe: give this installation a kafka.prefix of its own, or set the level"})
		}
		return findings
	}
	return []finding{{Check: name, Status: statusOK, Detail: fmt.Sprintf("it has %d of our schemas and would take the other %d", known, fresh)}}
}
