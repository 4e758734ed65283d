package source

import (
	"sync"
	"sync/atomic"
	"time"
)

// Meter counts what Fetch does. Fetch writes it, anyone may read it; one meter may serve one Fetch after another.
type Meter struct {
	bytes    atomic.Int64
	status   atomic.Int64
	mu       sync.Mutex
	playlist *PlaylistState
	received *DatagramState
	// durationError is what DurationError takes.
	durationError time.Duration
}

// PlaylistState is what is known of an HLS or DASH stream. Counts are totals since the meter was made, of pictures and sound together
// where they are apart; what is said of the last segment is of the pictures then.
type PlaylistState struct {
	// Changed is when the list of segments was last seen to change. Where the MPD lets time alone add to it, this is the last time that
	// it did.
	Changed time.Time
	// Target is EXT-X-TARGETDURATION, or the longest duration of a segment and no less than minimumUpdatePeriod, if segments are listed one by one.
	Target time.Duration
	// MediaSequence of the first segment listed, Step its growth at the last change, Length the number of segments listed. A segment of DASH that
	// is told by its time has that in durations of its own for a number.
	MediaSequence, Step   int64
	Length                int
	DiscontinuitySequence int64
	// Ended tells that nothing will be added to the list.
	Ended bool
	// Segments and SegmentErrors count segments fetched and not; Missed those that left the playlist before they were fetched.
	Segments, SegmentErrors, Missed int64
	// Timed tells that segments are due at moments: they are of a live MPD. Late counts those that were not there yet when
	// they were due by the MPD and the clock.
	Timed bool
	Late  int64
	// Skew is how far the server's clock is ahead of ours, as far as an MPD's UTCTiming or its answer's Date tells; nil when neither does.
	Skew *time.Duration
	// SegmentStatus is the last segment's HTTP status, 0 when there was no answer.
	SegmentStatus int
	// SegmentLatency is from the last segment's request to its last byte; Throughput its rate in bits per second.
	SegmentLatency time.Duration
	Throughput     int64
	// Bandwidth is the chosen variant's, as declared, bits per second; Variants how many there are, 0 without a master playlist.
	Bandwidth int64
	Variants  int
	// SoundChanged is when the playlist of sound beside the pictures was last seen to change, zero when there is none; SoundErrors counts how often it
	// could not be followed. HLS.
	SoundChanged time.Time
	SoundErrors  int64
	// Present is how many variants answered and were fresh when they were last looked at, nil without a master playlist of HLS.
	Present *int
	// DateDrift is by how much EXT-X-PROGRAM-DATE-TIME has advanced more than the media since the last discontinuity; nil when that is not known.
	DateDrift *time.Duration
	// DemuxedAudio tells that the sound is in a list of its own, which is not fetched, since nobody takes it.
	DemuxedAudio bool
}

// shows tells that p lists no other segments than were told last, as far as their numbers say: a list that stood still while nobody followed it has not
// changed.
func (s *PlaylistState) shows(p *playlist) bool {
	return !s.Changed.IsZero() && s.MediaSequence == p.sequence && s.Length == p.length && s.DiscontinuitySequence == p.discontinuity
}

// Bytes received so far.
func (m *Meter) Bytes() int64 { return m.bytes.Load() }

// Status is the HTTP status of the last answer; 0 when the last request had none.
func (m *Meter) Status() int { return int(m.status.Load()) }

// Playlist is the state of the media playlist; ok is false when none was read.
func (m *Meter) Playlist() (s PlaylistState, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.playlist == nil {
		return PlaylistState{}, false
	}
	return *m.playlist, true
}

// DurationError is how much longer the media of a segment was than its list says, the farthest from 0 since this was last called.
func (m *Meter) DurationError() (worst time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	worst, m.durationError = m.durationError, 0
	return worst
}

// lasted takes how much longer a segment's media was than its list says.
func (m *Meter) lasted(longer time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if longer.Abs() > m.durationError.Abs() {
		m.durationError = longer
	}
}

func (m *Meter) update(change func(s *PlaylistState)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.playlist == nil {
		m.playlist = &PlaylistState{}
	}
	change(m.playlist)
}

// DatagramState is what is known of media that comes in datagrams. Counts are totals since the meter was made.
type DatagramState struct {
	// Buffer is how many bytes the kernel holds for the socket, Asked how many it was asked for.
	Buffer, Asked int
	// Received counts datagrams from senders that are heard, Unaligned those whose media is no whole number of packets, Dropped those that this
	// machine lost: the kernel, or we while the worker was busy.
	Received, Unaligned, Dropped int64
	// RTP tells that they are RTP packets. Of these, Packets were handed on, Lost are missing by their sequence numbers, Duplicates came again,
	// Reordered came behind later ones and in time, Late after they were given up. Ignored were other payloads, RTCP, or of another
	// sender, and Restarts counts the times that another sender or another sequence became the stream.
	RTP                                                           bool
	Packets, Lost, Duplicates, Reordered, Late, Ignored, Restarts int64
}

// Datagrams is the state of reception; ok is false when nothing comes in datagrams.
func (m *Meter) Datagrams() (s DatagramState, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.received == nil {
		return DatagramState{}, false
	}
	return *m.received, true
}

// receiving tells what the kernel granted of the buffer that it was asked for.
func (m *Meter) receiving(granted, asked int) {
	m.datagram(func(s *DatagramState) { s.Buffer, s.Asked = granted, asked })
}

func (m *Meter) datagram(change func(s *DatagramState)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.received == nil {
		m.received = &DatagramState{}
	}
	change(m.received)
}
