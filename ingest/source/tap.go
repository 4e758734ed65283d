package source

import (
	"slices"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// tap yields the packets that a decoder reads as they are, and before them what a muxer must know of their tracks. A nil one yields none.
type tap struct {
	packet media.Packet
	// told are the tracks of the codings yielded last, extra what packets said in the place of a track's extradata.
	told  []int
	extra map[int][]byte
}

func newTap() *tap { return &tap{extra: map[int][]byte{}} }

// yield yields a packet, which is of t. false: the reader wants no more.
func (p *tap) yield(d *Decoder, t *track, packet *astiav.Packet, yield func(media.Unit, error) bool) bool {
	if p == nil {
		return true
	}
	extra := packet.SideData(astiav.PacketSideDataTypeNewExtradata)
	if len(extra) > 0 {
		p.extra[t.index] = extra
	}
	if tracks := d.yielded(); len(extra) > 0 || !slices.Equal(tracks, p.told) {
		p.told = tracks
		t.look()
		if !yield(media.Unit{Codings: p.codings(d)}, nil) {
			return false
		}
	}
	base := t.stream.TimeBase()
	p.packet = media.Packet{
		Track: t.index, PTS: to90k(packet.Pts(), base), DTS: to90k(packet.Dts(), base), Duration: to90k(packet.Duration(), base),
		Key: packet.Flags().Has(astiav.PacketFlagKey), Video: t.video, Data: packet.Data(),
	}
	return yield(media.Unit{Packet: &p.packet}, nil)
}

// yielded are the tracks whose packets are yielded: the chosen video and all audio that is decoded.
func (d *Decoder) yielded() (tracks []int) {
	for i, t := range d.decoded {
		if t != nil && (!t.video || t == d.video) {
			tracks = append(tracks, i)
		}
	}
	return tracks
}

func (p *tap) codings(d *Decoder) (all []media.Coding) {
	for _, i := range p.told {
		c := d.decoded[i].coding
		if extra := p.extra[i]; extra != nil {
			c.ExtraData = extra
		}
		all = append(all, c)
	}
	return all
}

// look brings t's coding up to date. The demuxer must be at rest, as it is while t has its packet.
func (t *track) look() {
	t.coding = coding(t.container, t.stream)
	t.coding.Track = t.index
}

// coding is what the container says of s, and what libav found in its first packets.
func coding(container *astiav.FormatContext, s *astiav.Stream) media.Coding {
	p := s.CodecParameters()
	c := media.Coding{
		Video: p.MediaType() == astiav.MediaTypeVideo, Codec: int(p.CodecID()), Profile: int(p.Profile()), Level: int(p.Level()),
		ExtraData: p.ExtraData(), BitRate: p.BitRate(),
	}
	if !c.Video {
		c.SampleFormat, c.SampleRate, c.Channels, c.FrameSize = int(p.SampleFormat()), p.SampleRate(), p.Channels(), p.FrameSize()
		return c
	}
	sar, rate := container.GuessSampleAspectRatio(s, nil), container.GuessFrameRate(s, nil)
	c.PixelFormat, c.Width, c.Height = int(p.PixelFormat()), p.Width(), p.Height()
	c.SARNum, c.SARDen, c.FrameRateNum, c.FrameRateDen = sar.Num(), sar.Den(), rate.Num(), rate.Den()
	c.DisplayMatrix = s.SideData(astiav.PacketSideDataTypeDisplaymatrix)
	return c
}
