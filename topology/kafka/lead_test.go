package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// candidate leads when it may: it knows what stands in the topic and writes what it is asked to.
type candidate struct {
	sync.Mutex
	known map[string]string
	terms int
	// leads is open while it leads and has caught up.
	write func(key, value string) error
	stop  func()
}

func leads(t *testing.T, c *kafka.Cluster) *candidate {
	t.Helper()
	a := &candidate{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- kafka.Lead(ctx, c, topology.NotifierState, "framewatch.leaders", nil, func(ctx context.Context, l *kafka.Leader[schemas.NotifierState]) error {
			a.Lock()
			a.known = map[string]string{}
			a.Unlock()
			caughtUp := func() {
				a.Lock()
				defer a.Unlock()
				a.terms++
				a.write = func(key, value string) error {
					return l.Write(ctx, topology.NotifierState.Message(key, &schemas.NotifierState{Payload: []byte(value)}))
				}
			}
			err := l.Follow(ctx, caughtUp, func(_ context.Context, r topology.Record[schemas.NotifierState]) error {
				a.Lock()
				defer a.Unlock()
				a.known[r.Key] = string(r.Value.Payload)
				return nil
			})
			a.Lock()
			defer a.Unlock()
			a.write = nil
			return err
		})
	}()
	a.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("lead ended with %v", err)
		}
	})
	t.Cleanup(a.stop)
	return a
}

// may says whether it leads, and the function to write with.
func (a *candidate) may() func(key, value string) error {
	a.Lock()
	defer a.Unlock()
	return a.write
}

// knows waits until it knows exactly what is wanted.
func (a *candidate) knows(t *testing.T, want map[string]string) {
	t.Helper()
	eventually(t, fmt.Sprint("the leader to know ", want), func() bool {
		a.Lock()
		defer a.Unlock()
		return a.write != nil && maps.Equal(a.known, want)
	})
}

// Who may not be a member of the group waits in vain: that is told, and not waited for.
func TestLeadTellsWhatKeepsItOut(t *testing.T) {
	config := configFor(nil)
	grants := slices.DeleteFunc(topology.Grants("notifier", config.Prefix), func(g topology.Grant) bool { return g.Resource == topology.GroupResource })
	config.Brokers = kafkatest.Fake(t, kafkatest.Setup{User: "bob", Password: "secret", Limited: true, Grants: grants})
	config.SASL = kafka.SASL{Mechanism: "PLAIN", User: "admin", Password: "secret"}
	laidOut(t, config)
	config.SASL.User = "bob"
	err := kafka.Lead(within(t), dial(t, config), topology.NotifierState, topology.StageNamed("notifier").Group, nil,
		func(ctx context.Context, _ *kafka.Leader[schemas.NotifierState]) error { return nil })
	if !errors.Is(err, kerr.GroupAuthorizationFailed) {
		t.Errorf("got %v, want that it may not be a member", err)
	}
}

func TestOneLeadsAtATime(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		first := leads(t, c)
		first.knows(t, map[string]string{})
		second := leads(t, c)
		if err := first.may()("a", "1"); err != nil {
			t.Fatal(err)
		}
		// Anybody may write to the topic otherwise; the leader sees it.
		if err := c.Publish(within(t), 0, topology.NotifierState.Message("b", &schemas.NotifierState{Payload: []byte("2")})); err != nil {
			t.Fatal(err)
		}
		first.knows(t, map[string]string{"a": "1", "b": "2"})
		if second.may() != nil {
			t.Error("two lead at once")
		}
		stale := first.may()
		first.stop()
		second.knows(t, map[string]string{"a": "1", "b": "2"})
		if err := stale("a", "too late"); err == nil {
			t.Error("who leads no more can write")
		}
		// Somebody else begins to lead, so that this one is fenced: it begins anew and finds what that has written.
		usurper, _ := raw(t, brokers, kgo.TransactionalID(config.Prefix+"leaders-0"), kgo.TransactionTimeout(time.Minute))
		if err := usurper.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		value := encoded(t, topology.NotifierState.Message("", &schemas.NotifierState{Payload: []byte("3")}))
		if err := usurper.ProduceSync(within(t), &kgo.Record{Topic: config.Prefix + "notifier.state", Key: []byte("c"), Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := usurper.EndTransaction(within(t), kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
		if err := second.may()("a", "fenced"); err == nil {
			t.Error("a leader that was fenced can write")
		}
		second.knows(t, map[string]string{"a": "1", "b": "2", "c": "3"})
		eventually(t, "the leader to write again", func() bool {
			write := second.may()
			return write != nil && write("a", "4") == nil
		})
		second.knows(t, map[string]string{"a": "4", "b": "2", "c": "3"})
		if err := usurper.BeginTransaction(); err == nil {
			err = errors.Join(usurper.ProduceSync(within(t), &kgo.Record{Topic: config.Prefix + "notifier.state", Key: []byte("d")}).FirstErr(), usurper.EndTransaction(within(t), kgo.TryCommit))
			if err == nil {
				t.Error("the usurper still writes")
			}
		}
	})
}
