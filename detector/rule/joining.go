package rule

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// spoiltFor is the longest time that what we have lost counts for.
const spoiltFor = 15 * time.Second

// joining tells what damage is our doing: pictures that hang on those from before we came, and those that hang on what we have lost.
type joining struct {
	session int64
	epoch   int32
	// joined tells that a clean key picture has come in the epoch.
	joined bool
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
	if f.Decode == nil || f.Sampling == 0 {
		return true
	}
	if f.Epoch != j.epoch || f.Session != j.session {
		j.joined, j.epoch, j.session = false, f.Epoch, f.Session
	}
	since := f.Decode.SinceIDR
	j.joined = j.joined || since != nil
	if since != nil && *since == 0 && t >= j.lost || t-j.lost > spoiltFor.Microseconds() {
		j.spoilt = false
	}
	return !j.joined || j.spoilt
}
