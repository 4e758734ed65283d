package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/framewatch/framewatch/topology"
)

// NotGranted are those of the grants that this user lacks, in their order. Nothing is written, joined or read to find out: brokers tell what a user may do with topics and the
// cluster, whose groups and transactions it may use shows by asking for what changes nothing that is in use.
func (e *Examination) NotGranted(ctx context.Context, grants []topology.Grant) (lacking []topology.Grant, err error) {
	topics, err := e.topicRights(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		var has bool
		switch g.Resource {
		case topology.TopicResource:
			has = topics.allow(g)
		case topology.GroupResource:
			err = coordinated(ctx, func() error { has, err = e.mayUseGroup(ctx, g); return err })
		case topology.TransactionResource:
			err = coordinated(ctx, func() error { has, err = e.mayTransact(ctx, g); return err })
		case topology.ClusterResource:
			has, err = e.mayWithCluster(ctx, g)
		}
		if err != nil {
			return nil, fmt.Errorf("ask for %s: %w", g, err)
		}
		if !has {
			lacking = append(lacking, g)
		}
	}
	return lacking, nil
}

// rights are what this user may do with the topics that there are, by name.
type rights map[string][]kmsg.ACLOperation

// topicRights asks for them. A topic that is missing says nothing.
func (e *Examination) topicRights(ctx context.Context) (rights, error) {
	request := kmsg.NewPtrMetadataRequest()
	request.IncludeTopicAuthorizedOperations = true
	for _, s := range topology.Topics() {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(e.cluster.name(s))
		request.Topics = append(request.Topics, t)
	}
	response, err := request.RequestWith(ctx, e.cluster.client)
	if err != nil {
		return nil, err
	}
	found := rights{}
	var unseen []string
	for _, t := range response.Topics {
		if t.Topic == nil {
			continue
		}
		switch err := kerr.ErrorForCode(t.ErrorCode); {
		case err == nil:
			found[*t.Topic] = kadm.DecodeACLOperations(t.AuthorizedOperations)
		case NotAllowed(err):
			found[*t.Topic] = nil
			unseen = append(unseen, *t.Topic)
		}
	}
	return found, e.unseenRights(ctx, found, unseen)
}

// unseenRights adds what a user may do with topics that it may not see: ask for their settings.
func (e *Examination) unseenRights(ctx context.Context, found rights, topics []string) error {
	if len(topics) == 0 {
		return nil
	}
	described, err := e.cluster.admin.DescribeTopicConfigs(ctx, topics...)
	if err != nil {
		return err
	}
	for _, d := range described {
		if d.Err == nil {
			found[d.Name] = []kmsg.ACLOperation{kmsg.ACLOperationDescribeConfigs}
		}
	}
	return nil
}

// allow tells whether the grant holds, of one for all topics with a prefix whether it holds of each that there is.
func (r rights) allow(g topology.Grant) bool {
	operation, err := kmsg.ParseACLOperation(g.Operation)
	if err != nil {
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(r)) {
		concerns := name == g.Name || g.Prefixed && strings.HasPrefix(name, g.Name) || g.Name == "*"
		if concerns && !slices.Contains(r[name], operation) {
			return false
		}
	}
	return true
}

// unused makes a name of a resource that nobody uses of a grant.
func unused(g topology.Grant) string {
	switch {
	case g.Name == "*":
		return "framewatch-doctor"
	case g.Prefixed:
		return g.Name + "framewatch-doctor"
	}
	return g.Name
}

// mayUseGroup asks what a user may do with a group.
func (e *Examination) mayUseGroup(ctx context.Context, g topology.Grant) (bool, error) {
	operation, err := kmsg.ParseACLOperation(g.Operation)
	if err != nil {
		return false, err
	}
	request := kmsg.NewPtrDescribeGroupsRequest()
	request.Groups, request.IncludeAuthorizedOperations = []string{unused(g)}, true
	response, err := request.RequestWith(ctx, e.cluster.client)
	if err != nil {
		return false, err
	}
	for _, found := range response.Groups {
		switch err := kerr.ErrorForCode(found.ErrorCode); {
		case err == kerr.GroupAuthorizationFailed:
			return false, nil
		case err != nil && err != kerr.GroupIDNotFound:
			return false, err
		}
		if operation == kmsg.ACLOperationDescribe {
			return true, nil
		}
		if rights := kadm.DecodeACLOperations(found.AuthorizedOperations); len(rights) > 0 {
			return slices.Contains(rights, operation), nil
		}
	}
	// Of a group that there is not, brokers tell nothing more.
	switch {
	case operation == kmsg.ACLOperationRead:
		return e.mayReadAs(ctx, unused(g))
	case operation == kmsg.ACLOperationDelete && unused(g) != g.Name:
		return e.mayDelete(ctx, unused(g))
	}
	return true, nil
}

