package ingest

import (
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// decoding fills what the decoder says of each picture into records, and counts from the last clean key picture. One goroutine; what a
// record gets is valid until the next Fill.
type decoding struct {
	state   schemas.DecoderState
	caption schemas.Caption

	since, afd, mean, max int32
	// clean tells that there was a clean key picture.
	clean bool
}

// Fill takes the next picture.
func (d *decoding) Fill(f *media.Frame, r *schemas.VideoFrame) {
	d.count(f)
	d.state = schemas.DecoderState{
		ErrorFlags: int32(f.ErrorFlags), Concealed: int32(f.Concealed), LostBefore: int32(f.Lost), PacketSize: int32(f.PacketSize),
		Errors: int32(f.Errors), Ancestors: int32(f.Ancestors), QPMean: known(&d.mean, f.QPMean), QPMax: known(&d.max, f.QPMax),
	}
	if d.clean {
		d.state.SinceIDR = &d.since
	}
	r.Decode, r.Caption = &d.state, nil
	if c := f.Caption; c.Attached || c.AFD >= 0 || c.Timecode {
		d.caption = schemas.Caption{Cea608: int32(c.CEA608), Cea708: int32(c.CEA708), AFD: known(&d.afd, c.AFD), Timecode: c.Timecode}
		r.Caption = &d.caption
	}
}

// count brings since up to date.
func (d *decoding) count(f *media.Frame) {
	switch {
	case f.Key && intra(f.PictureType) && f.Ancestors == 0 && undamaged(f):
		d.clean, d.since = true, 0
	case d.clean:
		d.since++
	}
}

// known keeps v in to, and is nil for a negative v: what is not known.
func known(to *int32, v int) *int32 {
	if v < 0 {
		return nil
	}
	*to = int32(v)
	return to
}

// undamaged tells that neither the picture nor its packet bears a sign of damage.
func undamaged(f *media.Frame) bool {
	return !f.Corrupt && !f.PacketCorrupt && f.ErrorFlags == 0 && f.Concealed == 0 && f.Errors == 0 && f.Lost == 0
}

// intra tells an I picture, or one of a codec that names no types.
func intra(pictureType int) bool { return pictureType <= 1 } // AV_PICTURE_TYPE_NONE, AV_PICTURE_TYPE_I
