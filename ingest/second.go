package ingest

import (
	"github.com/framewatch/framewatch/ingest/transport"
	"github.com/framewatch/framewatch/schemas"
)

// secondLength in microseconds.
const secondLength = 1_000_000

// seconds makes a StreamSecond of each second of media. A second ends when a record of a later one comes; of another track there may
// still be some to come, which then count for the next.
type seconds struct {
	// next is the end of the current second, and end that of all media so far; microseconds.
	next, end int64
	epoch     int32
	seq       int64
	counts    counts
	// bytes of the second's pictures as they were coded.
	bytes    int64
	captions captions
	// transport is what the file's packets up to now say; nil: nothing.
	transport *transport.Monitor
}

// Media takes the next record, a picture or a block of sound, after giving the seconds that it ends.
func (s *seconds) Media(f *schemas.Feature, give func(*schemas.Feature) error) error {
	var at, lasts, size int64
	if v := f.VideoFrame; v != nil {
		at, lasts = v.At, microseconds(int64(v.Duration))
		s.epoch = v.Epoch
		if v.Decode != nil {
			size = int64(v.Decode.PacketSize)
		}
	} else {
		at, lasts = f.AudioBlock.At, blockLength
		s.epoch = f.AudioBlock.Epoch
	}
	for at >= s.next {
		if err := s.give(s.next, give); err != nil {
			return err
		}
		s.next += secondLength
	}
	if f.VideoFrame != nil {
		s.captions.Picture(f.VideoFrame)
	}
	s.counts.add(f)
	s.bytes += size
	s.end = max(s.end, at+min(lasts, microseconds(maxJump)))
	return nil
}

// End gives the last second, shorter than others unless the media ends with it.
func (s *seconds) End(give func(*schemas.Feature) error) error {
	if s.counts == (counts{}) {
		return nil
	}
	return s.give(min(s.end, s.next), give)
}

func (s *seconds) give(end int64, give func(*schemas.Feature) error) error {
	r := &schemas.StreamSecond{Epoch: s.epoch, Seq: s.seq, At: end, State: up,
		FramesDecoded: s.counts.decoded, FramesAnalysed: s.counts.analysed, AudioBlocks: s.counts.blocks, Bytes: s.bytes,
		Cues: s.captions.Second(end)}
	if s.counts.none() && s.end < end {
		r.State, r.Reason = down, "no pictures and no sound"
	}
	if s.transport != nil {
		r.Transport, r.Splice = s.transport.Second(false, nil)
	}
	s.seq++
	s.counts, s.bytes = counts{}, 0
	return give(&schemas.Feature{StreamSecond: r})
}

// blockLength is that of a whole AudioBlock in microseconds.
const blockLength = 100_000
