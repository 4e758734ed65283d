package kafka

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// commitInterval is how much handled work may come again after a crash.
const commitInterval = 100 * time.Millisecond

// shared is a read as a member of a group.
type shared struct {
	c    *Cluster
	spec *topology.Spec
	// handling is held while a record is with the handler, so that no partition leaves in the middle of one. It guards what follows.
	handling sync.Mutex
	// handled is the next offset of each partition that has moved since it was last committed.
	handled   map[int32]int64
	committed time.Time
}

// readShared reads the partitions that the group gives to this member.
func readShared[T any](ctx context.Context, c *Cluster, t *topology.Topic[T], group string, handle Handler[T]) error {
	s := &shared{c: c, spec: &t.Spec, handled: map[int32]int64{}, committed: time.Now()}
	m, err := c.join(ctx, group, &t.Spec, tenancy{begin: s.begin, ended: s.ended},
		kgo.ConsumeStartOffset(kgo.NewOffset().AfterMilli(c.started.UnixMilli())))
	if err != nil {
		return err
	}
	defer m.leave()
	for {
		fetches, err := c.poll(ctx, m.client, false)
		if err != nil {
			return err
		}
		came, owned := time.Now(), m.owned()
		for r := range fetches.RecordsAll() {
			tenure := owned[r.Partition]
			if tenure == nil {
				continue
			}
			if err := s.take(ctx, m, tenure, r, func() error { return deliver(tenure.ctx, c, t, r, came, true, handle) }); err != nil {
				return err
			}
		}
		s.flush(m)
	}
}

// begin writes down where a partition starts that the group has never committed. Otherwise a member that dies over the first record of a partition
// would leave a successor that begins after it.
func (s *shared) begin(m *member, t *tenure) {
	ctx, cancel := context.WithTimeout(t.ctx, rebalanceTimeout)
	defer cancel()
	at, err := s.c.committed(ctx, m.group, m.topic, t.partition)
	if err == nil && at < 0 {
		if at, err = s.c.offsetAt(ctx, s.spec, t.partition, s.c.started); err == nil {
			err = s.c.commit(ctx, m, map[int32]int64{t.partition: at})
		}
	}
	if err != nil && t.ctx.Err() == nil {
		s.c.log.Warn("note where a group begins", "group", m.group, "partition", t.partition, "error", err)
	}
}

// ended commits what was handled of a partition that is about to move on.
func (s *shared) ended(m *member, t *tenure, lost bool) {
	s.handling.Lock()
	defer s.handling.Unlock()
	next, moved := s.handled[t.partition]
	delete(s.handled, t.partition)
	if !moved || lost {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.c.commit(ctx, m, map[int32]int64{t.partition: next}); err != nil {
		s.c.log.Warn("commit a partition on its way out", "group", m.group, "partition", t.partition, "error", err)
	}
}

// take has one record handled, unless its partition has left.
func (s *shared) take(ctx context.Context, m *member, t *tenure, r *kgo.Record, handle func() error) error {
	s.handling.Lock()
	defer s.handling.Unlock()
	if t.ctx.Err() != nil {
		return ctx.Err()
	}
	if err := handle(); err != nil {
		if t.ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	s.handled[r.Partition] = r.Offset + 1
	if time.Since(s.committed) >= commitInterval {
		s.commit(m)
	}
	return nil
}

// flush commits what was handled.
func (s *shared) flush(m *member) {
	s.handling.Lock()
	defer s.handling.Unlock()
	s.commit(m)
}

// commit is called with handling held. What cannot be committed in the middle of a rebalance is committed after it.
func (s *shared) commit(m *member) {
	if len(s.handled) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s.committed = time.Now()
	if err := s.c.commit(ctx, m, s.handled); err != nil {
		if !unsettled(err) {
			s.c.log.Warn("commit", "group", m.group, "error", err)
		}
		return
	}
	clear(s.handled)
}
