package kafkatest

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/framewatch/framewatch/topology"
)

// Setup is how the brokers of a test are set up, rightly or not.
type Setup struct {
	// Brokers is how many there are; 0 for one.
	Brokers int
	// TLS encrypts; nil: nothing does.
	TLS *tls.Config
	// User may log in by PLAIN with Password, and do all; with Limited only what Grants say.
	User, Password string
	Limited        bool
	Grants         []topology.Grant
	// Old brokers are as Kafka 2.3.
	Old bool
	// AutoCreates makes brokers make topics for whoever names one.
	AutoCreates bool
	// Advertised is the address, host:port or a host with the broker's own port, that the broker says that it has; empty: its own.
	Advertised string
}

// Fake is the addresses of brokers within this process, for this test alone.
func Fake(t testing.TB, s Setup) []string {
	t.Helper()
	options := []kfake.Opt{kfake.NumBrokers(max(1, s.Brokers))}
	if s.TLS != nil {
		options = append(options, kfake.TLS(s.TLS))
	}
	if s.Old {
		options = append(options, kfake.MaxVersions(kversion.V2_3_0()))
	}
	switch {
	case s.Limited:
		options = append(options, kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("PLAIN", s.User, s.Password, acls(t, s.Grants)...), kfake.Superuser("PLAIN", "admin", s.Password))
	case s.User != "":
		options = append(options, kfake.EnableSASL(), kfake.Superuser("PLAIN", s.User, s.Password))
	}
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	if s.Advertised != "" {
		host, port, err := net.SplitHostPort(s.Advertised)
		if err != nil {
			host = s.Advertised
			_, port, _ = net.SplitHostPort(cluster.ListenAddrs()[0])
		}
		number, _ := strconv.Atoi(port)
		control(cluster, kmsg.Metadata, func(request kmsg.Request) kmsg.Response {
			answer := request.ResponseKind().(*kmsg.MetadataResponse)
			broker := kmsg.NewMetadataResponseBroker()
			broker.Host, broker.Port = host, int32(number)
			answer.Brokers = append(answer.Brokers, broker)
			return answer
		})
	}
	if s.AutoCreates {
		control(cluster, kmsg.DescribeConfigs, func(request kmsg.Request) kmsg.Response {
			answer := request.ResponseKind().(*kmsg.DescribeConfigsResponse)
			for _, asked := range request.(*kmsg.DescribeConfigsRequest).Resources {
				found := kmsg.NewDescribeConfigsResponseResource()
				found.ResourceType, found.ResourceName = asked.ResourceType, asked.ResourceName
				option := kmsg.NewDescribeConfigsResponseResourceConfig()
				option.Name, option.Value = "auto.create.topics.enable", kmsg.StringPtr("true")
				found.Configs = append(found.Configs, option)
				answer.Resources = append(answer.Resources, found)
			}
			return answer
		})
	}
	return cluster.ListenAddrs()
}

// control answers all requests of a kind.
func control(c *kfake.Cluster, key kmsg.Key, answer func(kmsg.Request) kmsg.Response) {
	c.ControlKey(key.Int16(), func(request kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		return answer(request), nil, true
	})
}

// acls are grants as the fake brokers have them.
func acls(t testing.TB, grants []topology.Grant) (all []kfake.ACL) {
	t.Helper()
	for _, g := range grants {
		operation, err := kmsg.ParseACLOperation(g.Operation)
		if err != nil {
			t.Fatal(err)
		}
		acl := kfake.ACL{Name: g.Name, Operation: operation, Allow: true, Pattern: kmsg.ACLResourcePatternTypeLiteral}
		if g.Prefixed {
			acl.Pattern = kmsg.ACLResourcePatternTypePrefixed
		}
		switch g.Resource {
		case topology.TopicResource:
			acl.Resource = kmsg.ACLResourceTypeTopic
		case topology.GroupResource:
			acl.Resource = kmsg.ACLResourceTypeGroup
		case topology.TransactionResource:
			acl.Resource = kmsg.ACLResourceTypeTransactionalId
		case topology.ClusterResource:
			acl.Resource, acl.Name = kmsg.ACLResourceTypeCluster, "kafka-cluster"
		}
		all = append(all, acl)
	}
	return all
}

