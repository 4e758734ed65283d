package ingest

import (
	"math"
	"slices"
	"time"
)

// The values of Config.Shedding.
const (
	sheddingAuto = "auto"
	sheddingOff  = "off"
)

// rungs are the samplings of a ladder, from measuring everything down to decoding key pictures only.
var rungs = [5]int32{1, 2, 4, 8, keysOnly}

const (
	// lagRaised is the lag from which more is shed, lagBad the one from which pictures are thinned as far as that goes, lagWorst the one from which they are
	// not decoded; lagCalm is the lag up to which less may be shed.
	lagRaised = 250 * time.Millisecond
	lagBad    = time.Second
	lagWorst  = 2 * time.Second
	lagCalm   = 100 * time.Millisecond
	// stepTime is how long a step down the ladder is given to show.
	stepTime = 2 * time.Second
	// calmTime is how long it must be calm before a rung is tried that sheds less, at first: it doubles up to calmMost each time that it did not last there for
	// trialTime.
	calmTime  = 10 * time.Second
	calmMost  = 5 * time.Minute
	trialTime = 30 * time.Second
)

// ladder is how much is shed for what lags. One goroutine.
//
//	  lag >= lagRaised and not falling: a rung down, to 8 from lagBad on    lag >= lagWorst and not falling
//	1 <-------------------------------------------------------------> 8 <-------------------------------------> key pictures only
//	  lag <= lagCalm for calmTime: a rung up; the longer it is waited the more often that was too soon
type ladder struct {
	rung int
	// last is the lag at the last look.
	last time.Duration
	// stepped is when it last went down, risen when it last went up, calm since when the lag has been small; the zero time: never, not now.
	stepped, risen, calm time.Time
	// patience is how long it must be calm before each rung is tried; 0: calmTime.
	patience [len(rungs)]time.Duration
}

// Judge looks at the lag at now, about once a second, and gives the rung.
func (l *ladder) Judge(lag time.Duration, now time.Time) int {
	falling := lag < l.last
	l.last = lag
	switch {
	case lag > lagCalm:
		l.calm = time.Time{}
	case l.calm.IsZero():
		l.calm = now
	}
	switch {
	case lag >= l.least() && !falling && now.Sub(l.stepped) >= stepTime:
		l.down(lag, now)
	case l.rung > 0 && !l.calm.IsZero() && now.Sub(l.calm) >= max(l.patience[l.rung-1], calmTime):
		l.rung--
		l.risen, l.calm = now, now
	case now.Sub(l.risen) >= trialTime:
		l.patience[l.rung] = 0
	}
	return l.rung
}

// down sheds more.
func (l *ladder) down(lag time.Duration, now time.Time) {
	if !l.risen.IsZero() && now.Sub(l.risen) < trialTime {
		l.patience[l.rung] = min(2*max(l.patience[l.rung], calmTime), calmMost)
	}
	l.rung++
	if lag >= lagBad {
		l.rung = max(l.rung, len(rungs)-2)
	}
	l.stepped = now
}

// least is the lag from which more is shed.
func (l *ladder) least() time.Duration {
	switch l.rung {
	case len(rungs) - 1:
		return math.MaxInt64
	case len(rungs) - 2:
		return lagWorst
	}
	return lagRaised
}

// shedding is the ladders of an edge: one of the whole machine, by the lag that half of its streams have at least, and one of each stream by what it lags
// more, for those that are too much for one thread. One goroutine.
type shedding struct {
	machine ladder
	own     map[*load]*ladder
	// looked is when it last looked.
	looked time.Time
}

// lookEvery is how often an edge looks at its lag.
const lookEvery = time.Second

// Look gives each stream its rung by how far their workers were behind at now, and the lag of the machine. That this comes late is lag too.
func (s *shedding) Look(loads []*load, now time.Time) (rung int, lag time.Duration) {
	if s.own == nil {
		s.own = map[*load]*ladder{}
	}
	behind := map[*load]time.Duration{}
	var all []time.Duration
	for _, l := range loads {
		if d, ok := l.Behind(now); ok {
			behind[l] = d
			all = append(all, d)
		}
	}
	if len(all) > 0 {
		slices.Sort(all)
		lag = all[(len(all)-1)/2]
	}
	if !s.looked.IsZero() {
		lag = max(lag, now.Sub(s.looked)-lookEvery)
	}
	s.looked = now
	rung = s.machine.Judge(lag, now)
	own := map[*load]*ladder{}
	for l, d := range behind {
		if own[l] = s.own[l]; own[l] == nil {
			own[l] = &ladder{}
		}
		l.Set(rungs[max(rung, own[l].Judge(max(d-lag, 0), now))])
	}
	s.own = own
	return rung, lag
}
