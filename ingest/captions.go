package ingest

import "github.com/framewatch/framewatch/schemas"

// captions counts what the pictures of one session bring of captions, second by second.
type captions struct {
	// attached tells that there ever were any, and heard that some were no padding, the last of it with the picture at last.
	attached, heard bool
	last            int64
	cea608, cea708  int32
}

// Picture takes the next picture.
func (c *captions) Picture(v *schemas.VideoFrame) {
	if v.Caption == nil || v.Flags&flagCaptions == 0 {
		return
	}
	c.attached = true
	if v.Caption.Cea608 <= 0 && v.Caption.Cea708 <= 0 {
		return
	}
	c.heard, c.last = true, v.At
	c.cea608 += max(v.Caption.Cea608, 0)
	c.cea708 += max(v.Caption.Cea708, 0)
}

// Second is the second that ends at, microseconds since session, and begins the next; nil before there were any captions.
func (c *captions) Second(at int64) *schemas.Cues {
	if !c.attached {
		return nil
	}
	out := &schemas.Cues{Cea608: c.cea608, Cea708: c.cea708}
	if c.heard {
		since := max(at-c.last, 0) / 1000
		out.SinceMS = &since
	}
	c.cea608, c.cea708 = 0, 0
	return out
}
