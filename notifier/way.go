package notifier

import (
	"context"
	"errors"
	"strings"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/notify"

	"github.com/framewatch/framewatch/notifier/receiver"
)

// way is how a desk tells its target: one attempt. again says that a further one may succeed.
type way interface {
	tell(ctx context.Context, m *receiver.Message, alerts []*alert.Alert) (status int, again bool, err error)
	// lively says that the target is told of acknowledgements and silences, too.
	lively() bool
}

// ours is a receiver of ours.
type ours struct{ receiver.Receiver }

func (o ours) lively() bool { return true }

func (o ours) tell(ctx context.Context, m *receiver.Message, _ []*alert.Alert) (int, bool, error) {
	status, err := o.Tell(ctx, m)
	_, permanent := errors.AsType[receiver.Permanent](err)
	return status, !permanent, err
}

// theirs is an integration of Alertmanager's.
type theirs struct{ integration notify.Integration }

func (a theirs) lively() bool { return false }

func (a theirs) tell(ctx context.Context, _ *receiver.Message, alerts []*alert.Alert) (int, bool, error) {
	again, err := a.integration.Notify(ctx, alerts...)
	if err != nil {
		err = errors.New(strings.ToValidUTF8(notify.RedactURL(err).Error(), "?"))
	}
	return 0, again, err
}
