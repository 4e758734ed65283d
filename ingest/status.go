package ingest

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/ingest/transport"
	"github.com/framewatch/framewatch/schemas"
)

// The states of a StreamSecond.
const (
	starting = "starting"
	up       = "up"
	down     = "down"
	fault    = "fault"
)

// grace is how long a connected stream may present nothing before it is not up any more.
const grace = 2 * time.Second

// status is what one stream's seconds are made from: its tries write it, its ticker reads it. It is safe for concurrent use.
//
//	starting --media--> up --source ends, or silent--> down --media--> up
//	                    up --worker dies-------------> fault --media--> up, --source ends--> down
type status struct {
	edge      string
	meter     *source.Meter
	transport *transport.Monitor

	mu sync.Mutex
	// session and when it began, and its seconds and epoch so far.
	session int64
	began   time.Time
	seq     int64
	epoch   int32
	// trouble is why nothing is presented since the last try: a state and its reason; empty while a try may still come to something.
	trouble, reason string
	// retried is when the newest try after another began, silence how many bytes there had been by then.
	retried time.Time
	silence int64
	// faulted tells that we failed at some time in this second.
	faulted string
	// contact tells that media was ever presented, until when the last of it lasts; pts is its time stamp, 90 kHz, known that the session has had one.
	contact bool
	until   time.Time
	pts     int64
	known   bool

	second, total counts
	// latest is the state of the last second, presented how much media came in it.
	latest    string
	presented time.Duration
	timing    timing
	// running tells that there is a worker, sampling what it is asked for, passed how many pictures it has passed over.
	running  bool
	sampling int32
	passed   int64
	// refused is what the worker cannot decode, and why, since it last did.
	refused string
	// lag is how far the worker was behind as it told at heard.
	lag   time.Duration
	heard time.Time
	// bytes is what the seconds so far have told, read what workers that open the source themselves have read.
	bytes, read, readBefore int64
	playlist                source.PlaylistState
	datagrams               source.DatagramState
	captions                captions
}

// counts are what is counted, by second or since the stream was taken.
type counts struct {
	decoded, analysed, passed, blocks, dropped, reconnects, restarts int32
	// pictures and sound are for how long those last that were decoded.
	pictures, sound time.Duration
}

// add counts a picture or a block of sound.
func (c *counts) add(f *schemas.Feature) {
	if v := f.VideoFrame; v != nil {
		c.decoded += 1 + v.Skipped
		c.analysed++
		c.pictures += time.Duration(microseconds(min(int64(v.Duration), maxJump))*int64(1+v.Skipped)) * time.Microsecond
	} else {
		c.blocks++
		c.sound += blockLength * time.Microsecond
	}
}

// none tells that there was no media.
func (c *counts) none() bool { return c.decoded+c.passed+c.blocks == 0 }

// newStatus begins a session before any worker has run.
func newStatus(edge string, now time.Time) *status {
	return &status{edge: edge, meter: &source.Meter{}, transport: transport.New(), session: now.UnixMicro(), began: now, sampling: 1, latest: starting}
}

// Begin starts the session of a new worker and returns it: larger than any before.
func (s *status) Begin(now time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = max(now.UnixMicro(), s.session+1)
	s.began, s.seq, s.epoch, s.known = now, 0, 0, false
	s.timing, s.captions = timing{}, captions{}
	s.readBefore = s.read
	s.running, s.passed, s.lag, s.heard, s.refused = true, 0, 0, now, ""
	return s.session
}

// Trouble tells that a try ended, or cannot be made, and why.
func (s *status) Trouble(state, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble, s.reason, s.running, s.retried = state, reason, false, time.Time{}
	if state == fault {
		s.faulted = reason
	}
}

// Retried counts a try after the first, which begins now: a restart when the last one was our fault.
func (s *status) Retried(ours bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retried, s.silence = now, s.meter.Bytes()+s.read
	if ours {
		s.total.restarts++
	} else {
		s.total.reconnects++
	}
}

// Media counts a picture or a block of sound of the running worker. Of a worker that reads a file arrival tells nothing.
func (s *status) Media(f *schemas.Feature, now time.Time, file bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.second.add(f)
	if !file {
		s.timing.Media(f)
	}
	lasts := int64(0)
	if v := f.VideoFrame; v != nil {
		s.epoch, s.pts, lasts = v.Epoch, v.PTS, min(int64(v.Duration), maxJump)
		s.captions.Picture(v)
	} else {
		s.epoch, s.pts = f.AudioBlock.Epoch, f.AudioBlock.PTS
	}
	s.known = true
	s.contact, s.trouble, s.reason = true, "", ""
	if end := now.Add(time.Duration(microseconds(lasts)) * time.Microsecond); end.After(s.until) {
		s.until = end
	}
}

// passedMost bounds the pictures that a worker can have passed over between two of its messages.
const passedMost = 10_000

// Progress takes how far the running worker has come at now: what it has read, when it opens the source itself, and what it has passed over, which are pictures
// of the source's like others.
func (s *status) Progress(p progress, now time.Time, direct bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag, s.heard, s.refused = time.Duration(p.Lag)*time.Microsecond, now, p.Refused
	if direct {
		s.read = s.readBefore + p.Received
	}
	if n := p.Passed - s.passed; n > 0 {
		s.second.passed += int32(min(n, passedMost))
		s.passed = p.Passed
		s.contact, s.trouble, s.reason = true, "", ""
		if now.After(s.until) {
			s.until = now
		}
	}
}

