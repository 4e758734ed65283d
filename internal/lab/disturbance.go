package lab

import (
	"math/rand/v2"
	"time"
)

// disturbanceKind is what a soak does to a stream, or to who watches it.
type disturbanceKind string

const (
	// cutOff breaks connections and refuses new ones, stall sends nothing over those that stand: both are outages. corrupt spoils bytes,
	// takeAway removes the stream and adds it again, killWorker kills a worker process.
	cutOff     disturbanceKind = "cut"
	stall      disturbanceKind = "stall"
	corrupt    disturbanceKind = "corrupt"
	takeAway   disturbanceKind = "remove_and_add"
	killWorker disturbanceKind = "kill_worker"
)

// disturbance is one of them: when, for how long, to which stream.
type disturbance struct {
	kind       disturbanceKind
	at, length time.Duration
	line       int
}

const (
	// warming is how long senders send before anybody watches.
	warming = 10 * time.Second
	// settling is how long streams are left alone at the beginning, and judging at the end, so that all can be seen to have recovered.
	settling = 10 * time.Second
	judging  = 20 * time.Second
	// outageLength is how long a live line is out, corruption how long its bytes are spoilt, absence how long it is not watched.
	outageLength = 8 * time.Second
	corruption   = 2 * time.Second
	absence      = 6 * time.Second
	// rest is the least that a stream is left alone between two disturbances.
	rest = 20 * time.Second
)

// planSoak deals the kinds out to all streams in turn, each stream beginning with another one, as often as the length allows.
func planSoak(config SoakConfig, lines []*line) []disturbance {
	random := rand.New(rand.NewPCG(config.Seed, 1))
	kinds := []disturbanceKind{cutOff, stall, corrupt, takeAway, killWorker}
	var plan []disturbance
	for i, l := range lines {
		for n, at := 0, settling+spread(random, 5*time.Second); ; n++ {
			d := disturbance{kind: kinds[(i+i/len(kinds)+n)%len(kinds)], at: at, line: i}
			d.length = map[disturbanceKind]time.Duration{cutOff: outageLength + l.sender.behind, stall: outageLength + l.sender.behind,
				corrupt: corruption, takeAway: absence}[d.kind]
			if d.at+d.length+judging > config.Length {
				break
			}
			plan = append(plan, d)
			at += d.length + rest + spread(random, rest)
		}
	}
	return plan
}

// spread is a random length of up to most.
func spread(random *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(random.Int64N(int64(most)))
}
