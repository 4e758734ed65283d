package source

// #cgo pkg-config: libavcodec libavutil
// #include <libavcodec/avcodec.h>
// #include "picture.h"
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// maxAudio is how many audio tracks are decoded; maxForeign how many packets in a row of a video track that appeared later mean that
// it has replaced the chosen one, as when another programme is spliced in.
const (
	maxAudio   = 8
	maxForeign = 10
)

// discover describes a container's tracks that are not known yet and opens decoders for them: for all audio up to maxAudio, and
// for every video track, of which the first usable one is chosen.
func (d *Decoder) discover(from *demuxer) {
	late, before := len(d.tracks.List) > 0, len(from.index)
	d.tracks.List = slices.Clone(d.tracks.List)
	for _, s := range from.container.Streams()[len(from.index):] {
		index := len(d.tracks.List)
		told := describe(from.container, s)
		told.Index, told.Sound = index, from.soundOnly
		from.index = append(from.index, index)
		d.tracks.List, d.decoded = append(d.tracks.List, told), append(d.decoded, nil)
		if !d.wanted(from, s) {
			continue
		}
		t, err := openTrack(from.container, s, index)
		if err != nil {
			d.refused.add(trackName(s, index), err)
			continue
		}
		t.late = late
		d.decoded[index] = t
	}
	if n := len(from.index); n >= maxTracks && n > before {
		d.refused.leave(fmt.Sprintf("the tracks after the first %d are left out", maxTracks))
	}
	if d.video == nil {
		d.video = d.firstVideo()
	}
}

// wanted tells whether a stream is decoded.
func (d *Decoder) wanted(from *demuxer, s *astiav.Stream) bool {
	switch s.CodecParameters().MediaType() {
	case astiav.MediaTypeVideo:
		return !from.soundOnly && !cover(s)
	case astiav.MediaTypeAudio:
		audio := 0
		for _, t := range d.decoded {
			if t != nil && !t.video {
				audio++
			}
		}
		return audio < maxAudio
	}
	return false
}

// firstVideo is the first video track of known size, or the first one when no size is known yet.
func (d *Decoder) firstVideo() *track {
	var first *track
	for i, t := range d.decoded {
		if t == nil || !t.video {
			continue
		}
		if d.tracks.List[i].Video.Width > 0 {
			return t
		}
		if first == nil {
			first = t
		}
	}
	return first
}

// describe tells what the container says of stream s.
func describe(container *astiav.FormatContext, s *astiav.Stream) media.Track {
	p := s.CodecParameters()
	t := media.Track{
		ID: s.ID(), Kind: "data", Codec: p.CodecID().Name(), BitRate: p.BitRate(),
		Profile: C.GoString(C.avcodec_profile_name(C.enum_AVCodecID(p.CodecID()), C.int(p.Profile()))),
	}
	if metadata := s.Metadata(); metadata != nil {
		if e := metadata.Get("language", nil, 0); e != nil {
			t.Language = e.Value()
		}
	}
	switch p.MediaType() {
	case astiav.MediaTypeVideo:
		t.Kind = "video"
		format := videoFormat(container, s)
		t.Video = &format
	case astiav.MediaTypeAudio:
		t.Kind = "audio"
		format := audioFormat(p)
		t.Audio = &format
	case astiav.MediaTypeSubtitle:
		t.Kind = "subtitle"
	}
	return t
}

// videoFormat is what the container and the probe say; the decoder may correct it.
func videoFormat(container *astiav.FormatContext, s *astiav.Stream) media.VideoFormat {
	p := s.CodecParameters()
	rate := container.GuessFrameRate(s, nil)
	f := media.VideoFormat{
		Width: p.Width(), Height: p.Height(), FrameRateNum: rate.Num(), FrameRateDen: rate.Den(), Rotation: rotation(s),
	}
	sar := container.GuessSampleAspectRatio(s, nil)
	f.SARNum, f.SARDen = sar.Num(), sar.Den()
	setColours(&f, int(p.PixelFormat()), int(p.ColorRange()), int(p.ColorTransferCharacteristic()), int(p.ColorSpace()), int(p.ColorPrimaries()))
	return f
}

// audioFormat is what the container and the probe say; the decoder may correct it.
func audioFormat(p *astiav.CodecParameters) media.AudioFormat {
	return media.AudioFormat{
		SampleRate: p.SampleRate(), Channels: p.Channels(), Layout: p.ChannelLayout().String(), SampleFormat: p.SampleFormat().Name(),
	}
}

// rotation is that of the container's display matrix, degrees clockwise.
func rotation(s *astiav.Stream) int {
	matrix := s.SideData(astiav.PacketSideDataTypeDisplaymatrix)
	if len(matrix) < 36 { // 9 int32
		return 0
	}
	return int(C.fw_rotation((*C.uint8_t)(unsafe.Pointer(&matrix[0]))))
}

// cover tells a still image that goes with a sound file from a video track.
func cover(s *astiav.Stream) bool {
	switch s.CodecParameters().CodecID() {
	case astiav.CodecIDMjpeg, astiav.CodecIDPng, astiav.CodecIDBmp, astiav.CodecIDGif, astiav.CodecIDTiff, astiav.CodecIDWebp:
		return s.AvgFrameRate().Num() == 0
	}
	return false
}
