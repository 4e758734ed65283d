package source

// #cgo pkg-config: libavutil
// #include "samples.h"
import "C"

import (
	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// maxChannels bounds what a hostile header can make us allocate.
const maxChannels = 64

// sound turns AVFrames of any sample format into planar float in Go memory, used again and again.
type sound struct {
	timeBase astiav.Rational
	samples  media.Samples
	raw      C.fw_sound
	sounds   sounds
	corrupt  bool
	refused  bool
}

// sounds are the raw values that an AudioFormat is made of: while they are the same, so is the format.
type sounds struct {
	rate, channels, format, order C.int
	mask                          C.uint64_t
}

func newSound(stream *astiav.Stream, index int) *sound {
	s := &sound{timeBase: stream.TimeBase()}
	s.samples.Track = index
	s.samples.Format = audioFormat(stream.CodecParameters())
	return s
}

func (s *sound) send(codec *astiav.CodecContext, packet *astiav.Packet) error {
	if packet != nil && packet.Flags().Has(astiav.PacketFlagCorrupt) {
		s.corrupt = true
	}
	err := codec.SendPacket(packet)
	s.refused = s.refused || err != nil
	return err
}

func (s *sound) receive(codec *astiav.CodecContext, frame *astiav.Frame) error {
	return codec.ReceiveFrame(frame)
}

func (s *sound) read(frame *astiav.Frame) (u media.Unit, changed bool, err error) {
	f := (*C.AVFrame)(frame.UnsafePointer())
	if code := C.fw_sound_read(f, &s.raw); code < 0 {
		return u, false, astiav.Error(code)
	}
	if s.raw.channels > maxChannels {
		return u, false, astiav.ErrPatchwelcome
	}
	changed = s.listen(frame)
	count := int(s.raw.count)
	for c := range s.samples.Channels {
		if cap(s.samples.Channels[c]) < count {
			s.samples.Channels[c] = make([]float32, count)
		}
		s.samples.Channels[c] = s.samples.Channels[c][:count]
		C.fw_samples(f, C.int(c), (*C.float)(&s.samples.Channels[c][0]))
	}
	s.samples.PTS = to90k(int64(s.raw.pts), s.timeBase)
	s.samples.PacketCorrupt, s.samples.DecodeError = s.corrupt, s.refused
	s.corrupt, s.refused = false, false
	return media.Unit{Samples: &s.samples}, changed, nil
}

// listen brings s.samples.Format and the number of channels up to date.
func (s *sound) listen(frame *astiav.Frame) (changed bool) {
	seen := sounds{s.raw.sample_rate, s.raw.channels, s.raw.sample_format, s.raw.order, s.raw.mask}
	if seen == s.sounds {
		return false
	}
	s.sounds = seen
	old := s.samples.Format
	s.samples.Format = media.AudioFormat{
		SampleRate: int(seen.rate), Channels: int(seen.channels), Layout: frame.ChannelLayout().String(), SampleFormat: frame.SampleFormat().Name(),
	}
	s.samples.Channels = make([][]float32, seen.channels)
	return s.samples.Format != old
}

func (s *sound) describe(t *media.Track) {
	format := s.samples.Format
	t.Audio = &format
}

func (s *sound) free() {}
