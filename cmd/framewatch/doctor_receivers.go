package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/framewatch/framewatch/notifier"
)

// mostReceivers bounds those who are reached.
const mostReceivers = 64

// checkReceivers connects to those who are told, with TLS where they have it, and says nothing.
func checkReceivers(ctx context.Context, p *patient) []finding {
	const name = "receivers"
	all := p.config.Notifier.Endpoints()
	left := max(len(all)-mostReceivers, 0)
	all = all[:len(all)-left]
	findings := make([]finding, len(all))
	var group sync.WaitGroup
	for i, e := range all {
		group.Go(func() { findings[i] = judgeReceiver(ctx, name, e, time.Now()) })
	}
	group.Wait()
	if left > 0 {
		findings = append(findings, finding{name, statusUnknown, fmt.Sprintf("%d of %d were not looked at: no more than %d are", left, len(all)+left, mostReceivers), "tell the others something by hand (framewatch notify test)"})
	}
	return findings
}

func judgeReceiver(ctx context.Context, check string, e notifier.Endpoint, now time.Time) finding {
	what := fmt.Sprintf("notifier.%s at %s", e.Name, e.Address)
	if e.Err != nil {
		return finding{check, statusFail, fmt.Sprintf("notifier.%s: %v", e.Name, e.Err), "mend its options"}
	}
	until, err := greet(ctx, e.Address, e.TLS)
	if err != nil {
		remedy := "nobody is told there: look at the address, at DNS, the route, firewalls and network policies, and whether the service is up"
		if refused := (*tls.CertificateVerificationError)(nil); errors.As(err, &refused) {
			remedy = "nobody is told there: let the service renew its certificate, name the service as the certificate does, or name its authority (ca_file)"
		}
		return finding{check, statusFail, fmt.Sprintf("%s is not reached: %v", what, err), remedy}
	}
	if !until.IsZero() {
		return expiry(check, "the certificate of "+what, until, now, "let the service renew it")
	}
	return finding{Check: check, Status: statusOK, Detail: what + " is reached (nothing was told; framewatch notify test tells it something)"}
}

// greet connects and agrees on TLS, if any, and tells until when the certificate holds.
func greet(ctx context.Context, address string, encryption *tls.Config) (until time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, dialed)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return until, err
	}
	defer conn.Close()
	if encryption == nil {
		return until, nil
	}
	secured := tls.Client(conn, encryption)
	if err := secured.HandshakeContext(ctx); err != nil {
		return until, err
	}
	if chain := secured.ConnectionState().PeerCertificates; len(chain) > 0 {
		until = chain[0].NotAfter
	}
	return until, nil
}
