// Package receiver holds our own ways of telling: one file each.
package receiver

import (
	"context"
	"fmt"
	"time"

	"github.com/framewatch/framewatch/internal/catalogue"
)

// Receiver is one way of telling one target. It makes one attempt, keeps no state between attempts and may be called by several goroutines.
type Receiver interface {
	// Tell returns nil once the target has taken the message. It sets Told of each change that the target has taken, also when it fails at a later one, and tells none
	// that is told already. status is the status of the answer (of HTTP, or SMTP's reply code), 0 where there is none. An error that no further attempt can mend is
	// Permanent; a target that says when to come again is Busy. Neither error text may hold a secret.
	Tell(ctx context.Context, m *Message) (status int, err error)
}

// Catalogue lists the receivers.
var Catalogue = catalogue.Catalogue[Receiver]{
	"email":     func() Receiver { return NewEmail() },
	"log":       func() Receiver { return NewLog() },
	"pagerduty": func() Receiver { return NewPagerDuty() },
	"shoutrrr":  func() Receiver { return NewShoutrrr() },
	"slack":     func() Receiver { return NewSlack() },
	"webhook":   func() Receiver { return NewWebhook() },
}

// Pace is how often a target may be told, where it says so itself.
type Pace interface {
	// Pace is the mean time between two messages that the target bears, and how many may follow each other at once.
	Pace() (every time.Duration, burst int)
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
