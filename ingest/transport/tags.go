package transport

import "slices"

// tagWithin is how far, in 27 MHz ticks, a tag may stand from its cue when they have no event id in common: a playlist that is not cut at the cue has it
// with the segment before or behind, of 10 s as a rule at most, and a PTS is ahead of its PCR.
const tagWithin = 12 * ticksPerSecond

// tagsMost bounds the tags that are remembered, expectedMost the cues that wait for one, messageMost the cues of a tag's message.
const (
	tagsMost     = 64
	expectedMost = 32
	messageMost  = 16
)

// told is a tag's word or a cue's: at a time of the stream, as far as that is known, it leads out of the network or back.
type told struct {
	at   int64
	here bool
	id   *int64
	out  bool
}

// tags compares the cues with the playlist's tags about them.
type tags struct {
	// any tells that there has been a tag.
	any bool
	// seen are the tags that came last, expected the cues that wait for theirs.
	seen, expected []told
	// hole is where segments were missed last, holed that there were any.
	hole  int64
	holed bool
}

// Tag takes a playlist's tag about a cue: the splice_info_section in it, nil without one; whether it leads out of the network or back, nil when only
// the message can tell; and whether its time is that of what is written next. All nil: the playlist has such tags.
func (m *Monitor) Tag(message []byte, out *bool, here bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	q := &m.cues.tags
	q.any = true
	named := false
	for _, c := range parseMessage(message) {
		way := out
		if c.Out != nil {
			way = c.Out
		}
		if c.EventID != nil && way != nil {
			q.add(told{m.clock.now, here, c.EventID, *way})
			named = true
		}
	}
	if !named && out != nil && here {
		q.add(told{m.clock.now, here, nil, *out})
	}
}

// Missed tells that what is written next lies behind segments, and tags, that were missed.
func (m *Monitor) Missed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cues.tags.hole, m.cues.tags.holed = m.clock.now, true
}

// parseMessage is the cues of a splice_info_section that came outside the stream, with nothing or padding behind it.
func parseMessage(b []byte) []cue {
	size := sectionSize(b)
	if size < 12 || size > len(b) || b[0] != tableSplice || crc(b[:size]) != 0 {
		return nil
	}
	cues := parseSplice(b[:size])
	return cues[:min(len(cues), messageMost)]
}

// add remembers a tag. When there are too many the oldest is forgotten.
func (q *tags) add(t told) {
	if len(q.seen) == tagsMost {
		q.seen = append(q.seen[:0], q.seen[1:]...)
	}
	q.seen = append(q.seen, t)
}

// expect waits for a cue's tag. When there are too many the oldest cue is not compared.
func (q *tags) expect(c told) {
	if len(q.expected) == expectedMost {
		q.expected = append(q.expected[:0], q.expected[1:]...)
	}
	q.expected = append(q.expected, c)
}

// take counts the cues that have waited in vain; nil when there has been no tag at all.
func (q *tags) take(now int64) *int32 {
	var unmatched int32
	q.expected = slices.DeleteFunc(q.expected, func(c told) bool {
		if slices.ContainsFunc(q.seen, c.meets) || q.holed && near(c.at, q.hole) {
			return true
		}
		if now < c.at+tagWithin {
			return false
		}
		unmatched++
		return true
	})
	if !q.any {
		return nil
	}
	return &unmatched
}

// meets tells that a tag is a cue's.
func (c told) meets(tag told) bool {
	switch {
	case c.out != tag.out:
		return false
	case tag.id != nil && c.id != nil:
		return *tag.id == *c.id
	}
	return tag.here && near(c.at, tag.at)
}

func near(a, b int64) bool { return max(a-b, b-a) <= tagWithin }
