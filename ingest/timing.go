package ingest

import (
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// timing is what the times of arrival of one session's pictures and sound say, second by second.
type timing struct {
	picture, sound passage
	// track is the audio track that sound is of.
	track int32
	// pairs of pictures so far, and those of this second with the sum of their |D| and the largest.
	paired           bool
	pairs, sum, most int64
	// least and greatest skew of this second, once there was one.
	skewed          bool
	least, greatest int64
}

// passage is how long the newest unit took: its arrival less its time stamp, microseconds.
type passage struct {
	known   bool
	epoch   int32
	transit int64
}

// Media takes the next record, a picture or a block of sound.
func (t *timing) Media(f *schemas.Feature) {
	switch v, b := f.VideoFrame, f.AudioBlock; {
	case v != nil && v.Sampling == keysOnly:
		t.picture = passage{} // A picture that is decoded by itself comes out sooner than others.
	case v != nil:
		next := passage{true, v.Epoch, v.At + v.Arrival - microseconds(v.PTS)}
		if next.comparable(t.picture) {
			d := max(next.transit-t.picture.transit, t.picture.transit-next.transit)
			t.paired = true
			t.pairs++
			t.sum += d
			t.most = max(t.most, d)
		}
		t.picture = next
	case t.sound.known && b.Track > t.track:
		return
	default:
		t.sound, t.track = passage{true, b.Epoch, b.At + b.Arrival - microseconds(b.PTS) - blockLength}, b.Track
	}
	t.skew()
}

// skew compares the newest picture with the newest sound.
func (t *timing) skew() {
	if !t.picture.comparable(t.sound) {
		return
	}
	lead := t.picture.transit - t.sound.transit
	if !t.skewed {
		t.skewed, t.least, t.greatest = true, lead, lead
	}
	t.least, t.greatest = min(t.least, lead), max(t.greatest, lead)
}

// Second is the second that ends now, nil before there is a pair of pictures, and begins the next.
func (t *timing) Second() *schemas.Timing {
	if !t.paired {
		return nil
	}
	out := &schemas.Timing{PTSJitterMax: narrow(t.most)}
	if t.pairs > 0 {
		out.PTSJitterMean = narrow(t.sum / t.pairs)
	}
	if t.skewed {
		least, greatest := narrow(t.least), narrow(t.greatest)
		out.SkewMin, out.SkewMax = &least, &greatest
	}
	t.pairs, t.sum, t.most, t.skewed = 0, 0, 0, false
	return out
}

// comparable tells whether two passages are of one epoch, and both known.
func (p passage) comparable(q passage) bool { return p.known && q.known && p.epoch == q.epoch }

// narrow is n within an int32.
func narrow(n int64) int32 { return int32(min(max(n, math.MinInt32), math.MaxInt32)) }
