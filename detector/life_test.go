package detector_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

// TestADefectLivesOnce: whatever happens to streams and to us, a defect is opened once, told of in revisions without a gap, and after its end
// never again.
func TestADefectLivesOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last := map[string]*schemas.DefectEvent{}
		for _, a := range fold(t, detector.New(detector.Config{}), drawLog(t)) {
			if a.event == nil {
				continue
			}
			if wrong := follows(last[a.event.ID], a.event); wrong != "" {
				t.Fatalf("offset %d: %s: %s", a.offset, describe(a.event), wrong)
			}
			last[a.event.ID] = a.event
		}
	})
}

// follows says what is wrong about an event after the last of the same defect, or after none.
func follows(last, e *schemas.DefectEvent) string {
	severities := []string{"info", "warning", "critical"}
	switch begins := e.State == "opened" && e.Revision == 1; {
	case last == nil && !begins:
		return fmt.Sprintf("the first event is revision %d", e.Revision)
	case last == nil:
		return ""
	case last.State == "closed" || last.State == "retracted":
		return fmt.Sprintf("it comes after revision %d, which is %s", last.Revision, last.State)
	case e.State == "opened" || e.Revision != last.Revision+1:
		return fmt.Sprintf("revision %d comes after revision %d", e.Revision, last.Revision)
	case e.Onset != last.Onset || e.Stream != last.Stream || e.Kind != last.Kind || e.Part != last.Part || e.RuleVersion != last.RuleVersion:
		return "what the id is made of has changed"
	case e.End < last.End || e.Value < last.Value || slices.Index(severities, e.Severity) < slices.Index(severities, last.Severity):
		return fmt.Sprintf("it takes back what was told: end %d after %d, value %v after %v, %s after %s", e.End, last.End, e.Value, last.Value, e.Severity, last.Severity)
	case e.State == "updated" && e.Severity == last.Severity && e.Detected-last.Detected < 10_000_000:
		return "nothing has changed and 10 s have not passed"
	}
	return ""
}
