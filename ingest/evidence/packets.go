package evidence

import (
	"bytes"
	"container/list"
	"fmt"
	"sync"
	"time"
)

// PacketsConfig bounds the encoded packets that are kept.
type PacketsConfig struct {
	// Keep is how long they are kept, at most 5m; the group of pictures that is begun then is kept whole. 0s keeps none.
	Keep time.Duration `yaml:"keep"`
	// StreamBytes bounds the packets of one stream, TotalBytes those of all streams together.
	StreamBytes int `yaml:"stream_bytes"`
	TotalBytes  int `yaml:"total_bytes"`
}

// keepMost is the longest Keep.
const keepMost = 5 * time.Minute

// Validate names the first bound that cannot be.
func (c PacketsConfig) Validate() error {
	if c.Keep < 0 || c.Keep > keepMost {
		return fmt.Errorf("evidence.packets.keep is %v: it must be between 0s and %v", c.Keep, keepMost)
	}
	if c.StreamBytes < 1 {
		return fmt.Errorf("evidence.packets.stream_bytes is %d: it must be at least 1", c.StreamBytes)
	}
	if c.TotalBytes < 1 {
		return fmt.Errorf("evidence.packets.total_bytes is %d: it must be at least 1", c.TotalBytes)
	}
	return nil
}

// Packet is one encoded packet.
type Packet struct {
	// At is when it is presented, microseconds since the Unix epoch, and Lasts for how long, microseconds.
	At, Lasts int64
	// Key tells that decoding can begin here, Video that it is a picture's.
	Key, Video bool
	// Body is all of it as the worker sent it.
	Body []byte
}

// packetCost is what a packet takes beside its body, and soundGroup how long a group is where there are no pictures, microseconds.
const (
	packetCost = 128
	soundGroup = 1_000_000
)

// Packets holds the last encoded packets of all streams. What goes goes by whole groups of pictures, since nothing can be decoded without the
// key picture of its group: those that are older than Keep, and the oldest first for their stream's bounds or for everyone's. A group that
// is too large for its stream goes whole, and all until the next key picture with it. It is safe for concurrent use.
type Packets struct {
	config PacketsConfig

	mu    sync.Mutex
	reels map[string]*reel
	// age has every group in the order of its beginning, as *group.
	age   *list.List
	bytes int
}

// reel is one stream's groups in the order of arrival.
type reel struct {
	groups []*group
	bytes  int
	// codings hold for the packets to come, video tells that there are pictures among them.
	codings []byte
	video   bool
	// open tells that the last group goes on.
	open bool
	// since is the instant of the first packet ever, latest the latest of all; any tells that there was one.
	since, latest int64
	any           bool
	waiting       []waiter
}

// group is what comes from one key picture up to the next.
type group struct {
	stream  string
	codings []byte
	packets []Packet
	bytes   int
	place   *list.Element
}

// waiter is closed when the reel has come to at, or is gone.
type waiter struct {
	at   int64
	come chan struct{}
}

// NewPackets keeps nothing yet.
func NewPackets(config PacketsConfig) *Packets {
	return &Packets{config: config, reels: map[string]*reel{}, age: list.New()}
}

// Wanted tells whether any are kept.
func (s *Packets) Wanted() bool { return s.config.Keep > 0 }

// Begin tells what a muxer must know of the stream's packets from now on, and whether there are pictures among them. The bytes are the room's
// from now on.
func (s *Packets) Begin(stream string, codings []byte, video bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.reel(stream)
	r.codings, r.video, r.open = codings, video, false
}

// Add keeps p, whose bytes are the room's from now on, and lets go of what the bounds no longer allow. What comes before Begin, or before the
// first key picture, is not kept.
func (s *Packets) Add(stream string, p Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.reel(stream)
	if r.begins(p) {
		g := &group{stream: stream, codings: r.codings}
		g.place = s.age.PushBack(g)
		r.groups = append(r.groups, g)
		r.open = true
		s.count(r, g, len(r.codings))
	}
	if !r.open {
		return
	}
	g := r.groups[len(r.groups)-1]
	g.packets = append(g.packets, p)
	s.count(r, g, len(p.Body)+packetCost)
	r.come(p)
	for len(r.groups) > 1 && r.groups[1].packets[0].At <= r.latest-s.config.Keep.Microseconds() {
		s.drop(r)
	}
	for r.bytes > s.config.StreamBytes {
		s.drop(r)
	}
	for s.bytes > s.config.TotalBytes {
		s.drop(s.reels[s.age.Front().Value.(*group).stream])
	}
}