// plainly is a client of the brokers with neither TLS nor log-in.
func plainly(t testing.TB, brokers []string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(brokers...)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// guarded is a context that ends where a test hangs.
func guarded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	t.Cleanup(cancel)
	return ctx
}

// MakeTopic makes a topic, named in full, with one copy.
func MakeTopic(t testing.TB, brokers []string, topic string, partitions int32) {
	t.Helper()
	response, err := kadm.NewClient(plainly(t, brokers)).CreateTopic(guarded(t), partitions, 1, nil, topic)
	if err == nil {
		err = response.Err
	}
	if err != nil {
		t.Fatalf("make %s: %v", topic, err)
	}
}

// SetTopic sets an option of a topic, named in full.
func SetTopic(t testing.TB, brokers []string, topic, key, value string) {
	t.Helper()
	responses, err := kadm.NewClient(plainly(t, brokers)).AlterTopicConfigs(guarded(t), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: key, Value: &value}}, topic)
	for _, r := range responses {
		if err == nil {
			err = r.Err
		}
	}
	if err != nil {
		t.Fatalf("set %s=%s of %s: %v", key, value, topic, err)
	}
}

// WriteAt appends a record with a time stamp to the first partition of a topic, named in full.
func WriteAt(t testing.TB, brokers []string, topic string, at time.Time) {
	t.Helper()
	client := plainly(t, brokers, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := client.ProduceSync(guarded(t), &kgo.Record{Topic: topic, Timestamp: at, Value: []byte("?")}).FirstErr(); err != nil {
		t.Fatalf("write to %s: %v", topic, err)
	}
}

// Join makes a member of a group on a topic, both named in full, that calls itself client, and instance where that is not empty, and speaks from an address of this machine. It returns
// once it has partitions, and stays until the test's end.
func Join(t testing.TB, brokers []string, group, topic, client, instance, from string) {
	t.Helper()
	assigned := make(chan struct{})
	options := []kgo.Opt{kgo.ClientID(client), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.Dialer((&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext),
		kgo.OnPartitionsAssigned(func(context.Context, *kgo.Client, map[string][]int32) { close(assigned) })}
	if instance != "" {
		options = append(options, kgo.InstanceID(instance))
	}
	plainly(t, brokers, options...)
	select {
	case <-assigned:
	case <-guarded(t).Done():
		t.Fatalf("%s was given nothing in %s", client, group)
	}
}

// Revoke takes from a principal what a grant gave it, and nothing else.
func Revoke(t testing.TB, brokers []string, principal string, g topology.Grant) {
	t.Helper()
	operation, err := kmsg.ParseACLOperation(g.Operation)
	if err != nil {
		t.Fatal(err)
	}
	filter := kadm.NewACLs().Allow(principal).AllowHosts("*").Operations(operation).ResourcePatternType(kadm.ACLPatternLiteral)
	if g.Prefixed {
		filter = filter.ResourcePatternType(kadm.ACLPatternPrefixed)
	}
	switch g.Resource {
	case topology.TopicResource:
		filter = filter.Topics(g.Name)
	case topology.GroupResource:
		filter = filter.Groups(g.Name)
	case topology.TransactionResource:
		filter = filter.TransactionalIDs(g.Name)
	case topology.ClusterResource:
		filter = filter.Clusters()
	}
	results, err := kadm.NewClient(plainly(t, brokers)).DeleteACLs(guarded(t), filter)
	deleted := 0
	for _, r := range results {
		deleted += len(r.Deleted)
		if err == nil {
			err = r.Err
		}
	}
	if err != nil || deleted != 1 {
		t.Fatalf("take %s from %s: %d ACLs, %v", g, principal, deleted, err)
	}
}
