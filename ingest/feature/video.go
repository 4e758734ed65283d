package feature

import (
	"time"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// Video measures the pictures of one stream, in order. One goroutine.
type Video struct {
	// Scorer looks at tiles of the sampled pictures. Set before the first picture; nil: nobody does.
	Scorer Scorer
	// Account is told what each part of measuring costs. Set before the first picture; nil: nothing is clocked.
	Account Account

	extractors []Extractor
	names      []string
	picture    Picture
	sampled    sampled
}

// NewVideo makes a Video with every extractor of the Catalogue.
func NewVideo() *Video {
	v := &Video{names: Catalogue.Names()}
	for _, name := range v.names {
		v.extractors = append(v.extractors, Catalogue[name]())
	}
	return v
}

// Measure fills the groups of out with what f shows and leaves its other fields alone, of which it reads At. It keeps nothing of f. The
// groups of a picture that cannot be read (no size, planes too short, wider or higher than MaxSize) are nil. Handing in the same out again
// allocates nothing but the group sampled, once a second.
func (v *Video) Measure(f *media.Frame, out *schemas.VideoFrame) {
	var began time.Time
	if v.Account != nil {
		v.picture.scan.clocked, began = 1, time.Now()
	}
	v.picture.load(f)
	v.Account.parts(&v.picture.scan)
	began = v.Account.lap(began, "scan")
	for i, x := range v.extractors {
		x.Extract(&v.picture, out)
		began = v.Account.lap(began, v.names[i])
	}
	v.sampled.measure(f, &v.picture, v.Scorer, out)
	v.picture.gap = false
	v.Account.lap(began, "sampled")
}

// Reset forgets the pictures seen: the next one has no difference to any. Called when an epoch begins. Seconds are counted on, so that a
// picture is sampled no sooner for it.
func (v *Video) Reset() { v.picture.reset() }

// Skip tells that pictures were left out before the next one: it is compared to the last one measured, and to none before that, and the Scorer is not
// shown it.
func (v *Video) Skip() { v.picture.kept, v.picture.gap = min(v.picture.kept, 1), true }

// Close lets go of the memory, and of the Scorer's; the Video is not used after it.
func (v *Video) Close() {
	v.picture, v.sampled = Picture{}, sampled{}
	if v.Scorer != nil {
		v.Scorer.Close()
	}
}
