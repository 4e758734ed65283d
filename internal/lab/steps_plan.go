package lab

import (
	"slices"
	"time"
)

// The schedule of a comparison with the design of steps, in pieces.
const (
	// comparisonWarmUp leaves time for the processes to start: 19.2 s.
	comparisonWarmUp = 10
	// comparisonRound is how often each stream gets a fault: 15.4 s.
	comparisonRound = 2 * FaultPieces
	// comparisonTail leaves time for the last to be told: 9.6 s.
	comparisonTail = 5
)

// ComparedClips are n clips of the demo, all served as MPEG-TS so that every client is given the same at the same time; at most all of them.
func ComparedClips(n int) []Clip {
	clips := slices.Clone(Clips)
	slices.SortStableFunc(clips, func(a, b Clip) int { // those that the demo has encoded like this come first
		switch {
		case a.Protocol == b.Protocol:
			return 0
		case a.Protocol == MPEGTS:
			return -1
		}
		return 1
	})
	for i := range clips {
		clips[i].Protocol = MPEGTS
	}
	return clips[:min(n, len(clips))]
}

// ComparedPlans give each clip one fault of StepsKinds after the other. Those that fit into length, after the warm-up, are planned.
func ComparedPlans(clips []Clip, length time.Duration) (plans []Plan) {
	last := comparisonWarmUp + int64(length/PieceDuration) - comparisonTail
	for i, clip := range clips {
		from := int64(comparisonWarmUp + i%2)
		for n := i; from+FaultPieces <= last; n++ {
			kind := StepsKinds[n%len(StepsKinds)]
			fault := Faults[slices.IndexFunc(Faults, func(f Fault) bool { return f.Kind == kind })]
			plans = append(plans, Plan{Stream: clip.Name, Fault: fault, From: from, To: from + FaultPieces})
			from += comparisonRound
		}
	}
	return plans
}

// ComparedWarmUp is how long the streams run before the first fault.
func ComparedWarmUp() time.Duration { return duration(comparisonWarmUp) }

// Only leaves the kinds that are compared in a report.
func (r Report) Only(kinds []string) Report {
	not := func(kind string) bool { return !slices.Contains(kinds, kind) }
	return Report{
		Found:      slices.DeleteFunc(slices.Clone(r.Found), func(f Found) bool { return not(f.Kind) }),
		Missed:     slices.DeleteFunc(slices.Clone(r.Missed), func(i Injected) bool { return not(i.Kind) }),
		Waiting:    slices.DeleteFunc(slices.Clone(r.Waiting), func(i Injected) bool { return not(i.Kind) }),
		Unexpected: slices.DeleteFunc(slices.Clone(r.Unexpected), func(d Detected) bool { return not(d.Kind) }),
	}
}
