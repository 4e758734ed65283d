package rule

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// sequenceGap is the longest time from one picture to the next that rules of movement look across.
const sequenceGap = time.Second

// sequence tells whether pictures come one after the other as the source sent them.
type sequence struct {
	began              bool
	session, seq, time int64
	epoch              int32
}

// follows takes the next picture. It is false of the first one, where the time line breaks, where none came for longer than gap, and where we have
// left out pictures ourselves: thinned or skipped ones, and those whose records could not be published.
func (s *sequence) follows(t int64, f *schemas.VideoFrame, gap time.Duration) bool {
	ok := s.began && f.Session == s.session && f.Epoch == s.epoch && f.Seq == s.seq+1 && whole(f) && t-s.time <= gap.Microseconds()
	s.began, s.session, s.epoch, s.seq, s.time = true, f.Session, f.Epoch, f.Seq, t
	return ok
}

// whole says that every picture since the one before was measured.
func whole(f *schemas.VideoFrame) bool { return f.Sampling == 1 && f.Skipped == 0 }

// stepped tells whether t begins another step of stream time than last is in. Steps are counted from the time's zero, so that what is looked at
// does not depend on when the looking began.
func stepped(last, t int64, step time.Duration) bool {
	return t/step.Microseconds() > last/step.Microseconds()
}
