package receiver

import (
	"context"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// What has become of a defect, as a Change tells it.
const (
	// Opened: the defect is new to the target.
	Opened = "opened"
	// Updated: its severity has changed.
	Updated = "updated"
	// Repeated: it is still open, as was told before.
	Repeated = "repeated"
	// Acknowledged: somebody has taken it up.
	Acknowledged = "acknowledged"
	// Muted: a silence has begun to cover it, so nothing but its end follows.
	Muted = "muted"
	// Closed: it has ended.
	Closed = "closed"
	// Retracted: it was none of its own.
	Retracted = "retracted"
)

// Message is what a target is told at once: what has changed in one group of defects, or in many of them in a storm.
type Message struct {
	// ID is the idempotency key: equal for all attempts, also after a crash. Letters, digits and _ only.
	ID string
	// Receiver is its name in the configuration.
	Receiver string
	// Group names the group of defects for as long as it lives: what a target threads or replaces by. Letters, digits and _ only.
	Group string
	// Labels are those by which the group was made, such as stream and kind.
	Labels map[string]string
	// Changes are what is told, oldest first; never empty. In a storm they are the worst few.
	Changes []Change
	// Open is how many defects of the group are open after the changes.
	Open int
	// Digest counts everything that a message in a storm stands for; nil otherwise.
	Digest *Digest
	// Remote is what the target has given us for the group in earlier messages, such as the id of a post. What Tell writes into it is kept with the group.
	// Never nil.
	Remote map[string]string
	// Evidence waits for the filmstrip of a defect until ctx ends. Nil when none can be had.
	Evidence func(ctx context.Context, defect string) (Filmstrip, error)
	// Link is the address of a defect's page; nil when the configuration names no console.
	Link func(defect string) string
	// FilmstripLink is the address of a defect's filmstrip that opens for whoever has it until it expires; nil when the configuration names no console.
	FilmstripLink func(defect string) string
}

// Change is something that has become of one defect.
type Change struct {
	// ID is the idempotency key of this change alone. Letters, digits and _ only.
	ID string
	// What has become of it: one of the constants.
	What string
	// Event is the defect's newest event.
	Event *schemas.DefectEvent
	// By is who acknowledged or muted it, Note what they said to it, Until when the silence ends. Empty otherwise.
	By, Note string
	Until    time.Time
	// Escalation is how many times it has been told on because nobody took it up, from 0.
	Escalation int
	// Told says that the target has taken this change.
	Told bool
}

// Over says that the defect needs nobody any more.
func (c Change) Over() bool { return c.What == Closed || c.What == Retracted }

// Digest counts the changes of a storm.
type Digest struct {
	// Opened and Over are how many defects began and ended, Streams how many streams had any of them.
	Opened, Over, Streams int
	// Kinds is how many defects there were of each kind.
	Kinds map[string]int
	// Since is when the first change that is counted was to be told.
	Since time.Time
}

// Filmstrip is a row of small pictures from around the onset of a defect, as one JPEG.
type Filmstrip struct {
	JPEG []byte
	// Start and End are the instants of its first and last picture.
	Start, End time.Time
}

// calls tells whether anything that is not told yet calls for somebody: a defect goes on that nobody has taken up.
func (m *Message) calls() bool {
	return slices.ContainsFunc(m.Changes, func(c Change) bool { return !c.Told && !c.Over() && c.What != Acknowledged && c.What != Muted })
}

// left tells whether any change is not told yet.
func (m *Message) left() bool {
	return slices.ContainsFunc(m.Changes, func(c Change) bool { return !c.Told })
}

// told says that the target has taken all changes.
func (m *Message) told() {
	for i := range m.Changes {
		m.Changes[i].Told = true
	}
}

// over is the key in Remote that says that the last message left no defect open.
const over = "over"

// renew forgets what the target has given us when a defect opens in a group that had come to its end: the new one deserves a message of its own.
func (m *Message) renew() {
	opens := slices.ContainsFunc(m.Changes, func(c Change) bool { return c.What == Opened && !c.Told })
	if m.Remote[over] != "" && opens {
		clear(m.Remote)
	}
}

// settle says that the target has taken everything.
func (m *Message) settle() {
	delete(m.Remote, over)
	if m.Open == 0 {
		m.Remote[over] = "yes"
	}
	m.told()
}

// link is the address of the defect's page, or empty.
func (m *Message) link(defect string) string {
	if m.Link == nil {
		return ""
	}
	return m.Link(defect)
}

// filmstripLink is the address of the defect's filmstrip, or empty.
func (m *Message) filmstripLink(defect string) string {
	if m.FilmstripLink == nil {
		return ""
	}
	return m.FilmstripLink(defect)
}
