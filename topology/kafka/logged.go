package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// logged is the topic of schemas: where there is no registry, each version says there what it writes with, so that older ones can read it while a fleet is upgraded, or when that
// is taken back. It is safe for concurrent use.
type logged struct {
	cluster *Cluster
	// looking has the one place of who looks what stands there, which guards what follows.
	looking chan struct{}
	// looked is when a look was begun that has been taken in: what it did not find nobody had declared by then.
	looked time.Time
	// read is up to which offset the topic has been read.
	read int64
	// ids that stand there.
	ids map[uint32]bool
}

func newLogged(c *Cluster) *logged { return &logged{cluster: c, looking: make(chan struct{}, 1)} }

// declare writes down those of our schemas that do not stand there yet. Without the topic it does nothing: Apply makes it, and calls declare again. Who may not write there, such as
// a reader, is not kept from its work.
func (l *logged) declare(ctx context.Context) error {
	if err := enter(ctx, l.looking); err != nil {
		return err
	}
	defer leave(l.looking)
	there, err := l.catchUp(ctx, l.cluster.contract)
	if err != nil || !there {
		return l.tolerated(err)
	}
	var messages []topology.Message
	for _, known := range schemas.All() {
		if id := known.ID(); !l.ids[id] {
			messages = append(messages, topology.Schemas.Message(strconv.FormatUint(uint64(id), 10), &schemas.WriterSchema{Text: known.Text, Release: l.cluster.config.Release}))
		}
	}
	if len(messages) == 0 {
		return nil
	}
	if err := l.cluster.Publish(ctx, 0, messages...); err != nil {
		return l.tolerated(err)
	}
	return nil
}

// tolerated is nil for what an ACL denies, which is told of.
func (l *logged) tolerated(err error) error {
	if errors.Is(err, kerr.TopicAuthorizationFailed) {
		l.cluster.log.Warn("other versions may not be able to read what this one writes: it may not read and write the topic of schemas", "topic", l.cluster.name(&topology.Schemas.Spec))
		return nil
	}
	if err != nil {
		return fmt.Errorf("tell other versions of our schemas: %w", err)
	}
	return nil
}

func (l *logged) learn(ctx context.Context, contract *schemas.Contract, value []byte, came time.Time) (known bool, err error) {
	id, err := schemas.WireID(value)
	if err != nil {
		return false, nil
	}
	for {
		if _, known := contract.Text(id); known {
			return true, nil
		}
		err := l.look(ctx, contract, came)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if err == nil {
			_, known := contract.Text(id)
			return known, nil
		}
		pause(ctx, time.Second)
	}
}

// look has all known that was declared before what came at a time was written. A schema stands there before a value is written with it: a look that was begun after the value had
// come finds it, and one look does for all that had come by then, however many ids nobody knows.
func (l *logged) look(ctx context.Context, contract *schemas.Contract, came time.Time) error {
	if err := enter(ctx, l.looking); err != nil {
		return err
	}
	defer leave(l.looking)
	if l.looked.After(came) {
		return nil
	}
	begun := time.Now()
	if _, err := l.catchUp(ctx, contract); err != nil && !errors.Is(err, kerr.TopicAuthorizationFailed) {
		return err
	}
	l.looked = begun
	return nil
}

// catchUp takes in what has been written to the topic since, and tells whether there is one. The place is held.
func (l *logged) catchUp(ctx context.Context, contract *schemas.Contract) (there bool, err error) {
	ends, err := l.cluster.Ends(ctx, &topology.Schemas.Spec)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return false, nil
	}
	if err != nil || ends[0] == l.read {
		return err == nil, err
	}
	ids := map[uint32]bool{}
	err = Read(ctx, l.cluster, topology.Schemas, ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.WriterSchema]) error {
		id, err := strconv.ParseUint(r.Key, 10, 32)
		if err != nil || r.Value == nil {
			return nil // nobody's schema
		}
		ids[uint32(id)] = true
		if err := contract.Learn(uint32(id), r.Value.Text); err != nil {
			l.cluster.log.Warn("a schema on the log is left out", "id", id, "release", r.Value.Release, "error", err)
		}
		return nil
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return true, err
	}
	l.read, l.ids = ends[0], ids
	return true, nil
}