// Remove forgets a stream.
func (s *Packets) Remove(stream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.reels[stream]
	if r == nil {
		return
	}
	for len(r.groups) > 0 {
		s.drop(r)
	}
	for _, w := range r.waiting {
		close(w.come)
	}
	delete(s.reels, stream)
}

// Since is the instant of the first packet that ever came of the stream, be it kept or not; false when none has.
func (s *Packets) Since(stream string) (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.reels[stream]
	if r == nil || !r.any {
		return 0, false
	}
	return r.since, true
}

// Reached is closed once a packet of the stream that is presented at or after that instant has come, or the stream is gone.
func (s *Packets) Reached(stream string, at int64) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	come := make(chan struct{})
	r := s.reels[stream]
	if r == nil || r.any && r.latest >= at {
		close(come)
		return come
	}
	r.waiting = append(r.waiting, waiter{at, come})
	return come
}

// Bytes is what all packets take.
func (s *Packets) Bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// Clip is a stretch of packets that can be decoded by itself.
type Clip struct {
	Codings []byte
	Packets []Packet
	// Start is when its first picture is presented and End when its last packet has been; microseconds since the Unix epoch.
	Start, End int64
}

// Cut is what there is of a stream from the key picture at or before from up to to, all of one coding: that in force at onset, or the
// first after it. false: there is nothing. Its memory must not be changed.
func (s *Packets) Cut(stream string, from, onset, to int64) (Clip, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.reels[stream]
	if r == nil || len(r.groups) == 0 {
		return Clip{}, false
	}
	first, middle := r.last(from), r.last(onset)
	for i := middle; i > first; i-- {
		if !bytes.Equal(r.groups[i-1].codings, r.groups[middle].codings) {
			first = i
		}
	}
	clip := Clip{Codings: r.groups[first].codings, Start: r.groups[first].packets[0].At}
	if clip.Start > to {
		return Clip{}, false
	}
	ended := false // of the pictures; what sound belongs to them may come later
	for _, g := range r.groups[first:] {
		if !bytes.Equal(g.codings, clip.Codings) {
			break
		}
		for _, p := range g.packets {
			if ended = ended || p.Video && p.At > to; p.Video && ended || p.At > to || p.At+p.Lasts <= clip.Start && !p.Video {
				continue
			}
			clip.Packets = append(clip.Packets, p)
			clip.End = max(clip.End, p.At+p.Lasts)
		}
	}
	return clip, true
}

// reel is the stream's, made when it is new. The lock is held.
func (s *Packets) reel(stream string) *reel {
	r := s.reels[stream]
	if r == nil {
		r = &reel{}
		s.reels[stream] = r
	}
	return r
}

// count adds n bytes. The lock is held.
func (s *Packets) count(r *reel, g *group, n int) {
	g.bytes += n
	r.bytes += n
	s.bytes += n
}

// drop lets go of the oldest group of r. The lock is held.
func (s *Packets) drop(r *reel) {
	g := r.groups[0]
	r.groups[0] = nil
	r.groups = r.groups[1:]
	r.open = r.open && len(r.groups) > 0
	s.count(r, g, -g.bytes)
	s.age.Remove(g.place)
}

// begins tells that p is the first of a group.
func (r *reel) begins(p Packet) bool {
	switch {
	case r.codings == nil:
		return false
	case r.video:
		return p.Video && p.Key
	case !r.open:
		return true
	}
	return p.At-r.groups[len(r.groups)-1].packets[0].At >= soundGroup
}

// come notes when p is presented.
func (r *reel) come(p Packet) {
	if !r.any {
		r.since, r.latest, r.any = p.At, p.At, true
	}
	if r.video && !p.Video {
		return // pictures tell: sound may be ahead of them
	}
	r.latest = max(r.latest, p.At)
	waiting := r.waiting[:0]
	for _, w := range r.waiting {
		if r.latest >= w.at {
			close(w.come)
			continue
		}
		waiting = append(waiting, w)
	}
	r.waiting = waiting
}

// last is the newest group that begins at or before at, the oldest when none does.
func (r *reel) last(at int64) int {
	for i := len(r.groups) - 1; i > 0; i-- {
		if r.groups[i].packets[0].At <= at {
			return i
		}
	}
	return 0
}
