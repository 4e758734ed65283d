package notifier

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Attempt is one to tell of a change of a defect.
type Attempt struct {
	// Event must not be changed.
	Event *schemas.DefectEvent
	// What has changed, as receivers are told it, and Receiver the target that was told.
	What, Receiver string
	// Number counts from 1.
	Number       int
	Began, Ended time.Time
	// Err is why the target did not take it.
	Err error
}
