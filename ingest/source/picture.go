package source

// #cgo pkg-config: libavcodec libavutil libswscale
// #cgo LDFLAGS: -lm
// #include <libavutil/pixdesc.h>
// #include "picture.h"
import "C"

import (
	"time"
	"unsafe"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// picture turns AVFrames into media.Frame without copying samples. Planar YUV and grey of 8 to 16
// bits are delivered as decoded (alpha is left out); anything else is converted by libswscale: RGB and palettes to yuv444p in BT.709
// and limited range, packed and semi-planar YUV to planar YUV of the same chroma sampling, all of more than 8 bits to 16.
type picture struct {
	container *astiav.FormatContext
	stream    *astiav.Stream
	timeBase  astiav.Rational
	rotation  int
	frame     media.Frame
	packets   packets
	converter C.fw_converter
	raw       C.fw_picture
	looks     looks
	spent     time.Duration
	// excused tells that H.264's decoder complains of references that were passed over on purpose.
	excused bool
}

// looks are the raw values that a VideoFormat is made of: while they are the same, so is the format.
type looks struct {
	width, height, pixelFormat, sarNum, sarDen, colourRange, transfer, matrix, primaries, rotation C.int
}

func newPicture(container *astiav.FormatContext, s *astiav.Stream, index int) *picture {
	p := &picture{container: container, stream: s, timeBase: s.TimeBase(), rotation: rotation(s)}
	p.frame.Track = index
	p.frame.Format = videoFormat(container, s)
	return p
}

func (p *picture) send(codec *astiav.CodecContext, packet *astiav.Packet) error {
	if packet != nil {
		p.packets.add(packet)
	}
	takeLog() // what others told
	return p.decode(func() error { return codec.SendPacket(packet) })
}

func (p *picture) receive(codec *astiav.CodecContext, frame *astiav.Frame) error {
	return p.decode(func() error { return codec.ReceiveFrame(frame) })
}

// decode makes a call that may decode the newest packet, and keeps what it took and told.
func (p *picture) decode(call func() error) error {
	began := time.Now()
	err := call()
	p.spent += time.Since(began)
	t := takeLog()
	if p.excused {
		t.errors, t.lost = 0, 0
	}
	if err != nil && !drained(err) {
		t.errors = max(t.errors, 1)
	}
	p.packets.tell(t)
	return err
}

func (p *picture) read(frame *astiav.Frame) (u media.Unit, changed bool, err error) {
	if code := C.fw_picture_read((*C.AVFrame)(frame.UnsafePointer()), &p.converter, &p.raw); code < 0 {
		return u, false, astiav.Error(code)
	}
	r, f := &p.raw, &p.frame
	f.Y, f.U, f.V = p.plane(0), p.plane(1), p.plane(2)
	f.PTS = to90k(int64(r.best_effort_pts), p.timeBase)
	f.Duration = max(0, to90k(int64(r.duration), p.timeBase))
	f.Key, f.Interlaced, f.TopFieldFirst = r.key != 0, r.interlaced != 0, r.top_field_first != 0
	f.PictureType, f.Repeat, f.ErrorFlags = int(r.picture_type), int(r.repeat), int(r.error_flags)
	f.Corrupt, f.Caption = r.corrupt != 0, p.caption()
	f.QPMean, f.QPMax = int(r.qp_mean), int(r.qp_max)
	p.inherit(p.packets.find(int64(r.pts), int64(r.packet_position), int(r.packet_size)))
	f.DecodeTime, p.spent = p.spent, 0
	return media.Unit{Frame: f}, p.look(frame), nil
}

// inherit takes what the picture has from the i-th packet, which held it. When that is not known, i is negative and the picture may hang
// on all that was decoded.
func (p *picture) inherit(i int) {
	f := &p.frame
	held := packet{pts: media.NoTime, dts: media.NoTime, size: int(p.raw.packet_size), before: p.packets.ancestry()}
	if i >= 0 {
		if f.Corrupt || f.ErrorFlags != 0 {
			p.packets.flag(i)
		}
		held = *p.packets.at(i)
	}
	f.DTS = to90k(held.dts, p.timeBase)
	f.PacketSize, f.PacketCorrupt = held.size, held.corrupt
	f.Concealed, f.Errors, f.Lost = held.told.concealed, held.told.errors, held.told.lost
	f.Ancestors = held.ancestors()
}

// look brings p.frame.Format up to date.
func (p *picture) look(frame *astiav.Frame) (changed bool) {
	r := &p.raw
	seen := looks{
		r.frame_width, r.frame_height, r.pixel_format, r.sar_num, r.sar_den, r._range, r.transfer, r.matrix, r.primaries, r.rotation,
	}
	if seen == p.looks {
		return false
	}
	p.looks = seen
	old := p.frame.Format
	f := media.VideoFormat{
		Width: int(r.frame_width), Height: int(r.frame_height), FrameRateNum: old.FrameRateNum, FrameRateDen: old.FrameRateDen,
		Rotation: p.rotation,
	}
	if r.rotation >= 0 {
		f.Rotation = int(r.rotation)
	}
	sar := p.container.GuessSampleAspectRatio(p.stream, frame)
	f.SARNum, f.SARDen = sar.Num(), sar.Den()
	setColours(&f, int(r.pixel_format), int(r._range), int(r.transfer), int(r.matrix), int(r.primaries))
	p.frame.Format = f
	return f != old
}

// plane is the i-th plane of the picture in libav's memory.
func (p *picture) plane(i int) media.Plane {
	r := &p.raw
	if r.data[i] == nil {
		return media.Plane{}
	}
	width, height, stride := int(r.width[i]), int(r.height[i]), int(r.stride[i])
	size := 1
	if r.depth > 8 {
		size = 2
	}
	return media.Plane{
		Data:   unsafe.Slice((*byte)(r.data[i]), stride*(height-1)+width*size),
		Stride: stride, Width: width, Height: height,
	}
}

func (p *picture) describe(t *media.Track) {
	format := p.frame.Format
	t.Video = &format
}

func (p *picture) free() { C.fw_converter_free(&p.converter) }

// setColours names what FFmpeg's enumerations say.
func setColours(f *media.VideoFormat, pixelFormat, colourRange, transfer, matrix, primaries int) {
	f.PixelFormat = C.GoString(C.av_get_pix_fmt_name(C.enum_AVPixelFormat(pixelFormat)))
	if d := C.av_pix_fmt_desc_get(C.enum_AVPixelFormat(pixelFormat)); d != nil {
		f.Depth = int(d.comp[0].depth)
	}
	f.Range = "unknown"
	switch {
	case colourRange == C.AVCOL_RANGE_JPEG, len(f.PixelFormat) > 4 && f.PixelFormat[:4] == "yuvj":
		f.Range = "full"
	case colourRange == C.AVCOL_RANGE_MPEG:
		f.Range = "limited"
	}
	f.Transfer = C.GoString(C.av_color_transfer_name(C.enum_AVColorTransferCharacteristic(transfer)))
	f.Matrix = C.GoString(C.av_color_space_name(C.enum_AVColorSpace(matrix)))
	f.Primaries = C.GoString(C.av_color_primaries_name(C.enum_AVColorPrimaries(primaries)))
}
