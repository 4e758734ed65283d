package lab

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Plan is one fault to be injected: into which stream, and the pieces of the stream, counted from its start, that it covers.
type Plan struct {
	Stream string
	Fault  Fault
	// From is the first piece, To the first one after.
	From, To int64
}

// The schedule's measures, in pieces.
const (
	// warmUp leaves time for everything to start: 13.4 s.
	warmUp = 7
	// stagger is between the faults of one round.
	stagger = 2
	// round is how often each stream gets a fault: 26.9 s, so that at least 11.5 s are clean after the longest.
	round = 14
	// coolDown leaves time for the last defect to close, also behind an HLS client's buffer: 15.4 s.
	coolDown = 8
)

// endless is the schedule's length when none is asked for.
const endless = 24 * time.Hour

// Schedule spreads faults over the streams: each round gives each stream one, all kinds in turn. A minute shows each kind. The same seed gives the
// same schedule. A duration of 0 is endless.
func Schedule(length time.Duration, clips []Clip, seed uint64) []Plan {
	if length == 0 {
		length = endless
	}
	last := int64(length/PieceDuration) - coolDown
	random := rand.New(rand.NewPCG(seed, 0))
	order := random.Perm(len(clips))
	shift := firstShift(clips, order, random.IntN(len(Faults)))
	var plans []Plan
	for r := 0; warmUp+int64(r)*round < last; r++ {
		for slot, i := range order {
			fault := Faults[(slot+r+shift)%len(Faults)]
			from := warmUp + int64(r)*round + int64(slot)*stagger
			plan := Plan{Stream: clips[i].Name, Fault: fault, From: from, To: from + fault.Pieces(clips[i].Protocol)}
			if plan.To <= last {
				plans = append(plans, plan)
			}
		}
	}
	return plans
}

// firstShift turns the kinds so that the first outage meets a stream without a client's buffer, where it shows at once.
func firstShift(clips []Clip, order []int, from int) int {
	outage := slices.IndexFunc(Faults, Fault.Outage)
	for turn := range Faults {
		shift := from + turn
		slot := ((outage-shift)%len(Faults) + len(Faults)) % len(Faults)
		if slot < len(order) && clips[order[slot]].Protocol == MPEGTS {
			return shift
		}
	}
	return from
}
