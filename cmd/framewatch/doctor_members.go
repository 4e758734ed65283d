package main

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// checkMembers looks at who is in the groups of the patient's targets: another process of the same name (kafka.instance), another program, another installation.
func checkMembers(ctx context.Context, p *patient) []finding {
	const name = "kafka members"
	return p.withKafka(ctx, name, func(ctx context.Context, e *kafka.Examination) (findings []finding, err error) {
		members, groups := 0, 0
		from := addressTo(ctx, p.config.Kafka.Brokers[0])
		for _, s := range topology.Stages() {
			if s.Group == "" || !p.runs(s.Name) {
				continue
			}
			found, err := e.Members(ctx, s.Group, groupTopic(s))
			if err != nil {
				return nil, err
			}
			groups++
			members += len(found)
			for _, m := range found {
				findings = append(findings, judgeMember(name, topology.GroupNamed(s.Group, p.config.Kafka.Prefix), p.config.Kafka.Instance, from, m)...)
			}
		}
		if len(findings) == 0 && groups > 0 {
			findings = append(findings, finding{Check: name, Status: statusOK, Detail: fmt.Sprintf("%d members in %d groups", members, groups)})
		}
		return findings, nil
	})
}

// judgeMember tells what is wrong with a member of a group, seen from a process of that instance that speaks from that address.
func judgeMember(check, group, instance, from string, m kafka.GroupMember) (findings []finding) {
	if !strings.HasPrefix(m.Client, "framewatch") {
		findings = append(findings, finding{check, statusFail, fmt.Sprintf("%.60q at %s is a member of %s and no Framewatch: it is given partitions that nobody then looks at", m.Client, m.Host, group),
			"give the other program a group of its own, or this installation another kafka.prefix"})
	}
	if instance != "" && m.Instance == instance && from != "" && m.Host != from {
		findings = append(findings, finding{check, statusFail, fmt.Sprintf("a process at %s calls itself %.60q in %s already, and this machine speaks from %s: two of one name throw each other out", m.Host, instance, group, from),
			"give each process a kafka.instance of its own, such as its pod's name (${env:HOSTNAME}), or none; behind an address translation it may be this machine's own process"})
	}
	return findings
}

// addressTo is the address of this machine from which it speaks to another; empty: it is not known.
func addressTo(ctx context.Context, address string) string {
	conn, err := (&net.Dialer{Timeout: dialed}).DialContext(ctx, "tcp", address)
	if err != nil {
		return ""
	}
	defer conn.Close()
	host, _, err := net.SplitHostPort(conn.LocalAddr().String())
	if err != nil {
		return ""
	}
	return host
}
