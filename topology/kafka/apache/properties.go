package apache

import (
	"fmt"
	"path/filepath"
	"strings"
)

// properties is a node's configuration. Several nodes keep three copies, of which two must stand.
func properties(home string, id, broker, controller int, voters []string) string {
	copies, enough := 1, 1
	if len(voters) > 1 {
		copies, enough = 3, 2
	}
	return strings.Join([]string{
		"process.roles=broker,controller",
		fmt.Sprintf("node.id=%d", id),
		"controller.quorum.voters=" + strings.Join(voters, ","),
		fmt.Sprintf("listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d", broker, controller),
		fmt.Sprintf("advertised.listeners=PLAINTEXT://127.0.0.1:%d", broker),
		"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"controller.listener.names=CONTROLLER",
		"inter.broker.listener.name=PLAINTEXT",
		"log.dirs=" + filepath.Join(home, "data"),
		fmt.Sprintf("default.replication.factor=%d", copies),
		fmt.Sprintf("min.insync.replicas=%d", enough),
		fmt.Sprintf("offsets.topic.replication.factor=%d", copies),
		"offsets.topic.num.partitions=4",
		fmt.Sprintf("transaction.state.log.replication.factor=%d", copies),
		fmt.Sprintf("transaction.state.log.min.isr=%d", enough),
		"transaction.state.log.num.partitions=4",
		fmt.Sprintf("share.coordinator.state.topic.replication.factor=%d", copies),
		fmt.Sprintf("share.coordinator.state.topic.min.isr=%d", enough),
		"share.coordinator.state.topic.num.partitions=4",
		"group.initial.rebalance.delay.ms=0",
		// A node that was killed is missed after 5 s, not after 9 s.
		"broker.heartbeat.interval.ms=1000",
		"broker.session.timeout.ms=5000",
		"auto.create.topics.enable=false",
		"num.network.threads=2",
		"num.io.threads=4",
		"",
	}, "\n")
}
