package ingest

import (
	"sync/atomic"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// keysOnly is the sampling with which only key pictures are decoded.
const keysOnly = 0

const (
	// thinnest is the sampling of streams whose key pictures are too rare to stand for them.
	thinnest = 8
	// keysMost is how far apart key pictures may be for only them to be decoded, and measuredMost how long no picture may be measured while all are decoded;
	// microseconds of presentation.
	keysMost     = 5_000_000
	measuredMost = 1_000_000
)

// thinning is which pictures a worker measures when it is told to shed load. One goroutine; Ask may be called from any.
type thinning struct {
	asked atomic.Int32

	// sampling is in force since the last measured picture, which was at measured; skipped were decoded since.
	sampling, skipped int32
	measured          int64
	// missing tells that pictures were missing in front of a skipped one.
	missing bool
	// keys is how far apart the last two key pictures that can stand alone were, 0 when that is not known; key is when the last one was.
	keys, key int64
	keyed     bool
	// passed counts pictures that were not decoded, for all and since the last decoded one.
	passed  atomic.Int64
	passing bool
	// apart tells that pictures that are not known may stand before the last one decoded.
	apart bool
}

func newThinning() *thinning {
	t := &thinning{sampling: 1}
	t.asked.Store(1)
	return t
}

// Ask sets the sampling from the next measured picture on; see VideoFrame.sampling.
func (t *thinning) Ask(sampling int32) { t.asked.Store(sampling) }

// Wanted is the sampling that is asked for, as far as the stream lets it.
func (t *thinning) Wanted() int32 {
	asked := t.asked.Load()
	if asked == keysOnly && (t.keys == 0 || t.keys > keysMost) {
		return thinnest
	}
	return asked
}

// Pass takes a picture that was not decoded.
func (t *thinning) Pass() {
	t.passed.Add(1)
	t.passing = true
}

// Apart takes the next picture that was decoded, and tells whether those before it may not have been.
func (t *thinning) Apart(f *media.Frame) bool {
	t.apart = t.passing || f.Alone
	t.passing = false
	return t.apart
}

// Take tells whether the picture at that instant is to be measured.
func (t *thinning) Take(f *media.Frame, at int64, missing bool) bool {
	if f.Key && intra(f.PictureType) {
		if t.keyed {
			t.keys = at - t.key
		}
		t.key, t.keyed = at, true
	}
	t.missing = t.missing || missing
	if t.apart || t.skipped+1 >= t.sampling || at-t.measured >= measuredMost {
		return true
	}
	t.skipped++
	return false
}

// Mark tells the record of the picture that is measured how it was chosen, and begins anew with what is wanted now.
func (t *thinning) Mark(r *schemas.VideoFrame) {
	r.Sampling, r.Skipped = t.sampling, t.skipped
	if t.apart {
		r.Sampling = keysOnly
	}
	if t.missing {
		r.Flags |= flagGapBefore
	}
	t.sampling, t.skipped, t.measured, t.missing = t.Wanted(), 0, r.At, false
}
