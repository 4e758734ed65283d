package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// MakeInterlaced makes a standard clip of 1.2 seconds.
func MakeInterlaced(ctx context.Context, clips, cache, work string, encoding func()) (EdgeClip, error) {
	c := standardClips[3]
	c.name, c.width, c.height, c.footage = "small", 360, 288, []stretch{{path: "mdn_frog_480p30_h264_aac.mp4", length: 2, rate: 30}}
	return c.make(ctx, clips, cache, work, encoding)
}

// What tests of the soak reach.
type (
	Relay      = relay
	RelayState = relayState
)

const (
	Forwarding = forwarding
	Stalled    = stalled
	Broken     = broken
)

var NewRelay, NewLedger = newRelay, newLedger

func (r *relay) Serve(ctx context.Context) error { return r.serve(ctx) }

func (l *Ledger) Added(stream string, now time.Time)   { l.added(stream, now) }
func (l *Ledger) Removed(stream string, now time.Time) { l.removed(stream, now) }
func (l *Ledger) Outage(stream string, start, end time.Time, behind time.Duration) {
	l.outage(stream, start, end, behind)
}
func (l *Ledger) Corruption(stream string, start, end time.Time) { l.corruption(stream, start, end, 0) }

// Disturbance is one that is planned.
type Disturbance struct {
	Kind       string
	At, Length time.Duration
}

// PlanSoak is what is planned for each of so many streams over all protocols in turn.
func PlanSoak(streams int, length time.Duration, seed uint64) [][]Disturbance {
	var lines []*line
	for i := range streams {
		lines = append(lines, &line{sender: senders[i%len(senders)]})
	}
	plans := make([][]Disturbance, streams)
	for _, d := range planSoak(SoakConfig{Length: length, Seed: seed}, lines) {
		plans[d.line] = append(plans[d.line], Disturbance{string(d.kind), d.at, d.length})
	}
	return plans
}

// Describe tells what is done to the sample.
func (s Sample) Describe() string { return fmt.Sprintf("%s %v %d", s.Name, s.faults, s.length) }

// ApplyAllGone leaves out all packets of a stretch.
func ApplyAllGone(data []byte, from, to time.Duration, random *rand.Rand) (out []byte, first, last time.Duration, err error) {
	e, err := allGone.apply(data, from, to, random)
	return e.data, e.first, e.last, err
}

// Told is what Tell tells of a stream.
func (l *Lineup) Told(i int, at time.Time) (*schemas.Health, *schemas.DefectEvent) {
	return l.streams[i].tell(at)
}

// OpenJournal opens the journal of steps.
var OpenJournal = openJournal
