package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/framewatch/framewatch/topology/kafka"
)

const (
	// dialed is how long a connection is waited for.
	dialed = 4 * time.Second
	// mostAddresses bounds the brokers that are dialled.
	mostAddresses = 64
)

// checkAddresses connects to the addresses under which the brokers say that they are reached: clients go there, whatever they began with.
func checkAddresses(ctx context.Context, p *patient) []finding {
	const name = "kafka addresses"
	return p.withKafka(ctx, name, func(ctx context.Context, e *kafka.Examination) ([]finding, error) {
		addresses, err := e.Advertised(ctx)
		if err != nil {
			return nil, err
		}
		slices.Sort(addresses)
		addresses = addresses[:min(len(addresses), mostAddresses)]
		failures := dialAll(ctx, addresses)
		var findings []finding
		for i, address := range addresses {
			if failures[i] != nil {
				findings = append(findings, finding{name, statusFail, fmt.Sprintf("a broker calls itself %s, where it is not reached: %v", address, failures[i]),
					"set advertised.listeners of the broker to an address that this machine reaches (one listener for each network), or let this machine reach it"})
			}
		}
		if len(findings) == 0 {
			findings = append(findings, finding{Check: name, Status: statusOK, Detail: fmt.Sprintf("%d brokers are reached where they say they are", len(addresses))})
		}
		return findings, nil
	})
}

// dialAll connects to addresses, all at the same time, and tells for each why it could not.
func dialAll(ctx context.Context, addresses []string) []error {
	failures := make([]error, len(addresses))
	var group sync.WaitGroup
	for i, address := range addresses {
		group.Go(func() {
			conn, err := (&net.Dialer{Timeout: dialed}).DialContext(ctx, "tcp", address)
			if err != nil {
				failures[i] = err
				return
			}
			conn.Close()
		})
	}
	group.Wait()
	return failures
}
