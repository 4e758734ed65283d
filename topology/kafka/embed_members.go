package kafka

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// lookForDead is how often members are looked for that died in a rebalance.
const lookForDead = time.Second

// roll expires members of groups that kfake forgets to: one that dies while it waits for the answer to JoinGroup or SyncGroup has no session timer any more, and would own its partitions for
// ever.
type roll struct {
	mu sync.Mutex
	// heard is what is known of each member of each group.
	heard map[string]map[string]presence
}

// presence is when a member was last heard of, and how long it may be silent.
type presence struct {
	at      time.Time
	session time.Duration
}

// keepRoll listens to what members say, and expires the dead until ctx ends.
func keepRoll(ctx context.Context, cluster *kfake.Cluster) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		return err
	}
	r := &roll{heard: map[string]map[string]presence{}}
	listen := func(request kmsg.Request) (kmsg.Response, error, bool) {
		switch q := request.(type) {
		case *kmsg.JoinGroupRequest:
			r.hear(q.Group, q.MemberID, time.Duration(q.SessionTimeoutMillis)*time.Millisecond)
		case *kmsg.SyncGroupRequest:
			r.hear(q.Group, q.MemberID, 0)
		case *kmsg.HeartbeatRequest:
			r.hear(q.Group, q.MemberID, 0)
		}
		return nil, nil, false
	}
	for _, key := range []kmsg.Key{kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat} {
		cluster.ControlKey(key.Int16(), listen)
	}
	go func() {
		defer client.Close()
		tick := time.NewTicker(lookForDead)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				r.expire(ctx, cluster, client)
			}
		}
	}()
	return nil
}

// hear notes that a member is alive; session is only said when it joins.
func (r *roll) hear(group, member string, session time.Duration) {
	if member == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	members := r.heard[group]
	if members == nil {
		members = map[string]presence{}
		r.heard[group] = members
	}
	p, known := members[member]
	if !known && session == 0 {
		// It joined before the broker was started again, which then timed it.
		return
	}
	if session > 0 {
		p.session = session
	}
	p.at = time.Now()
	members[member] = p
}

// expire lets the dead leave.
func (r *roll) expire(ctx context.Context, cluster *kfake.Cluster, client *kgo.Client) {
	r.mu.Lock()
	groups := slices.Collect(maps.Keys(r.heard))
	r.mu.Unlock()
	for _, group := range groups {
		for _, member := range r.dead(group, cluster.GroupInfo(group)) {
			slog.Warn("a member died while its group was rebalancing; it leaves", "group", group, "member", member)
			if err := leaveFor(ctx, client, group, member); err != nil && ctx.Err() == nil {
				slog.Warn("let a dead member leave", "group", group, "member", member, "error", err)
			}
		}
	}
}

// leaveFor lets a member leave its group.
func leaveFor(ctx context.Context, client *kgo.Client, group, member string) error {
	leave := kmsg.NewPtrLeaveGroupRequest()
	leave.Group = group
	gone := kmsg.NewLeaveGroupRequestMember()
	gone.MemberID = member
	leave.Members = append(leave.Members, gone)
	left, err := leave.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(left.ErrorCode)
}

// dead are the members of a group that were not heard of for longer than their session while it was stable: in a rebalance they may wait in silence, which kfake ends after the rebalance
// time-out. Those that are members no more are forgotten.
func (r *roll) dead(group string, info *kfake.GroupInfo) (dead []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if info == nil {
		delete(r.heard, group)
		return nil
	}
	now, still := time.Now(), map[string]presence{}
	for _, m := range info.Members {
		p, known := r.heard[group][m.MemberID]
		if !known {
			continue
		}
		switch {
		case info.State != "Stable":
			// It may be waiting for the others.
			p.at = now
		case now.Sub(p.at) > p.session:
			dead = append(dead, m.MemberID)
		}
		still[m.MemberID] = p
	}
	// One that has just been heard of may not be a member yet.
	for id, p := range r.heard[group] {
		if now.Sub(p.at) < p.session {
			still[id] = p
		}
	}
	r.heard[group] = still
	return dead
}