// mayDelete asks for the removal of a group that there is not.
func (e *Examination) mayDelete(ctx context.Context, group string) (bool, error) {
	request := kmsg.NewPtrDeleteGroupsRequest()
	request.Groups = []string{group}
	response, err := request.RequestWith(ctx, e.cluster.client)
	if err != nil {
		return false, err
	}
	for _, g := range response.Groups {
		if kerr.ErrorForCode(g.ErrorCode) == kerr.GroupAuthorizationFailed {
			return false, nil
		}
	}
	return true, nil
}

// mayReadAs asks for a heartbeat of a member that there is not: the broker looks first at whether it may be one.
func (e *Examination) mayReadAs(ctx context.Context, group string) (bool, error) {
	request := kmsg.NewPtrHeartbeatRequest()
	request.Group, request.MemberID, request.Generation = group, "framewatch-doctor", 0
	response, err := request.RequestWith(ctx, e.cluster.client)
	if err != nil {
		return false, err
	}
	switch err := kerr.ErrorForCode(response.ErrorCode); err {
	case kerr.GroupAuthorizationFailed:
		return false, nil
	case kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator:
		return false, err
	}
	return true, nil // it is no member, which is what is to be
}

// mayTransact asks for an id of a producer under a transactional id that nobody uses.
func (e *Examination) mayTransact(ctx context.Context, g topology.Grant) (bool, error) {
	request := kmsg.NewPtrInitProducerIDRequest()
	request.TransactionalID, request.TransactionTimeoutMillis = kmsg.StringPtr(unused(g)), int32(transactionTimeout.Milliseconds())
	response, err := request.RequestWith(ctx, e.cluster.client)
	if err == nil {
		err = kerr.ErrorForCode(response.ErrorCode)
	}
	if errors.Is(err, kerr.TransactionalIDAuthorizationFailed) {
		return false, nil
	}
	return true, err
}

// mayWithCluster does what is asked for: both look only.
func (e *Examination) mayWithCluster(ctx context.Context, g topology.Grant) (bool, error) {
	var err error
	switch g.Operation {
	case "Describe":
		_, _, _, err = e.Clock(ctx)
	case "DescribeConfigs":
		_, err = e.AutoCreates(ctx)
	default:
		err = fmt.Errorf("nothing is known of %s", g.Operation)
	}
	if NotAllowed(err) {
		return false, nil
	}
	if NotKnown(err) {
		err = nil
	}
	return err == nil, err
}

// Grant gives a principal, such as User:framewatch-detector, what it needs. What it has already stays.
func (c *Cluster) Grant(ctx context.Context, principal string, grants []topology.Grant) error {
	for _, g := range grants {
		operation, err := kmsg.ParseACLOperation(g.Operation)
		if err != nil {
			return err
		}
		acl := kadm.NewACLs().Allow(principal).AllowHosts("*").Operations(operation).ResourcePatternType(kadm.ACLPatternLiteral)
		if g.Prefixed {
			acl = acl.ResourcePatternType(kadm.ACLPatternPrefixed)
		}
		switch g.Resource {
		case topology.TopicResource:
			acl = acl.Topics(g.Name)
		case topology.GroupResource:
			acl = acl.Groups(g.Name)
		case topology.TransactionResource:
			acl = acl.TransactionalIDs(g.Name)
		case topology.ClusterResource:
			acl = acl.Clusters()
		}
		results, err := c.admin.CreateACLs(ctx, acl)
		for _, r := range results {
			err = errors.Join(err, r.Err)
		}
		if err != nil {
			return fmt.Errorf("allow %s to %s: %w", principal, g, err)
		}
	}
	return nil
}
