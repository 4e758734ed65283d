package main

import (
	"context"
	"fmt"
	"time"
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
	for _, r := range reachAll(ctx, p.config.Kafka, p.config.Kafka.Brokers) {
		if r.Server != nil {
			findings = append(findings, expiry(name, "the certificate of the broker "+r.Address, r.Server.NotAfter, time.Now(), "renew it at the broker (ssl.keystore)"))
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
