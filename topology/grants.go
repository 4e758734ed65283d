package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Operator is not a stage: it is who gives commands (topics apply, streams, silence, replay) and who makes and changes topics.
const Operator = "operator"

// ConfigWork is the transactional id, before its prefix is set right, under which a configuration file is laid on the log.
const ConfigWork = "framewatch.config"

// Grant is one thing that a user of the brokers must be allowed to do: an ACL, in Kafka's words.
type Grant struct {
	// Resource is topic, group, transactional-id or cluster.
	Resource string `json:"resource"`
	// Name of the resource on the cluster; Prefixed: what names begin with. A cluster has none.
	Name     string `json:"name,omitempty"`
	Prefixed bool   `json:"prefixed,omitempty"`
	// Operation is Read, Write, Describe and so on.
	Operation string `json:"operation"`
	// Why says what it is for.
	Why string `json:"why"`
}

// The resources of grants.
const (
	TopicResource       = "topic"
	GroupResource       = "group"
	TransactionResource = "transactional-id"
	ClusterResource     = "cluster"
)

// String is the grant in a line.
func (g Grant) String() string {
	name := g.Name
	if g.Prefixed {
		name += "*"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", g.Operation, g.Resource, name))
}

// Command is the line of Kafka's own tool that gives it to a principal such as User:framewatch-detector.
func (g Grant) Command(principal string) string {
	resource := "--" + g.Resource
	if g.Resource != ClusterResource {
		resource += " " + quoted(g.Name)
	}
	if g.Prefixed {
		resource += " --resource-pattern-type prefixed"
	}
	return fmt.Sprintf("kafka-acls.sh --bootstrap-server $BROKERS --command-config $ADMIN --add --allow-principal %s --operation %s %s", quoted(principal), g.Operation, resource)
}

// quoted is text as one word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// Grants are what the stage of that name needs, or the Operator, and nothing beyond, under a prefix of topics, groups and transactional ids. Brokers from 3.0 on let those who may
// write a topic do so idempotently; older ones want IdempotentWrite on the cluster as well. It is nil for a name that is neither.
func Grants(name, prefix string) []Grant {
	if name == Operator {
		return operatorGrants(prefix)
	}
	for _, s := range append(Stages(), Shadow) {
		if s.Name == name {
			return stageGrants(s, prefix)
		}
	}
	return nil
}

func stageGrants(s Stage, prefix string) []Grant {
	all := []Grant{under(TopicResource, prefix, "DescribeConfigs", "compares the topics' settings with those that it expects when it starts")}
	// Who may read or write a topic may describe it.
	if used := inOrder(slices.Concat(s.Reads, s.AlsoReads, s.Writes, s.AlsoWrites)); len(used) < len(Topics()) {
		all = append(all, under(TopicResource, prefix, "Describe", "compares the topics with those that it expects when it starts"))
	}
	topics := func(specs []*Spec, operation, why string) {
		for _, spec := range inOrder(specs) {
			all = append(all, Grant{Resource: TopicResource, Name: prefix + spec.Name, Operation: operation, Why: why})
		}
	}
	// Each says with which schemas it writes, and looks up those of other versions.
	topics(append(append(slices.Clone(s.Reads), s.AlsoReads...), &Schemas.Spec), "Read", "reads it")
	topics(append(append(slices.Clone(s.Writes), s.AlsoWrites...), &Schemas.Spec), "Write", "writes it")
	group := GroupNamed(s.Group, prefix)
	switch {
	case s.Group == "":
		all = append(all, under(GroupResource, prefix, "Describe", "shows the members of the groups, and how far they are"))
	case s.Name == Shadow.Name:
		all = append(all, under(GroupResource, group+".", "Read", "is a member of the group of its candidate"))
	default:
		all = append(all, Grant{Resource: GroupResource, Name: group, Operation: "Read", Why: "is a member of the group"})
	}
	if s.Transactional {
		id := group + "-"
		if s.Name == Shadow.Name {
			id = group + "."
		}
		all = append(all, under(TransactionResource, id, "Write", "writes in transactions, one a partition"))
	}
	if slices.Contains(s.AlsoWrites, &Streams.Spec) {
		all = append(all, under(TransactionResource, GroupNamed(ConfigWork, prefix), "Write", "lays the streams and profiles of its file on the log at once when that is read again"))
	}
	return all
}

// operatorGrants let commands do all that they can.
func operatorGrants(prefix string) []Grant {
	var all []Grant
	for _, operation := range []string{"Create", "Alter", "AlterConfigs", "Delete", "Read", "Write"} {
		all = append(all, under(TopicResource, prefix, operation, "makes, changes, reads and writes topics"))
	}
	return append(all,
		under(GroupResource, prefix, "Read", "looks after the groups"),
		under(GroupResource, prefix, "Delete", "removes groups that are done with"),
		under(TransactionResource, prefix, "Write", "writes what a replay tells in one transaction"),
		Grant{Resource: ClusterResource, Operation: "Describe", Why: "compares the brokers' clock with this machine's (doctor)"},
		Grant{Resource: ClusterResource, Operation: "DescribeConfigs", Why: "looks at the brokers' settings (doctor)"})
}

// under is a grant for all names that begin with a prefix; with an empty one for all names.
func under(resource, prefix, operation, why string) Grant {
	return Grant{Resource: resource, Name: cmp.Or(prefix, "*"), Prefixed: prefix != "", Operation: operation, Why: why}
}

// GroupNamed is a consumer group's name on the cluster: groups of another prefix are another installation's.
func GroupNamed(group, prefix string) string {
	return prefix + strings.TrimPrefix(group, standardPrefix)
}

// standardPrefix stands before the groups' names in the stages.
const standardPrefix = "framewatch."

// inOrder are topics in the order of the data's way, each once.
func inOrder(specs []*Spec) (ordered []*Spec) {
	for _, s := range Topics() {
		if slices.ContainsFunc(specs, func(o *Spec) bool { return o.Name == s.Name }) {
			ordered = append(ordered, s)
		}
	}
	return ordered
}
