package lab

import (
	"sync"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// ScaleLedger holds the faults that a fleet plays, and what was told of them. It is safe for concurrent use.
type ScaleLedger struct {
	score *Score

	mu     sync.Mutex
	faults []Injected
	// events are the revisions that were told, and told when webhooks said that a defect has begun, by its id.
	events  map[revision]bool
	told    map[string][]time.Time
	doubled int
}

// revision is one event of a defect.
type revision struct {
	id     string
	number int32
}

// NewScaleLedger expects nothing yet.
func NewScaleLedger() *ScaleLedger {
	return &ScaleLedger{score: NewScore(), events: map[revision]bool{}, told: map[string][]time.Time{}}
}

// Expect sets what is expected.
func (l *ScaleLedger) Expect(faults []Injected) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = faults
}

// Event notes an event that was read from the log at time now.
func (l *ScaleLedger) Event(ev *schemas.DefectEvent, now time.Time) {
	l.score.Event(ev, now)
	l.mu.Lock()
	defer l.mu.Unlock()
	r := revision{ev.ID, ev.Revision}
	if l.events[r] {
		l.doubled++
	}
	l.events[r] = true
}

// Told notes a webhook that said at time now that a defect has begun.
func (l *ScaleLedger) Told(id string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told[id] = append(l.told[id], now)
}

// Settled tells whether what could be judged at a time has been found and told by now.
func (l *ScaleLedger) Settled(judged time.Time) bool {
	d := l.Defects(judged)
	return d.Found == d.Expected && d.Told == d.Found
}

// Defects is what has come of the faults that could be judged at a time.
func (l *ScaleLedger) Defects(judged time.Time) ScaleDefects {
	l.mu.Lock()
	defer l.mu.Unlock()
	report := l.score.Report(l.faults, judged)
	d := ScaleDefects{Expected: len(report.Missed), Unexpected: map[string]int{}, Events: len(l.events), Doubled: l.doubled}
	var whole Report
	for _, f := range report.Found {
		if f.Optional || judged.Sub(f.Start) < l.score.Patience {
			continue // it was not seen to begin, or may be found and not told
		}
		d.Expected++
		d.Found++
		if told := l.told[f.ID]; len(told) > 0 {
			f.Alerted = told[0]
			d.Told++
			d.ToldTwice += min(len(told)-1, 1)
		}
		whole.Found = append(whole.Found, f)
	}
	for _, u := range report.Unexpected {
		d.Unexpected[u.Kind]++
	}
	event, beyond := whole.delays(Found.EventDelay)
	webhook, _ := whole.delays(Found.AlertDelay)
	d.Event, d.Beyond, d.Webhook = event.percentiles(), beyond.percentiles(), webhook.percentiles()
	return d
}

func (d delays) percentiles() Percentiles { return Percentiles{d.p50.Seconds(), d.p99.Seconds()} }

// Exact tells that all there was to find was found and told once, and that no event stands twice on the log.
func (d ScaleDefects) Exact() bool {
	return d.Found == d.Expected && d.Told == d.Found && d.ToldTwice == 0 && d.Doubled == 0
}
