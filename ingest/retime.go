package ingest

import (
	"slices"

	"github.com/framewatch/framewatch/ingest/media"
)

// placed is a packet and when it was presented, microseconds since the Unix epoch.
type placed struct {
	media.Packet
	at int64
}

// joinMost is how far a track may be from where presentation time puts it to join the line of another track, 90 kHz.
const joinMost = media.Clock

// retime gives a clip's packets time stamps that a muxer takes: from 0 on at the first picture, in each track with a DTS that grows and a PTS
// that is not before it. Where the time stamps jump, as with another worker or a discontinuity, they go on by presentation time; all tracks
// go on by the same shift when they can, so that sound keeps to its picture.
func retime(packets []placed) []media.Packet {
	out := make([]media.Packet, len(packets))
	tracks := map[int]*retimed{}
	newest := media.NoTime // the shift of the newest line
	for i, p := range packets {
		t := tracks[p.Track]
		if t == nil {
			t = &retimed{stamp: media.NoTime}
			tracks[p.Track] = t
		}
		stamp := given(p.DTS, p.PTS, t.stamp, 0)
		if t.stamp == media.NoTime || !within(stamp-t.stamp) {
			t.shift = (p.at-packets[0].at)*9/100 - given(p.PTS, stamp)
			if newest != media.NoTime && max(t.shift-newest, newest-t.shift) <= joinMost {
				t.shift = newest
			}
			newest = t.shift
		}
		t.stamp = stamp
		t.packets = append(t.packets, i)
		out[i] = p.Packet
		for _, field := range []*int64{&out[i].PTS, &out[i].DTS} {
			if *field != media.NoTime {
				*field += t.shift
			}
		}
	}
	for _, t := range tracks {
		order(out, t.packets)
	}
	return out
}

// retimed is one track on the way: its last time stamp as it came, the shift that it has, the numbers of its packets.
type retimed struct {
	stamp, shift int64
	packets      []int
}

// order fills in the time stamps that are missing in one track and makes them grow.
func order(out []media.Packet, track []int) {
	first := slices.IndexFunc(track, func(i int) bool { return out[i].DTS != media.NoTime })
	for n := first - 1; n >= 0; n-- {
		p := &out[track[n]]
		p.DTS = out[track[n+1]].DTS - max(p.Duration, 1)
	}
	least := media.NoTime // of the next DTS
	next := media.NoTime  // where it is when nothing tells
	for _, i := range track {
		p := &out[i]
		switch {
		case p.DTS != media.NoTime:
		case first < 0:
			p.DTS = given(p.PTS, next, 0)
		default:
			p.DTS = next
		}
		p.DTS = max(p.DTS, least)
		p.PTS = max(p.PTS, p.DTS)
		least, next = p.DTS+1, p.DTS+max(p.Duration, 1)
	}
}

// given is the first time stamp that is one.
func given(stamps ...int64) int64 {
	for _, s := range stamps {
		if s != media.NoTime {
			return s
		}
	}
	return media.NoTime
}
