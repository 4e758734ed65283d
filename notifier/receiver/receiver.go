// Package receiver holds the ways of telling: one file each, and the decorator that tries again.
package receiver

import (
	"context"
	"fmt"
	"time"

	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/schemas"
)

// Receiver tells one target of one event in the life of a defect. It makes one attempt, keeps no state between attempts and may be
// called by several goroutines.
type Receiver interface {
	// Notify returns nil once the target has taken the event. message is the idempotency key: the same for every attempt of one event
	// to one target, also after a restart. status is the HTTP status of the answer, 0 where there is none. An error that no further
	// attempt can mend is Permanent; a target that says when to come again is Busy.
	Notify(ctx context.Context, ev *schemas.DefectEvent, message string) (status int, err error)
}

// Catalogue lists the receivers.
var Catalogue = catalogue.Catalogue[Receiver]{
	"log":     func() Receiver { return NewLog() },
	"webhook": func() Receiver { return NewWebhook() },
}

// Permanent is an error that no further attempt can mend.
type Permanent struct{ Err error }

func (p Permanent) Error() string { return p.Err.Error() }

// Unwrap is the cause.
func (p Permanent) Unwrap() error { return p.Err }

// Busy is a refusal by a target that says how long to stay away.
type Busy struct {
	Err   error
	After time.Duration
}

func (b Busy) Error() string { return fmt.Sprintf("%v (retry after %s)", b.Err, b.After) }

// Unwrap is the cause.
func (b Busy) Unwrap() error { return b.Err }
