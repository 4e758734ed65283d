package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/asticode/go-astits"
	"github.com/framewatch/framewatch/ingest/media"
)

// packedPID of packed audio in the transport stream that is made of it.
const packedPID = 0x101

// packed writes segments of packed audio (RFC 8216 section 3.4: frames of AAC, MP3, AC-3 or E-AC-3 behind an ID3 tag that tells the time of the
// first) as MPEG-TS, in which each frame has its time stamp. What is no packed audio it writes as it is. Each Write is one whole
// segment. One goroutine.
type packed struct {
	io.Writer
	muxer *astits.Muxer
	out   bytes.Buffer
	kind  astits.StreamType
	// next is the time of the frame after the last one written, 90 kHz, for a segment that tells none.
	next int64
}

// Write writes one segment.
func (p *packed) Write(segment []byte) (int, error) {
	at, frames, tagged := untag(segment)
	first, ok := parseFrame(frames)
	if !ok {
		if tagged {
			return 0, fmt.Errorf("packed audio of %d bytes holds no frame of AAC, MP3 or AC-3", len(frames))
		}
		return p.Writer.Write(segment)
	}
	if at != media.NoTime {
		p.next = at
	}
	if err := p.begin(first.kind); err != nil {
		return 0, err
	}
	if err := p.frames(frames); err != nil {
		return 0, fmt.Errorf("wrap packed audio: %w", err)
	}
	if _, err := p.Writer.Write(p.out.Bytes()); err != nil {
		return 0, err
	}
	return len(segment), nil
}

// begin begins a segment of the transport stream with its tables.
func (p *packed) begin(kind astits.StreamType) error {
	p.out.Reset()
	if p.muxer == nil || p.kind != kind {
		p.kind, p.muxer = kind, astits.NewMuxer(context.Background(), &p.out)
		if err := p.muxer.AddElementaryStream(astits.PMTElementaryStream{ElementaryPID: packedPID, StreamType: kind}); err != nil {
			return err
		}
		p.muxer.SetPCRPID(packedPID)
	}
	_, err := p.muxer.WriteTables()
	return err
}

// frames writes each frame as a PES packet. What lies between frames is left out.
func (p *packed) frames(data []byte) error {
	begun, samples := p.next, int64(0)
	for len(data) > 0 {
		f, ok := parseFrame(data)
		if !ok || f.size > len(data) {
			if _, rest, tagged := untag(data); tagged {
				data = rest
			} else {
				data = data[1:]
			}
			continue
		}
		_, err := p.muxer.WriteData(&astits.MuxerData{PID: packedPID, PES: &astits.PESData{Data: data[:f.size], Header: &astits.PESHeader{
			StreamID: f.stream(), OptionalHeader: &astits.PESOptionalHeader{
				MarkerBits: 2, DataAlignmentIndicator: true, PTSDTSIndicator: astits.PTSDTSIndicatorOnlyPTS, PTS: &astits.ClockReference{Base: p.next & (1<<33 - 1)},
			}}}})
		if err != nil {
			return err
		}
		samples += f.samples
		p.next = begun + samples*media.Clock/f.rate
		data = data[f.size:]
	}
	return nil
}

const timestampOwner = "com.apple.streaming.transportStreamTimestamp\x00"

// untag takes the ID3 tags off the beginning of data; at is the time of what follows that they tell, 90 kHz, NoTime when they tell none.
func untag(data []byte) (at int64, rest []byte, tagged bool) {
	at = media.NoTime
	for len(data) >= 10 && string(data[:3]) == "ID3" {
		size := 10 + int(data[6]&0x7f)<<21 + int(data[7]&0x7f)<<14 + int(data[8]&0x7f)<<7 + int(data[9]&0x7f)
		if size > len(data) {
			return at, nil, true
		}
		if i := bytes.Index(data[:size], []byte(timestampOwner)); i >= 0 && i+len(timestampOwner)+8 <= size {
			at = int64(binary.BigEndian.Uint64(data[i+len(timestampOwner):]) & (1<<33 - 1))
		}
		data, tagged = data[size:], true
	}
	return at, data, tagged
}
