package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/topology/kafka"
)

const (
	// dialed is how long a connection is waited for.
	dialed = 4 * time.Second
	// mostAddresses bounds the brokers that are dialled.
	mostAddresses = 64
)

// checkAddresses goes the whole way to the addresses under which the brokers say that they are reached: clients go there, whatever they began with.
func checkAddresses(ctx context.Context, p *patient) []finding {
	const name = "kafka addresses"
	return p.withKafka(ctx, name, func(ctx context.Context, e *kafka.Examination) ([]finding, error) {
		addresses, err := e.Advertised(ctx)
		if err != nil {
			return nil, err
		}
		slices.Sort(addresses)
		addresses = addresses[:min(len(addresses), mostAddresses)]
		var findings []finding
		for _, r := range reachAll(ctx, p.config.Kafka, addresses) {
			if r.Err != nil {
				findings = append(findings, finding{name, statusFail, fmt.Sprintf("a broker calls itself %s, where it is not reached: cannot %s: %v", r.Address, r.Step, r.Err), addressRemedy(p.config.Kafka, r)})
			}
		}
		if len(findings) == 0 {
			findings = append(findings, finding{Check: name, Status: statusOK, Detail: fmt.Sprintf("%d brokers are reached where they say they are", len(addresses))})
		}
		return findings, nil
	})
}

// addressRemedy says what to do where the way to an address ends that a broker calls its own.
func addressRemedy(config kafka.Config, r kafka.Reached) string {
	wrong := x509.HostnameError{}
	switch {
	case r.Step == kafka.Resolve || r.Step == kafka.Connect:
		return "set advertised.listeners of the broker to an address that this machine reaches (one listener for each network), or let this machine reach it"
	case errors.As(r.Err, &wrong):
		return fmt.Sprintf("set advertised.listeners of the broker to a name that its certificate is for (%.200s), or give it one for that address", strings.Join(namesOf(wrong.Certificate), ", "))
	}
	return reachRemedy(config, r)
}
