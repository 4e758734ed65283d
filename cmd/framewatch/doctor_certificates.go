package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/framewatch/framewatch/topology/kafka"
)

// renewal is how long before its end a certificate ought to be renewed.
const renewal = 14 * 24 * time.Hour

// checkCertificates tells which certificates on the way to the brokers are about to expire: ours, the authorities' that we trust, the brokers'.
func checkCertificates(ctx context.Context, p *patient) []finding {
	const name = "kafka certificates"
	if !p.config.Kafka.TLS.Enabled || len(p.config.Kafka.Brokers) == 0 {
		return nil
	}
	var findings []finding
	for _, c := range p.config.Kafka.TLS.Expiries() {
		remedy := "renew it; a process reads the file for each connection, so no restart is needed"
		findings = append(findings, expiry(name, fmt.Sprintf("the certificate of the %s in %s", c.Of, c.File), c.At, time.Now(), remedy))
	}
	brokers := p.config.Kafka.Brokers
	shown := make([]*finding, len(brokers))
	var group sync.WaitGroup
	for i, address := range brokers {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, reachPatience)
			defer cancel()
			if r := kafka.Reach(ctx, p.config.Kafka, address); r.Server != nil {
				f := expiry(name, "the certificate of the broker "+address, r.Server.NotAfter, time.Now(), "renew it at the broker (ssl.keystore)")
				shown[i] = &f
			}
		})
	}
	group.Wait()
	for _, f := range shown {
		if f != nil {
			findings = append(findings, *f)
		}
	}
	return findings
}

// expiry judges when a certificate expires.
func expiry(check, what string, at, now time.Time, remedy string) finding {
	f := finding{Check: check, Status: statusOK, Detail: fmt.Sprintf("%s holds until %s", what, at.UTC().Format(time.RFC3339))}
	switch left := at.Sub(now); {
	case left <= 0:
		f = finding{check, statusFail, fmt.Sprintf("%s has expired at %s", what, at.UTC().Format(time.RFC3339)), remedy}
	case left < renewal:
		f = finding{check, statusWarn, fmt.Sprintf("%s expires in %.1f days, at %s", what, left.Hours()/24, at.UTC().Format(time.RFC3339)), remedy}
	}
	return f
}
