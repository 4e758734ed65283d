package source

import (
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// maxRefusals bounds how often a decoder is asked again after an error for one packet.
const maxRefusals = 16

// track is one elementary stream being decoded.
type track struct {
	index int
	// name is what the track is to people.
	name  string
	codec *astiav.CodecContext
	video bool
	// late tells that the track appeared after Open.
	late    bool
	content content
	// container and stream it is of, and what a muxer must know of it.
	container *astiav.FormatContext
	stream    *astiav.Stream
	coding    media.Coding
}

// content is what differs between pictures and sound. The unit that read returns is valid until the next read.
type content interface {
	send(codec *astiav.CodecContext, p *astiav.Packet) error
	receive(codec *astiav.CodecContext, frame *astiav.Frame) error
	// read makes a unit of frame; changed tells that its format is another than before.
	read(frame *astiav.Frame) (u media.Unit, changed bool, err error)
	// describe writes the format of the last unit to t.
	describe(t *media.Track)
	free()
}

// openTrack opens a decoder for stream s, which stands at index in the list of tracks. It has one thread: it is by streams that we scale, and single-threaded that errors are
// reported where they happen.
func openTrack(container *astiav.FormatContext, s *astiav.Stream, index int) (*track, error) {
	parameters := s.CodecParameters()
	codec := astiav.FindDecoder(parameters.CodecID())
	if codec == nil {
		return nil, fmt.Errorf("no decoder for %s", parameters.CodecID().Name())
	}
	t := &track{container: container, stream: s, index: index, name: trackName(s, index), codec: astiav.AllocCodecContext(codec), video: parameters.MediaType() == astiav.MediaTypeVideo}
	if err := t.open(codec, s); err != nil {
		t.codec.Free()
		return nil, err
	}
	if t.video {
		t.content = newPicture(container, s, index)
	} else {
		t.content = newSound(s, index)
	}
	t.look()
	return t, nil
}

func trackName(s *astiav.Stream, index int) string {
	p := s.CodecParameters()
	return fmt.Sprintf("%s track %d (%s)", p.MediaType(), index, p.CodecID().Name())
}

func (t *track) open(codec *astiav.Codec, s *astiav.Stream) error {
	if err := t.codec.FromCodecParameters(s.CodecParameters()); err != nil {
		return err
	}
	t.codec.SetThreadCount(1)
	// Without this flag damaged pictures before the first recovery point silently vanish.
	t.codec.SetFlags(astiav.NewCodecContextFlags(astiav.CodecContextFlagOutputCorrupt))
	options := map[string]string{
		"max_pixels":   strconv.Itoa(maxPixels),
		"pkt_timebase": fmt.Sprintf("%d/%d", s.TimeBase().Num(), s.TimeBase().Den()),
	}
	if codec.ID() == astiav.CodecIDH264 {
		options["export_side_data"] = "venc_params" // quantisers, for 0.7 % of the time of decoding
	}
	dictionary := newDictionary(options)
	defer dictionary.Free()
	return t.codec.Open(codec, dictionary)
}

// decode sends p, or nil at the end, and yields the units that come out, each with whether the track's format changed before it.
// What the decoder refuses is added to refused.
func (t *track) decode(p *astiav.Packet, frame *astiav.Frame, refused *refusals) iter.Seq2[media.Unit, bool] {
	return func(yield func(media.Unit, bool) bool) {
		if err := t.content.send(t.codec, p); err != nil {
			refused.add(t.name, err)
		}
		for failed := 0; failed < maxRefusals; {
			err := t.content.receive(t.codec, frame)
			if drained(err) {
				return
			}
			var u media.Unit
			var changed bool
			if err == nil {
				u, changed, err = t.content.read(frame)
			}
			if err != nil {
				refused.add(t.name, err)
				failed++
				continue
			}
			if !yield(u, changed) {
				return
			}
		}
	}
}

// drained tells that a decoder has nothing more to give before the next packet, or at all.
func drained(err error) bool {
	return errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof)
}

func (t *track) free() {
	t.content.free()
	t.codec.Free()
}

// to90k rescales a time stamp or a span to media.Clock.
func to90k(t int64, timeBase astiav.Rational) int64 {
	if t == media.NoTime {
		return media.NoTime
	}
	return astiav.RescaleQ(t, timeBase, astiav.NewRational(1, media.Clock))
}
