// Package evidence keeps the last pictures and packets of each stream in memory, serves them while they last, and stores what belongs to a
// defect.
package evidence

import (
	"container/list"
	"fmt"
	"sort"
	"sync"
	"time"
)

// Config bounds what is kept.
type Config struct {
	// Keep is how many pictures of one stream are kept; there is one a second.
	Keep int `yaml:"keep"`
	// StreamBytes bounds the pictures of one stream, TotalBytes those of all streams together.
	StreamBytes int `yaml:"stream_bytes"`
	TotalBytes  int `yaml:"total_bytes"`
	// Packets bounds the encoded packets that clips are made of.
	Packets PacketsConfig `yaml:"packets"`
	// Clip says what of a stream belongs to a defect, Store where it goes, Retain for how long.
	Clip   ClipConfig   `yaml:"clip"`
	Store  StoreConfig  `yaml:"store"`
	Retain RetainConfig `yaml:"retain"`
	// Finish bounds all that a recorder still does when it is to end: less than what whoever ends a process gives it.
	Finish time.Duration `yaml:"-"`
}

// Defaults keep a minute of each stream's pictures in at most 2 MiB, and 512 MiB in all; of its packets 20 s in at most 24 MiB, which is
// enough for 9 Mb/s, and 1 GiB in all, which is enough for 70 streams of 6 Mb/s. Clips begin 5 s before the onset and end 5 s after it, and
// stay for 30 days and in 50 GiB. Where they are stored is for the program to say. What is being stored at the end has 5 s.
func Defaults() Config {
	return Config{Keep: 60, StreamBytes: 2 << 20, TotalBytes: 512 << 20,
		Packets: PacketsConfig{Keep: 20 * time.Second, StreamBytes: 24 << 20, TotalBytes: 1 << 30},
		Clip:    ClipConfig{Before: 5 * time.Second, After: 5 * time.Second}, Retain: RetainConfig{Days: 30, Bytes: 50 << 30},
		Finish: 5 * time.Second}
}

// Validate names the first bound that cannot hold a picture.
func (c Config) Validate() error {
	for name, n := range map[string]int{"keep": c.Keep, "stream_bytes": c.StreamBytes, "total_bytes": c.TotalBytes} {
		if n < 1 {
			return fmt.Errorf("evidence.%s is %d: it must be at least 1", name, n)
		}
	}
	for _, part := range []interface{ Validate() error }{c.Packets, c.Clip, c.Store, c.Retain} {
		if err := part.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Picture is one small JPEG.
type Picture struct {
	// At is the picture's instant in microseconds since the Unix epoch: its record's session + at.
	At   int64
	JPEG []byte
	// Levels are those of the sound since the picture before it: tracks by their index, of each channel RMS/peak in dBFS, such as
	// "1:-20.5/-8.1,-21.0/-9.4;2:-120.0/-120.0". Empty: there was none.
	Levels string
}

// Pictures holds the last pictures of all streams. The oldest go first, be it for their stream's bounds or for everyone's. It is safe
// for concurrent use.
type Pictures struct {
	config Config

	mu      sync.Mutex
	streams map[string]*ring
	// age has every picture in the order of arrival, as *kept.
	age   *list.List
	bytes int
}

// ring is one stream's pictures by their instant.
type ring struct {
	pictures []*kept
	bytes    int
}

type kept struct {
	Picture
	stream string
	place  *list.Element
}

// New keeps nothing yet.
func New(config Config) *Pictures {
	return &Pictures{config: config, streams: map[string]*ring{}, age: list.New()}
}

// Add keeps p, whose bytes are the room's from now on, and lets go of what the bounds no longer allow.
func (s *Pictures) Add(stream string, p Picture) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.streams[stream]
	if r == nil {
		r = &ring{}
		s.streams[stream] = r
	}
	k := &kept{Picture: p, stream: stream}
	k.place = s.age.PushBack(k)
	i := r.after(p.At)
	r.pictures = append(r.pictures, nil)
	copy(r.pictures[i+1:], r.pictures[i:])
	r.pictures[i] = k
	r.bytes += len(p.JPEG)
	s.bytes += len(p.JPEG)
	for len(r.pictures) > s.config.Keep || r.bytes > s.config.StreamBytes {
		s.drop(r.pictures[0])
	}
	for s.bytes > s.config.TotalBytes {
		s.drop(s.age.Front().Value.(*kept))
	}
}

// Remove forgets a stream.
func (s *Pictures) Remove(stream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.streams[stream] != nil {
		s.drop(s.streams[stream].pictures[0])
	}
}

// Bytes is what all pictures take.
func (s *Pictures) Bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// Latest is the newest picture of the stream that is not after at; its bytes must not be changed. The error says what is missing.
func (s *Pictures) Latest(stream string, at int64) (Picture, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.streams[stream]
	if r == nil {
		return Picture{}, fmt.Errorf("no picture of stream %q is kept here", stream)
	}
	i := r.after(at)
	if i == 0 {
		return Picture{}, fmt.Errorf("the oldest picture of stream %q that is still kept is of %d, after %d", stream, r.pictures[0].At, at)
	}
	return r.pictures[i-1].Picture, nil
}

// drop lets go of one picture, and of its ring when that was the last. The lock is held.
func (s *Pictures) drop(k *kept) {
	r := s.streams[k.stream]
	for i, other := range r.pictures {
		if other == k {
			r.pictures = append(r.pictures[:i], r.pictures[i+1:]...)
			break
		}
	}
	r.bytes -= len(k.JPEG)
	s.bytes -= len(k.JPEG)
	s.age.Remove(k.place)
	if len(r.pictures) == 0 {
		delete(s.streams, k.stream)
	}
}

// after is the place of the first picture that is after at.
func (r *ring) after(at int64) int {
	return sort.Search(len(r.pictures), func(i int) bool { return r.pictures[i].At > at })
}
