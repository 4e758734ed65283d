package detector

import (
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// errorReach is how long what was spent in bad verdicts is remembered.
const errorReach = rule.MaxErrorSpan + time.Minute

// errorLog remembers what was spent in bad verdicts, span by span, as the health tells it; from there it is restored. It outlives the streams.
type errorLog struct {
	streams map[string]*streamErrors
	// swept is the log's time when streams were last dropped of which nothing has been told for a day.
	swept int64
}

// streamErrors are those of one stream.
type streamErrors struct {
	spent []rule.Spent // in order of End
	// restored is the end of the last span that was restored: those up to it are not told again.
	restored int64
}

// total tells the rules that want to know what was spent up to the end of a span.
func (s *stream) total(end int64, spent []rule.Spent) {
	for _, j := range s.judges {
		if t, ok := j.rule.(rule.Totalling); ok {
			t.Total(end, spent)
		}
	}
}

func (l *errorLog) of(stream string) *streamErrors {
	if s := l.streams[stream]; s != nil {
		return s
	}
	if l.streams == nil {
		l.streams = map[string]*streamErrors{}
	}
	s := &streamErrors{}
	l.streams[stream] = s
	return s
}

// restore takes a roll-up; they come in order.
func (l *errorLog) restore(stream string, h *schemas.Health) {
	if h.SpanMS == 0 {
		return
	}
	s := l.of(stream)
	s.add(h.Time, h.ErrorMS)
	s.restored = h.Time
}

// take takes what was spent in the span that ends now, and returns all that is remembered.
func (l *errorLog) take(stream string, end int64, errors []schemas.ErrorTime) []rule.Spent {
	s := l.of(stream)
	if end > s.restored {
		s.add(end, errors)
	}
	return s.spent
}

func (s *streamErrors) add(end int64, errors []schemas.ErrorTime) {
	old := 0
	for old < len(s.spent) && s.spent[old].End <= end-errorReach.Microseconds() {
		old++
	}
	s.spent = s.spent[:copy(s.spent, s.spent[old:])]
	for _, e := range errors {
		s.spent = append(s.spent, rule.Spent{End: end, Kind: e.Kind, MS: e.MS})
	}
}

// sweep forgets streams of which nothing bad has been told for long, now and then.
func (l *errorLog) sweep(now int64) {
	old := now - sweepEvery.Microseconds()
	if l.swept > old {
		return
	}
	l.swept = now
	for id, s := range l.streams {
		last := s.restored
		if n := len(s.spent); n > 0 {
			last = max(last, s.spent[n-1].End)
		}
		if last < old {
			delete(l.streams, id)
		}
	}
}
