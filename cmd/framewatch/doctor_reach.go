package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/framewatch/framewatch/topology/kafka"
)

// reachPatience bounds the way to one broker.
const reachPatience = 6 * time.Second

// checkReach goes the whole way to each broker of the configuration: name, connection, TLS, log-in, first request.
func checkReach(ctx context.Context, p *patient) []finding {
	const name = "kafka reach"
	brokers := p.config.Kafka.Brokers
	switch {
	case p.embeds():
		return []finding{{Check: name, Status: statusOK, Detail: "no brokers are configured: one is embedded, for one machine"}}
	case len(brokers) == 0:
		return []finding{{Check: name, Status: statusFail, Detail: "no brokers are configured, and an embedded one comes with --target all or broker only", Remedy: "set kafka.brokers"}}
	}
	reached := reachAll(ctx, p.config.Kafka, brokers)
	one := slices.ContainsFunc(reached, func(r kafka.Reached) bool { return r.Err == nil })
	var findings []finding
	for _, r := range reached {
		f := finding{Check: name, Status: statusOK, Detail: r.Address + " answers"}
		if r.Err != nil {
			f = finding{name, statusFail, fmt.Sprintf("%s: cannot %s: %v", r.Address, r.Step, r.Err), reachRemedy(p.config.Kafka, r)}
			// To begin with one is enough, where it is only that the other is away.
			if one && (r.Step == kafka.Resolve || r.Step == kafka.Connect) {
				f.Status = statusWarn
			}
		}
		findings = append(findings, f)
	}
	return findings
}

// reachAll goes the way to each of the addresses, all at the same time.
func reachAll(ctx context.Context, config kafka.Config, addresses []string) []kafka.Reached {
	reached := make([]kafka.Reached, len(addresses))
	var group sync.WaitGroup
	for i, address := range addresses {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, reachPatience)
			defer cancel()
			reached[i] = kafka.Reach(ctx, config, address)
		})
	}
	group.Wait()
	return reached
}

// reachRemedy says what to do where the way to a broker ends.
func reachRemedy(config kafka.Config, r kafka.Reached) string {
	switch r.Step {
	case kafka.Resolve:
		return "kafka.brokers names a host that this machine does not know: mend the name, or its DNS"
	case kafka.Connect:
		if errors.Is(r.Err, syscall.ECONNREFUSED) {
			return "nothing listens there: is the broker up, and is this the port of one of its listeners (kafka.brokers)?"
		}
		return "the address does not answer: look at kafka.brokers, the route, firewalls and network policies"
	case kafka.Encrypt:
		return encryptRemedy(r)
	case kafka.LogIn:
		if config.SASL.Mechanism == "OAUTHBEARER" {
			return "the broker refuses the token, or there is none: look at kafka.sasl.oauth and at the broker's log"
		}
		return fmt.Sprintf("the broker does not take user, password or mechanism: compare kafka.sasl.user, password_file and mechanism (%s) with what it has (kafka-configs.sh --describe --entity-type users)",
			config.SASL.Mechanism)
	}
	alert := tls.AlertError(0)
	switch {
	case r.Unencrypted:
		return "the broker wants TLS on this port: set kafka.tls.enabled, and kafka.tls.ca to its authority, or name a listener without"
	case errors.As(r.Err, &alert) || strings.Contains(r.Err.Error(), "remote error: tls"):
		return "the broker refuses our certificate, or wants one: set kafka.tls.cert and kafka.tls.key to one that its ssl.truststore trusts"
	case config.SASL.Mechanism == "":
		return "the broker hangs up: its listener may want a log-in (kafka.sasl), or be the controllers' or no Kafka at all"
	}
	return "something listens there that does not answer as Kafka does: look at kafka.brokers and at the broker's log"
}

// encryptRemedy says what to do where TLS cannot be agreed on.
func encryptRemedy(r kafka.Reached) string {
	unknown, invalid, wrong := x509.UnknownAuthorityError{}, x509.CertificateInvalidError{}, x509.HostnameError{}
	switch {
	case errors.As(r.Err, &unknown):
		issuer := "another authority"
		if r.Server != nil {
			issuer = fmt.Sprintf("%.100q", r.Server.Issuer.String())
		}
		return "set kafka.tls.ca to a PEM file with the authority that signed the broker's certificate: " + issuer
	case errors.As(r.Err, &invalid) && invalid.Reason == x509.Expired && r.Server != nil:
		return fmt.Sprintf("the broker's certificate holds from %s to %s: renew it (ssl.keystore), or set this machine's clock right",
			r.Server.NotBefore.UTC().Format(time.RFC3339), r.Server.NotAfter.UTC().Format(time.RFC3339))
	case errors.As(r.Err, &wrong):
		host, _, _ := net.SplitHostPort(r.Address)
		return fmt.Sprintf("name the brokers in kafka.brokers as the certificate does (%.200s), or give them one for %s", strings.Join(namesOf(wrong.Certificate), ", "), host)
	case r.Encrypted:
		return "the broker has no TLS on this port: name its listener that has, or set kafka.tls.enabled to false"
	}
	return "look at the files kafka.tls.ca, cert and key, and at what the broker's listener is set to"
}

// namesOf are the names and addresses that a certificate is for.
func namesOf(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = append(names, "no name at all")
	}
	return names
}
