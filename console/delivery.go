package console

import (
	"sync"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// ledgerDefects is of how many defects the attempts to tell are kept, those that were first told of last.
	ledgerDefects = 4000
	// ledgerAttempts is how many attempts are kept of a defect: the first half of that many, and the last.
	ledgerAttempts = 100
)

// ledger keeps the attempts to tell of the defects of late.
type ledger struct {
	mu    sync.Mutex
	by    map[string]*account
	order []string
}

// account is the attempts to tell of one defect.
type account struct {
	attempts []*schemas.Notification
	// left is how many between the first and the last are not kept.
	left int
}

func newLedger() *ledger { return &ledger{by: map[string]*account{}} }

// add enters an attempt.
func (l *ledger) add(defect string, n *schemas.Notification) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.by[defect]
	if a == nil {
		a = &account{}
		l.by[defect] = a
		if l.order = append(l.order, defect); len(l.order) > ledgerDefects {
			delete(l.by, l.order[0])
			l.order = l.order[1:]
		}
	}
	if len(a.attempts) == ledgerAttempts {
		a.left++
		a.attempts = append(a.attempts[:ledgerAttempts/2], a.attempts[ledgerAttempts/2+1:]...)
	}
	a.attempts = append(a.attempts, n)
}

// of are the attempts to tell of a defect in the order of the log, and how many are left off between the first and the last.
func (l *ledger) of(defect string) (attempts []*schemas.Notification, left int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	attempts = []*schemas.Notification{}
	if a := l.by[defect]; a != nil {
		attempts, left = append(attempts, a.attempts...), a.left
	}
	return attempts, left
}
