package receiver

import (
	"encoding/json"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// event is an event in the life of a defect as told to machines: the payload of a Standard Webhook.
type event struct {
	// Type is defect.opened, defect.updated, defect.closed or defect.retracted.
	Type string `json:"type"`
	// Timestamp is the instant of the record that caused the event, so every attempt has the same.
	Timestamp time.Time            `json:"timestamp"`
	Data      *schemas.DefectEvent `json:"data"`
}

// payload is ev as JSON, the same bytes for every attempt.
func payload(ev *schemas.DefectEvent) ([]byte, error) {
	return json.Marshal(event{Type: "defect." + ev.State, Timestamp: time.UnixMicro(ev.Detected).UTC(), Data: ev})
}
