package rule

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// refining is how long after a key picture, or after movement, a coder that is short of bits still mends much of what it sends.
	refining = 500 * time.Millisecond
	// renewing is how long after a key picture what is predicted from it may not yet have shown that it lives.
	renewing = refining + time.Second
)

// codings remembers pictures without movement apart by how they are coded. A still picture that is coded again in the same way comes out nearly as it did,
// however coarsely; coded otherwise it differs by more than a shot of a still room does within a second.
type codings struct {
	// keyed is the time of the newest intra coded picture, lived tells that those predicted before it had shown life.
	keyed int64
	lived bool
	// coded are intra coded pictures, predicted those of type P since the newest of these; living tells that they show life.
	coded, predicted past
	living           bool
}

// see remembers a picture, and forgets what is older than pastSpan.
func (c *codings) see(t int64, v *schemas.VideoFrame) {
	switch {
	case intra(v):
		c.keyed, c.lived, c.living = t, c.living, false
		c.predicted.clear()
		c.coded.see(t, v)
	case v.Flags>>8&7 == 2 && t-c.keyed >= refining.Microseconds(): // AV_PICTURE_TYPE_P
		c.predicted.see(t, v)
	}
	old := t - pastSpan.Microseconds()
	c.coded.forget(old)
	c.predicted.forget(old)
	c.lived = c.lived && t-c.keyed < renewing.Microseconds()
}

// forget drops what was seen at or before t, and what mends it. After a break what mends the first picture counts as life: a still room takes seconds to show
// any, and an alarm at each reconnection would be worse than one that comes some seconds late.
func (c *codings) forget(t int64) {
	c.lived, c.living = false, false
	c.coded.forget(t)
	c.predicted.forget(t + refining.Microseconds())
}

// apart tells whether pictures coded alike lie drift levels of mean luma or of its spread apart, where the whole picture is still, or by a level in so many
// cells of the middle.
func (c *codings) apart(whole bool, drift float64, cells int) bool {
	if !whole {
		drift = 0
	}
	c.living = c.predicted.apart(drift, cells)
	return c.living || c.lived || c.coded.apart(drift, cells)
}
