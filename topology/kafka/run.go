package kafka

import (
	"cmp"
	"context"
	"runtime"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

const (
	// beatInterval is the time between two beats of a partition.
	beatInterval = time.Second
	// rebuilding is how many partitions of a member are rebuilt at a time: more would only slow each other down.
	rebuilding = 4
)

// refolding is how many of those fold their lookback at a time: half of what the processors could, for the others flow meanwhile, and the first of them
// flows the sooner the fewer there are.
func refolding() int { return max(1, runtime.GOMAXPROCS(0)/2) }

// RunOptions is a stage that folds its input, exactly once.
type RunOptions[In, Out any] struct {
	// Stage is what its metrics are called, framewatch_STAGE_...; empty: fold.
	Stage string
	// Group shares the input's partitions among the members.
	Group string
	Input *topology.Topic[In]
	// Latest is the compacted topic, among the outputs, from which a new Processor is restored; nil for none.
	Latest *topology.Topic[Out]
	// Recall, when not nil, gives a new Processor what was lately told on other outputs: since is where the lookback that will be folded again
	// begins, by the log's time, and below the offset that it goes on from. It is zero where there is nothing to be folded again, or the log does not tell since
	// when: also after a stop so long that all that was folded is gone. It is called after Restore, and must read to the uncommitted end, as a bounded Read does.
	Recall func(ctx context.Context, p topology.Processor[In, Out], partition int32, below int64, since time.Time) error
	// Aside leaves input that cannot be read to another stage of the same input, which sets it aside; else it becomes a dead letter here.
	Aside bool
	// New makes the state of a partition.
	New func(partition int32) topology.Processor[In, Out]
	// Beat makes what the owner of a partition appends to the input about once a second, outside of transactions; nil for nothing. It is called
	// for several partitions at once, from the moment on that a partition is owned until it is not.
	Beat func(partition, generation int32, now time.Time) []topology.Message
	// Interval is the least time from one transaction of a partition to the next; 0 for 100 ms.
	Interval time.Duration
	// Owns, when not nil, is told of all partitions of this member each time that the group has given it some, or none, or has taken some away.
	Owns func(partitions []int32)
	// At, when not nil, is called at each Moment of a partition, by the goroutine that folds it: there a test ends the process, or holds it up.
	At func(partition int32, m Moment)
}

// Moment is one in the fold of a partition at which a process may die.
type Moment string

// The moments, in the order in which a partition comes to them.
const (
	// Fenced: the last owner can no longer write, nothing is rebuilt yet.
	Fenced Moment = "fenced"
	// Restored: what was told is restored, the lookback is not folded yet.
	Restored Moment = "restored"
	// Rebuilt: the lookback is folded, no new record is.
	Rebuilt Moment = "rebuilt"
	// Polled: new records are read and not folded.
	Polled Moment = "polled"
	// Folded: they are folded, and what they caused is only in memory.
	Folded Moment = "folded"
	// Written: the transaction holds the output and not the offset.
	Written Moment = "written"
	// Attached: the transaction holds both and has not been told to end.
	Attached Moment = "attached"
	// Committed: it is committed, and memory does not know it yet.
	Committed Moment = "committed"
)

// Run folds the input's partitions that the group gives to this member, until ctx ends; then it finishes the cycles that have begun, leaves and
// returns nil. Outputs go to the partition number that the input came from, in one transaction with the input's offset. A group that was never
// seen before begins at the start of the input.
//
//	owned ──> fence the last owner ──> rebuild ──> cycle ──> cycle ──> ... ──> given back
//	                  ^                                |
//	                  └──────── error, abort ──────────┘
//
// An abort leaves the Processor's memory ahead of the offsets, so there is one way to begin, also after an error: with a new Processor.
func Run[In, Out any](ctx context.Context, c *Cluster, options RunOptions[In, Out]) error {
	if options.Interval == 0 {
		options.Interval = 100 * time.Millisecond
	}
	meters := c.foldMetersOf(cmp.Or(options.Stage, "fold"))
	rebuilds, refolds := make(chan struct{}, rebuilding), make(chan struct{}, refolding())
	m, err := c.join(ctx, c.group(options.Group), &options.Input.Spec, tenancy{
		idle: true,
		begin: func(m *member, t *tenure) {
			l := &lane[In, Out]{c: c, options: options, member: m, tenure: t, meters: meters, rebuilds: rebuilds, refolds: refolds,
				values: schemas.NewReader(c.contract, options.Input.Value)}
			meters.moves.WithLabelValues("given").Inc()
			t.work.Go(l.follow)
			if options.Beat != nil {
				t.work.Go(l.beat)
			}
		},
		ended: func(_ *member, _ *tenure, lost bool) {
			meters.moves.WithLabelValues(map[bool]string{false: "taken", true: "lost"}[lost]).Inc()
		},
		owns: options.Owns,
	})
	if err != nil {
		return err
	}
	defer m.leave()
	return m.idle(ctx)
}

// beat appends the partition's beats to the input while it is owned. They cannot be part of the transactions: those would pin the very input that
// the fold waits for.
func (l *lane[In, Out]) beat() {
	failing := false
	for l.tenure.ctx.Err() == nil {
		_, generation := l.member.client.GroupMetadata()
		messages := l.options.Beat(l.tenure.partition, generation, time.Now())
		err := l.c.Publish(l.tenure.ctx, l.tenure.partition, messages...)
		if l.tenure.ctx.Err() == nil && (err != nil) != failing {
			failing = err != nil
			l.tellBeat(err)
		}
		pause(l.tenure.ctx, beatInterval)
	}
}

// tellBeat logs that beats can no longer be appended, so that nothing is known to be absent, or that they can be again.
func (l *lane[In, Out]) tellBeat(err error) {
	log := l.c.log.With("group", l.member.group, "partition", l.tenure.partition)
	if err != nil {
		log.Error("time stands still: the log takes no ticks (is the broker away, or its disk full?)", "error", err)
		return
	}
	log.Info("time goes on: the log takes ticks again")
}
