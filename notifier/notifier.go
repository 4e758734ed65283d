// Package notifier tells people and machines of defects: each event to each receiver that wants it, with retry, every attempt recorded.
//
// It keeps no state: what has been told stands in the log, as the offset of each receiver's own consumer group and as Notification
// records.
package notifier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// Notifier tells receivers of events. It is safe for concurrent use; each receiver has its own reader of the log, so that a dead
// target never delays another.
type Notifier struct {
	receivers map[string]Receiver
	log       *slog.Logger
}

// Record keeps one attempt to tell of ev; it goes to the notifications topic, under the defect's id and in the event's partition.
type Record func(ctx context.Context, n *schemas.Notification) error

// New is a notifier of the receivers in cfg, which has been validated.
func New(cfg Config, log *slog.Logger) *Notifier {
	receivers := cfg.Receivers
	if len(receivers) == 0 {
		unit, _ := NewReceiver("log", nil)
		receivers = map[string]Receiver{"log": unit}
	}
	return &Notifier{receivers: receivers, log: log}
}

// Names of the receivers, sorted.
func (n *Notifier) Names() []string { return slices.Sorted(maps.Keys(n.receivers)) }

// Deliver tells the receiver called name of ev, if it wants to hear of it, and hands each attempt to record. It blocks until the event
// is delivered or given up; both are nil, as the outcome stands in the record. An error means that ctx has ended: the event has to be
// delivered again later, and will have the same message id.
func (n *Notifier) Deliver(ctx context.Context, name string, ev *schemas.DefectEvent, record Record) error {
	r, ok := n.receivers[name]
	if !ok {
		return fmt.Errorf("deliver to %q: no such receiver", name)
	}
	if !slices.Contains(r.Send, ev.State) {
		return nil
	}
	log := n.log.With("stream", ev.Stream, "defect", ev.ID, "revision", ev.Revision, "receiver", name)
	message := Message(ev, name)
	retry := receiver.NewRetry(r.Options, r.GiveUp, func(a receiver.Attempt) {
		logAttempt(log, a)
		if err := record(ctx, notification(ev, name, message, a)); err != nil {
			log.Error("record notification", "error", err)
		}
	})
	_, err := retry.Notify(ctx, ev, message)
	if ctx.Err() != nil && err != nil {
		return fmt.Errorf("deliver to %q: %w", name, ctx.Err())
	}
	return nil
}

// Message is the idempotency key of telling the receiver called name of ev: the same over retries and restarts.
func Message(ev *schemas.DefectEvent, name string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", ev.ID, ev.Revision, name))
	return "msg_" + hex.EncodeToString(sum[:16])
}

// logAttempt tells of a target that does not take an event, once, and of what became of it.
func logAttempt(log *slog.Logger, a receiver.Attempt) {
	switch {
	case a.Outcome == receiver.Failed:
		log.Error("notification given up", "attempt", a.Number, "error", a.Err)
	case a.Outcome == receiver.Retrying && a.Number == 1:
		log.Warn("notification not delivered, trying again", "error", a.Err)
	case a.Outcome == receiver.Delivered && a.Number > 1:
		log.Info("notification delivered after all", "attempt", a.Number)
	}
}

func notification(ev *schemas.DefectEvent, name, message string, a receiver.Attempt) *schemas.Notification {
	n := &schemas.Notification{
		Message: message, Stream: ev.Stream, Kind: ev.Kind, Revision: ev.Revision, State: ev.State, Receiver: name,
		Attempt: int32(a.Number), Outcome: a.Outcome, Status: int32(a.Status),
		Time: a.Start.UnixMicro(), LatencyMS: int32(a.End.Sub(a.Start).Milliseconds()), DelayMS: (a.End.UnixMicro() - ev.Detected) / 1000,
	}
	if a.Err != nil {
		n.Error = a.Err.Error()
	}
	return n
}