// Sampling tells what the worker is asked for.
func (s *status) Sampling(sampling int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sampling = sampling
}

// Dropped counts a record that could not be published.
func (s *status) Dropped() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.second.dropped++
}

// Last is when the last media was, the zero time when there was none.
func (s *status) Last() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.until
}

// Second makes the record of the second that ends now and begins the next.
func (s *status) Second(now time.Time) *schemas.StreamSecond {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, reason := s.state(now)
	bytes := s.meter.Bytes() + s.read
	r := &schemas.StreamSecond{
		Session: s.session, Epoch: s.epoch, Seq: s.seq, At: now.Sub(s.began).Microseconds(), State: state, Reason: reason,
		FramesDecoded: s.second.decoded, FramesAnalysed: s.second.analysed, AudioBlocks: s.second.blocks, Bytes: bytes - s.bytes,
		Reconnects: s.total.reconnects, Restarts: s.total.restarts, Dropped: s.second.dropped, Edge: s.edge, Playlist: s.playlistSecond(now), Timing: s.timing.Second(),
	}
	var presented *int64
	if s.known {
		presented = &s.pts
	}
	r.Transport, r.Splice = s.transport.Second(r.Playlist != nil, presented) // segments come ahead of their time
	r.Cues = s.captions.Second(r.At)
	if d, ok := s.meter.Datagrams(); ok {
		r.Datagrams = datagramSecond(s.datagrams, d)
		r.Dropped += r.Datagrams.Dropped
		s.datagrams = d
	}
	if s.running {
		sampling, passed := s.sampling, s.second.passed
		r.Sampling, r.FramesPassed = &sampling, &passed
	}
	s.seq++
	s.latest, s.presented = state, max(s.second.pictures, s.second.sound)
	s.bytes, s.second, s.faulted = bytes, counts{}, ""
	return r
}

// Presented is for how long the media of the last second lasts.
func (s *status) Presented() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.presented
}

// Latest is the state of the last second.
func (s *status) Latest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest
}

// state is the drawing above.
func (s *status) state(now time.Time) (state, reason string) {
	silent := now.Sub(s.until)
	switch {
	case s.faulted != "":
		return fault, s.faulted
	case !s.second.none() && s.second.decoded+s.second.passed > 0:
		return up, ""
	case !s.second.none():
		return up, s.refused
	case s.trouble == fault && s.unanswered(now):
		return down, fmt.Sprintf("nothing has come from the source for %d s", int(now.Sub(s.retried).Seconds()))
	case s.trouble != "":
		return s.trouble, s.reason
	case !s.contact:
		return starting, s.refused
	case silent < grace:
		return up, ""
	}
	if s.running && max(s.lag, now.Sub(s.heard)) >= grace {
		return fault, "this machine cannot keep up: the worker is behind"
	}
	return down, because(fmt.Sprintf("no pictures and no sound for %d s", int(silent.Seconds())), s.refused)
}

// unanswered tells that a try goes on, by us in good order, for which no byte has come.
func (s *status) unanswered(now time.Time) bool {
	ours := s.running && now.Sub(s.heard) >= grace
	return !s.retried.IsZero() && now.Sub(s.retried) >= grace && !ours && s.meter.Bytes()+s.read == s.silence
}

// playlistSecond is what the meter knows of an HLS or DASH playlist, with this second's share of what it counts; nil without one.
func (s *status) playlistSecond(now time.Time) *schemas.Playlist {
	p, ok := s.meter.Playlist()
	if !ok {
		return nil
	}
	before := s.playlist
	s.playlist = p
	missed := int32(p.Missed - before.Missed)
	out := &schemas.Playlist{
		AgeMS: int32(min(now.Sub(p.Changed), 24*time.Hour).Milliseconds()), TargetMS: int32(p.Target.Milliseconds()),
		MediaSequence: p.MediaSequence, SequenceStep: int32(p.Step), DiscontinuitySequence: p.DiscontinuitySequence, Length: int32(p.Length),
		Segments: int32(p.Segments - before.Segments), SegmentErrors: int32(p.SegmentErrors - before.SegmentErrors),
		SegmentStatus: int32(p.SegmentStatus), SegmentLatencyMS: int32(p.SegmentLatency.Milliseconds()),
		Throughput: p.Throughput, Bandwidth: p.Bandwidth, Variants: int32(p.Variants),
		SegmentsMissed: &missed, Ended: &p.Ended,
	}
	if !p.SoundChanged.IsZero() {
		age, errors := int32(min(now.Sub(p.SoundChanged), 24*time.Hour).Milliseconds()), int32(p.SoundErrors-before.SoundErrors)
		out.SoundAgeMS, out.SoundErrors = &age, &errors
	}
	if p.Present != nil {
		present := int32(*p.Present)
		out.VariantsPresent = &present
	}
	if p.DateDrift != nil {
		drift := narrow(p.DateDrift.Milliseconds())
		out.PDTDriftMS = &drift
	}
	out.DurationErrorMS = narrow(s.meter.DurationError().Milliseconds())
	if p.Timed {
		late := int32(p.Late - before.Late)
		out.SegmentsLate = &late
	}
	if p.Skew != nil {
		skew := int32(min(max(p.Skew.Milliseconds(), math.MinInt32), math.MaxInt32))
		out.ClockSkewMS = &skew
	}
	return out
}
