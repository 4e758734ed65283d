package receiver

import (
	"context"
	"fmt"
	"time"
)

// evidenceWait is how long a filmstrip is waited for unless the options say otherwise.
const evidenceWait = 8 * time.Second

// filmstripLimit is how long a filmstrip can be that is sent along, in bytes.
const filmstripLimit = 4 << 20

// pictured is the change whose picture goes with a message: the worst of those that open, before they are told. In a storm there is none; nil when nothing opens.
func (m *Message) pictured() *Change {
	if m.Digest != nil {
		return nil
	}
	var worst *Change
	for i := range m.Changes {
		if c := &m.Changes[i]; c.What == Opened && !c.Told && (worst == nil || badness(c) > badness(worst)) {
			worst = c
		}
	}
	return worst
}

// evidence is the filmstrip of c, if it is there before wait is over. That there is none is no error: a defect can have none, and nobody waits for a picture.
func evidence(ctx context.Context, m *Message, c *Change, wait time.Duration) (Filmstrip, bool) {
	if c == nil || m.Evidence == nil || wait <= 0 {
		return Filmstrip{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	strip, err := m.Evidence(ctx, c.Event.ID)
	return strip, err == nil && len(strip.JPEG) > 0 && len(strip.JPEG) <= filmstripLimit
}

// caption says what the pictures show.
func (f Filmstrip) caption(c *Change) string {
	return fmt.Sprintf("%s, %s to %s UTC", subject(c.Event), clock(f.Start.UTC(), false), clock(f.End.UTC(), false))
}
