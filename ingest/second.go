package ingest

import "github.com/framewatch/framewatch/schemas"

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
}

// Media takes the next record, a picture or a block of sound, after giving the seconds that it ends.
func (s *seconds) Media(f *schemas.Feature, give func(*schemas.Feature) error) error {
	at, lasts := int64(0), int64(0)
	if v := f.VideoFrame; v != nil {
		at, lasts = v.At, microseconds(int64(v.Duration))
		s.epoch = v.Epoch
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
	s.counts.add(f)
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
		FramesDecoded: s.counts.decoded, FramesAnalysed: s.counts.analysed, AudioBlocks: s.counts.blocks}
	if s.counts.none() && s.end < end {
		r.State, r.Reason = down, "no pictures and no sound"
	}
	s.seq++
	s.counts = counts{}
	return give(&schemas.Feature{StreamSecond: r})
}

// blockLength is that of a whole AudioBlock in microseconds.
const blockLength = 100_000
