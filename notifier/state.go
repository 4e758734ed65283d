package notifier

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/silence/silencepb"
	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// Kinds of entries of the notifier's state.
const (
	kindDelivery        = "delivery"
	kindSilence         = "silence"
	kindAcknowledgement = "acknowledgement"
	kindRecurrence      = "recurrence"
	kindPosition        = "position"
)

// Entry is one entry of the notifier's state as it stands in the log.
type Entry struct {
	Key string
	// Value is nil when the entry is removed.
	Value *schemas.NotifierState
}

func entry(kind, name string, payload []byte, now, expires time.Time) Entry {
	e := &schemas.NotifierState{Kind: kind, Payload: payload, Time: now.UnixMicro()}
	if !expires.IsZero() {
		e.Expires = expires.UnixMicro()
	}
	return Entry{Key: kind + "/" + name, Value: e}
}

// Acknowledgement says that somebody has taken a defect up: it is not repeated and not escalated any more. It ends with the defect.
type Acknowledgement struct {
	Defect string    `json:"defect"`
	By     string    `json:"by"`
	Note   string    `json:"note,omitempty"`
	Time   time.Time `json:"time"`
}

// Entry is the acknowledgement as an entry of the state.
func (a Acknowledgement) Entry() (Entry, error) {
	payload, err := json.Marshal(a)
	return entry(kindAcknowledgement, a.Defect, payload, a.Time, time.Time{}), err
}

// ReadAcknowledgement is the defect that an entry of the state acknowledges, and how; nil: it no longer does. An empty defect: the entry is of something else.
func ReadAcknowledgement(e Entry) (defect string, a *Acknowledgement, err error) {
	defect, ok := cutKind(e.Key, kindAcknowledgement)
	if !ok || e.Value == nil {
		return defect, nil, nil
	}
	if err := json.Unmarshal(e.Value.Payload, &a); err != nil {
		return "", nil, fmt.Errorf("read an acknowledgement: %w", err)
	}
	return defect, a, nil
}

// withdrawn removes the acknowledgement of a defect.
func withdrawn(defect string) Entry { return Entry{Key: kindAcknowledgement + "/" + defect} }

// cutKind is the name in the key of an entry of the kind.
func cutKind(key, kind string) (name string, ok bool) {
	if name, ok = strings.CutPrefix(key, kind+"/"); !ok {
		return "", false
	}
	return name, true
}

// position is until when the defects topic has been taken in, in all and in each partition: what is written to one may be seen later than what is written to another after it.
type position struct {
	// Until is not after the first event of a defect that is untold: the next notifier begins to read before it.
	Until time.Time `json:"until"`
	// Taken are until when each partition has been; nil where an older program wrote the position, whose Partitions are that.
	Taken map[int32]time.Time `json:"taken,omitempty"`
	// Untold are the defects that nobody was told of by then and somebody is to be: their groups are not due yet.
	Untold map[string]bool `json:"untold,omitempty"`
	// Partitions are Taken, but not after the first event of a defect that is untold: an older program, which knows nothing else, tells of that when it is gone back to.
	Partitions map[int32]time.Time `json:"partitions,omitempty"`
}

func (p position) entry(now time.Time) (Entry, error) {
	payload, err := json.Marshal(p)
	return entry(kindPosition, "defects", payload, now, time.Time{}), err
}

// taken are until when each partition has been; nil: that is known of all together only.
func (p position) taken() map[int32]time.Time {
	if p.Taken != nil {
		return p.Taken
	}
	return p.Partitions
}

// of is until when a partition has been; a zero time where nothing is known of it.
func (p position) of(partition int32) time.Time {
	taken := p.taken()
	if taken == nil {
		return p.Until
	}
	return taken[partition]
}

// delivery is what one target has been told of one group.
type delivery struct {
	// Desk is the target, Group Alertmanager's key of the group, Labels those by which it was made.
	Desk   string            `json:"desk"`
	Group  string            `json:"group"`
	Labels map[string]string `json:"labels,omitempty"`
	// Told is what the target knows to be open, by subject.
	Told map[string]told `json:"told,omitempty"`
	// Pending is a message that has been begun: whether the target has it is not known until it is told again.
	Pending *pending `json:"pending,omitempty"`
	// Log is the entry of Alertmanager's notification log, as it broadcasts it.
	Log []byte `json:"log,omitempty"`
	// Remote is what the target has given us for the group.
	Remote map[string]string `json:"remote,omitempty"`
}

// told is what a target knows of a defect that is open.
type told struct {
	Severity string `json:"severity"`
	// Changes counts what has been told of it.
	Changes int `json:"changes"`
	// Acknowledged and Muted say that these have been told, Storm that it was told in a digest.
	Acknowledged bool `json:"acknowledged,omitempty"`
	Muted        bool `json:"muted,omitempty"`
	Storm        bool `json:"storm,omitempty"`
}

// pending is a message that has been begun.
type pending struct {
	ID string `json:"id"`
	// Storm says that the message stands for the pending changes of all groups that have one of the same id.
	Storm   bool              `json:"storm,omitempty"`
	Since   time.Time         `json:"since"`
	Changes []receiver.Change `json:"changes"`
	// Firing and Resolved are what Alertmanager's notification log says of the group once it is told.
	Firing   []uint64      `json:"firing,omitempty"`
	Resolved []uint64      `json:"resolved,omitempty"`
	Repeat   time.Duration `json:"repeat,omitempty"`
	attempts int
}

// idle says that nothing needs to be remembered of the group.
func (d *delivery) idle() bool { return len(d.Told) == 0 && d.Pending == nil }

func (d *delivery) name() string { return hash(d.Desk, d.Group) }

// entry is the delivery as an entry of the state; it is removed when nothing needs to be remembered.
func (d *delivery) entry(now time.Time) (Entry, error) {
	if d.idle() {
		return Entry{Key: kindDelivery + "/" + d.name()}, nil
	}
	payload, err := json.Marshal(d)
	return entry(kindDelivery, d.name(), payload, now, time.Time{}), err
}

// silenceEntry is what Alertmanager's silences broadcast, as an entry of the state.
func silenceEntry(broadcast []byte, now time.Time) (Entry, error) {
	var s silencepb.MeshSilence
	if err := protodelim.UnmarshalFrom(bytes.NewReader(broadcast), &s); err != nil {
		return Entry{}, fmt.Errorf("read a silence: %w", err)
	}
	return entry(kindSilence, s.Silence.Id, broadcast, now, s.ExpiresAt.AsTime()), nil
}

// hash is a name for parts: 32 hexadecimal digits.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
