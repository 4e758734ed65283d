package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// load is how far one stream's worker is behind, and how much of its pictures it is asked to measure. It is safe for concurrent use.
type load struct {
	// told is called with each new sampling.
	told func(sampling int32)

	mu sync.Mutex
	// tell speaks to the running worker; nil when there is none.
	tell     func(sampling int32)
	sampling int32
	// lag is what the worker told at heard, or as it began.
	lag   time.Duration
	heard time.Time
}

func newLoad(told func(sampling int32)) *load { return &load{told: told, sampling: 1} }

// Begin takes a new worker, which begins where the last one was.
func (l *load) Begin(tell func(int32), now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell, l.lag, l.heard = tell, 0, now
	if l.sampling != 1 {
		tell(l.sampling)
	}
}

// End tells that the worker has ended.
func (l *load) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell = nil
}

// lagMost bounds what a worker can tell.
const lagMost = time.Minute

// Heard takes what the worker told at now.
func (l *load) Heard(lag time.Duration, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lag, l.heard = min(max(lag, 0), lagMost), now
}

// startTime is how long a worker may take to say its first word.
const startTime = 2 * time.Second

// Behind is how far the worker was behind at now; false when there is none. A worker that does not find the time to tell is behind by that.
func (l *load) Behind(now time.Time) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tell == nil {
		return 0, false
	}
	return max(l.lag, min(now.Sub(l.heard)-startTime, lagMost)), true
}

// Set asks for a sampling.
func (l *load) Set(sampling int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sampling == sampling {
		return
	}
	l.sampling = sampling
	l.told(sampling)
	if l.tell != nil {
		l.tell(sampling)
	}
}

// balance sheds load, and takes it up again, until ctx is done.
func (i *Ingest) balance(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var s shedding
	last := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		rung, lag := s.Look(i.loads(), time.Now())
		i.meters.lag.Set(lag.Seconds())
		i.meters.shed.Set(float64(rung))
		if rung != last {
			i.log.Warn("this machine measures "+samplingText(rungs[rung]), "lag", lag.Round(time.Millisecond))
			last = rung
		}
	}
}

// samplingText says what a sampling is.
func samplingText(sampling int32) string {
	switch sampling {
	case 1:
		return "every picture"
	case keysOnly:
		return "key pictures only"
	}
	return fmt.Sprintf("one picture in %d", sampling)
}

// loads are those of all streams that run.
func (i *Ingest) loads() (all []*load) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, k := range i.streams {
		if k.load != nil {
			all = append(all, k.load)
		}
	}
	return all
}
