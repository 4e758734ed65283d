package source

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

const (
	// remuxMost bounds what is written, in bytes.
	remuxMost = 256 << 20
	// writeBuffer is how much is written at once, in bytes.
	writeBuffer = 256 << 10
	// sizeQuery is libav's AVSEEK_SIZE.
	sizeQuery = 0x10000
)

// Remux writes packets as they are, without decoding them, to a file of the first format that takes all codings, and returns it with its
// extension. In each track DTS are there and grow, and none is later than its PTS; the first picture is a key picture.
func Remux(codings []media.Coding, packets []media.Packet) (file []byte, extension string, err error) {
	if len(codings) == 0 || len(packets) == 0 {
		return nil, "", errors.New("remux: there are no packets")
	}
	codings = slices.Clone(codings)
	for i := range codings {
		refresh(&codings[i], packets)
	}
	for _, c := range containers {
		if !c.takes(codings) {
			continue
		}
		if file, err = c.write(codings, packets); err == nil {
			return file, c.extension, nil
		}
		err = fmt.Errorf("remux to %s: %w", c.name, err)
	}
	return nil, "", err
}

// write writes one file.
func (c container) write(codings []media.Coding, packets []media.Packet) ([]byte, error) {
	runtime.LockOSThread() // the log is the thread's
	defer runtime.UnlockOSThread()
	startLog()
	forgetLog()
	out, err := astiav.AllocOutputFormatContext(nil, c.name, "")
	if err != nil {
		return nil, err
	}
	defer out.Free()
	var f file
	buffer, err := astiav.AllocIOContext(writeBuffer, nil, f.seek, f.write)
	if err != nil {
		return nil, err
	}
	defer buffer.Free()
	out.SetPb(buffer)
	streams := map[int]*astiav.Stream{}
	for _, coding := range codings {
		s := out.NewStream(nil)
		if s == nil {
			return nil, errors.New("out of memory")
		}
		if err := describeTo(s, coding); err != nil {
			return nil, err
		}
		streams[coding.Track] = s
	}
	var options map[string]string
	if c.options != nil {
		options = c.options(len(packets))
	}
	dictionary := newDictionary(options)
	defer dictionary.Free()
	if err := out.WriteHeader(dictionary); err != nil {
		return nil, explained(err, "")
	}
	for i := range packets {
		if s := streams[packets[i].Track]; s != nil {
			if err := write(out, s, &packets[i]); err != nil {
				return nil, explained(err, "")
			}
		}
	}
	if err := out.WriteTrailer(); err != nil {
		return nil, explained(err, "")
	}
	buffer.Flush()
	return f.data, f.err
}

// write hands one packet to the muxer, which keeps what it needs of it.
func write(out *astiav.FormatContext, s *astiav.Stream, from *media.Packet) error {
	p := astiav.AllocPacket()
	defer p.Free()
	if err := p.FromData(from.Data); err != nil {
		return err
	}
	p.SetStreamIndex(s.Index())
	p.SetPts(from.PTS)
	p.SetDts(from.DTS)
	p.SetDuration(from.Duration)
	if from.Key {
		p.SetFlags(astiav.NewPacketFlags(astiav.PacketFlagKey))
	}
	p.RescaleTs(astiav.NewRational(1, media.Clock), s.TimeBase())
	return out.WriteInterleavedFrame(p)
}

// describeTo makes s what coding says.
func describeTo(s *astiav.Stream, coding media.Coding) error {
	p := s.CodecParameters()
	p.SetCodecID(astiav.CodecID(coding.Codec))
	p.SetProfile(astiav.Profile(coding.Profile))
	p.SetLevel(astiav.Level(coding.Level))
	if err := p.SetExtraData(coding.ExtraData); err != nil {
		return err
	}
	s.SetTimeBase(astiav.NewRational(1, media.Clock))
	if !coding.Video {
		p.SetMediaType(astiav.MediaTypeAudio)
		p.SetSampleFormat(astiav.SampleFormat(coding.SampleFormat))
		p.SetSampleRate(coding.SampleRate)
		p.SetChannels(coding.Channels)
		p.SetFrameSize(coding.FrameSize)
		return nil
	}
	p.SetMediaType(astiav.MediaTypeVideo)
	p.SetPixelFormat(astiav.PixelFormat(coding.PixelFormat))
	p.SetWidth(coding.Width)
	p.SetHeight(coding.Height)
	sar := astiav.NewRational(coding.SARNum, max(coding.SARDen, 1))
	p.SetSampleAspectRatio(sar)
	s.SetSampleAspectRatio(sar)
	s.SetAvgFrameRate(astiav.NewRational(coding.FrameRateNum, max(coding.FrameRateDen, 1)))
	return s.AddSideData(astiav.PacketSideDataTypeDisplaymatrix, coding.DisplayMatrix)
}

// file is what a muxer writes to: memory that it may go back in.
type file struct {
	data []byte
	at   int64
	err  error
}

func (f *file) write(b []byte) (int, error) {
	end := f.at + int64(len(b))
	if end > remuxMost {
		f.err = fmt.Errorf("the file is larger than %d bytes", remuxMost)
		return 0, f.err
	}
	if grow := end - int64(len(f.data)); grow > 0 {
		f.data = append(f.data, make([]byte, grow)...)
	}
	copy(f.data[f.at:], b)
	f.at = end
	return len(b), nil
}

func (f *file) seek(offset int64, whence int) (int64, error) {
	switch whence {
	case sizeQuery:
		return int64(len(f.data)), nil
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += int64(len(f.data))
	}
	if offset < 0 || offset > remuxMost {
		return 0, fmt.Errorf("seek to %d: outside the file", offset)
	}
	f.at = offset
	return offset, nil
}
