package rule

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// spoiltFor is the longest time that what we have lost counts for.
const spoiltFor = 15 * time.Second

// joinGap is the longest time without a picture over which a clean key picture counts.
const joinGap = 5 * time.Second

// joining tells what damage is our doing: pictures that hang on those from before we came, and those that hang on what we have lost.
type joining struct {
	began   bool
	session int64
	epoch   int32
	// joined tells that a clean key picture has come without a break, since and last are the times of the first and newest picture without one.
	joined      bool
	since, last int64
	// within is how long after the first damage may be our doing without a clean key picture: none comes where each is damaged, or where waves of intra
	// macroblocks refresh the picture. Key pictures that are further apart are rare where somebody joins in between. With joinGap it is no more than spoiltFor, the
	// rule's window. 0: for ever.
	within time.Duration
	// spoilt tells that we lost something at the time lost, and that no clean key picture has come since.
	spoilt bool
	lost   int64
}

// hear takes a heartbeat, and tells whether we lost something in its second.
func (j *joining) hear(t int64, s *schemas.StreamSecond) bool {
	if s.Dropped > 0 {
		j.spoilt, j.lost = true, t
	}
	return s.Dropped > 0
}

// ours takes a picture, and tells whether damage in it may be our doing, or nothing is known of it.
func (j *joining) ours(t int64, f *schemas.VideoFrame) bool {
	if !j.began || f.Epoch != j.epoch || f.Session != j.session || t-j.last > joinGap.Microseconds() {
		j.began, j.joined, j.since, j.epoch, j.session = true, false, t, f.Epoch, f.Session
	}
	if j.last = t; f.Decode == nil || f.Sampling == 0 {
		return true
	}
	since := f.Decode.SinceIDR
	j.joined = j.joined || since != nil || j.within > 0 && t-j.since > j.within.Microseconds()
	if since != nil && *since == 0 && t >= j.lost || t-j.lost > spoiltFor.Microseconds() {
		j.spoilt = false
	}
	return !j.joined || j.spoilt
}
