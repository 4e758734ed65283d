package source

import (
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// maxPixels bounds a picture's area: a hostile header must not make us allocate without limit.
const maxPixels = 8192 * 8192

// decoder decodes one track. picture or sound is set.
type decoder struct {
	index    int
	context  *astiav.CodecContext
	timeBase astiav.Rational
	picture  *picture
	sound    *sound
}

// newDecoder opens a decoder with one thread for stream s: it is by streams that we scale, and single-threaded that errors are
// reported where they happen.
func newDecoder(container *astiav.FormatContext, s *astiav.Stream) (*decoder, error) {
	parameters := s.CodecParameters()
	codec := astiav.FindDecoder(parameters.CodecID())
	if codec == nil {
		return nil, fmt.Errorf("no decoder for %s", parameters.CodecID().Name())
	}
	d := &decoder{index: s.Index(), timeBase: s.TimeBase(), context: astiav.AllocCodecContext(codec)}
	if err := d.open(codec, parameters); err != nil {
		d.context.Free()
		return nil, err
	}
	if parameters.MediaType() == astiav.MediaTypeVideo {
		d.picture = newPicture(container, s)
	} else {
		d.sound = newSound(s)
	}
	return d, nil
}

func (d *decoder) open(codec *astiav.Codec, parameters *astiav.CodecParameters) error {
	if err := d.context.FromCodecParameters(parameters); err != nil {
		return err
	}
	d.context.SetThreadCount(1)
	// Without this flag damaged pictures before the first recovery point silently vanish.
	d.context.SetFlags(astiav.NewCodecContextFlags(astiav.CodecContextFlagOutputCorrupt))
	options := newDictionary(map[string]string{
		"max_pixels":   strconv.Itoa(maxPixels),
		"pkt_timebase": fmt.Sprintf("%d/%d", d.timeBase.Num(), d.timeBase.Den()),
	})
	defer options.Free()
	return d.context.Open(codec, options)
}

// decode sends p, or nil at the end, and yields the units that come out, each with whether the track's format changed before it.
// What the decoder refuses is added to refused.
func (d *decoder) decode(p *astiav.Packet, frame *astiav.Frame, refused *int) iter.Seq2[media.Unit, bool] {
	return func(yield func(media.Unit, bool) bool) {
		if err := d.send(p); err != nil {
			*refused++
		}
		for failed := 0; failed < maxRefusals; {
			err := d.receive(frame)
			if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
				return
			}
			if err != nil {
				*refused++
				failed++
				continue
			}
			u, changed, err := d.unit(frame)
			if err != nil {
				*refused++
				continue
			}
			if !yield(u, changed) {
				return
			}
		}
	}
}

// maxRefusals bounds how often a decoder is asked again after an error for one packet.
const maxRefusals = 16

func (d *decoder) send(p *astiav.Packet) error {
	if d.picture != nil {
		return d.picture.send(d.context, p)
	}
	return d.sound.send(d.context, p)
}

func (d *decoder) receive(frame *astiav.Frame) error {
	if d.picture != nil {
		return d.picture.receive(d.context, frame)
	}
	return d.context.ReceiveFrame(frame)
}

func (d *decoder) unit(frame *astiav.Frame) (media.Unit, bool, error) {
	if d.picture != nil {
		changed, err := d.picture.read(frame)
		return media.Unit{Frame: &d.picture.frame}, changed, err
	}
	changed, err := d.sound.read(frame)
	return media.Unit{Samples: &d.sound.samples}, changed, err
}

func (d *decoder) free() {
	if d.picture != nil {
		d.picture.free()
	}
	d.context.Free()
}

// to90k rescales a time stamp or a span to media.Clock.
func to90k(t int64, timeBase astiav.Rational) int64 {
	if t == media.NoTime {
		return media.NoTime
	}
	return astiav.RescaleQ(t, timeBase, astiav.NewRational(1, media.Clock))
}
