package source

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"
)

// datagrams is a scheme whose media comes in datagrams that nobody asked for, with its options.
type datagrams struct {
	options []map[string]option
	// unwrap makes what takes the media out of the datagrams and hands it to give.
	unwrap func(e endpoint, m *Meter, give func(data []byte, broken bool)) unwrapper
	// hint says of a datagram that begins a stream without MPEG-TS what else it may be; empty: nothing that is known.
	hint func(b []byte) string
}

// unwrapper takes datagrams as they come. One goroutine.
type unwrapper interface {
	// Take takes the next one, in front of which this machine lost some.
	Take(b []byte, lost int, now time.Time)
	// Expire lets go of what was held back for too long.
	Expire(now time.Time)
	// Held is until when something is held back, the zero time when nothing is.
	Held() time.Time
}

var (
	udp = datagrams{[]map[string]option{udpOptions}, newUntouched, func(b []byte) string {
		if _, ok := payloadOf(b); ok {
			return "they are RTP: the URL must begin with rtp://"
		}
		return ""
	}}
	rtp = datagrams{[]map[string]option{udpOptions, rtpOptions}, newSequencer, func(b []byte) string {
		if b[0] == syncByte {
			return "they are plain MPEG-TS: the URL must begin with udp://"
		}
		return ""
	}}
)

// ErrSilent tells that nothing comes, which costs nobody anything: listening again at once is right.
var ErrSilent = errors.New("no datagrams")

// Unfit tells that this machine or the stream's settings do not let a source be read: nothing is known of the source itself.
type Unfit struct{ error }

// Unwrap is why.
func (u Unfit) Unwrap() error { return u.error }

// datagramMost is the longest datagram that there can be, in bytes.
const datagramMost = 64 << 10

func (d datagrams) check(url string) error {
	_, err := parseEndpoint(url, d.options...)
	return err
}

// fetch receives until nothing comes any more: there is no end of it but an error.
func (d datagrams) fetch(f *fetcher, ctx context.Context) error {
	e, err := parseEndpoint(f.request.URL, d.options...)
	if err != nil {
		return err
	}
	if e.silence == 0 {
		e.silence = f.scheme.Stall
	}
	lookup, done := context.WithTimeout(ctx, f.scheme.Connect)
	at, err := e.resolve(lookup)
	done()
	if err != nil {
		return Unfit{err}
	}
	s, err := e.listen(at)
	if err != nil {
		return Unfit{err}
	}
	defer s.Close()
	f.meter.receiving(s.granted, e.buffer)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { s.Close() })()

	q := newFIFO(e.fifo)
	written := make(chan struct{})
	go func() {
		defer close(written)
		if err := f.drain(q); err != nil {
			cancel(err)
		}
	}()
	r := &reception{endpoint: e, socket: s, meter: f.meter, queue: q, hint: d.hint}
	r.unwrapper = d.unwrap(e, f.meter, r.give)
	err = r.run()
	q.Close()
	<-written
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// drain writes what is queued.
func (f *fetcher) drain(q *fifo) error {
	for {
		h, ok := q.Take()
		if !ok {
			return nil
		}
		if h.broken {
			f.discontinuity()
		}
		if _, err := f.w.Write(h.data); err != nil {
			return err
		}
		q.Back(h.data)
	}
}

// reception is one socket being read.
type reception struct {
	endpoint  endpoint
	socket    *socket
	meter     *Meter
	queue     *fifo
	unwrapper unwrapper
	hint      func([]byte) string
	gate      gate
	// began is when the first datagram came, heard the last; first is how that one began, others how many came from senders that are not heard.
	began, heard time.Time
	first        [64]byte
	others       int
	// wrong is why the data is refused.
	wrong error
}

// run reads until nothing comes, or nothing that is right.
func (r *reception) run() error {
	buffer := make([]byte, datagramMost)
	r.heard = time.Now()
	for {
		n, from, lost, err := r.socket.Next(buffer, r.until())
		now := time.Now()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			return err
		default:
			r.take(buffer[:n], from, lost, now)
		}
		if held := r.unwrapper.Held(); !held.IsZero() && !now.Before(held) {
			r.unwrapper.Expire(now)
		}
		if err := r.judge(now); err != nil {
			return err
		}
	}
}

// until is when something must be done though nothing comes.
func (r *reception) until() time.Time {
	until := r.heard.Add(r.endpoint.silence)
	if held := r.unwrapper.Held(); !held.IsZero() && held.Before(until) {
		return held
	}
	return until
}

func (r *reception) take(b []byte, from netip.Addr, lost int, now time.Time) {
	r.meter.datagram(func(s *DatagramState) { s.Dropped += int64(lost) })
	if !r.endpoint.hears(from) || len(b) == 0 {
		r.others++
		return
	}
	if r.began.IsZero() {
		r.began = now
		copy(r.first[:], b)
	}
	r.heard = now
	r.meter.bytes.Add(int64(len(b)))
	r.meter.datagram(func(s *DatagramState) { s.Received++ })
	r.unwrapper.Take(b, lost, now)
}

// give queues media. What finds no room is lost by us.
func (r *reception) give(data []byte, broken bool) {
	data, err := r.gate.Add(data)
	if err != nil {
		r.wrong = err
		return
	}
	if len(data) > 0 && !r.queue.Put(data, broken) {
		r.meter.datagram(func(s *DatagramState) { s.Dropped++ })
	}
}

// judge tells why reception is given up.
func (r *reception) judge(now time.Time) error {
	switch {
	case now.Sub(r.heard) >= r.endpoint.silence && r.others > 0:
		return fmt.Errorf("%w for %v but %d from senders that are not to be heard", ErrSilent, r.endpoint.silence, r.others)
	case now.Sub(r.heard) >= r.endpoint.silence:
		return fmt.Errorf("%w for %v", ErrSilent, r.endpoint.silence)
	case r.wrong == nil && (r.gate.open || r.began.IsZero() || now.Sub(r.began) < r.endpoint.silence):
		return nil
	}
	if hint := r.hint(r.first[:]); hint != "" {
		return fmt.Errorf("there is no MPEG-TS in the datagrams: %s", hint)
	}
	return r.gate.refused()
}

// untouched hands datagrams on as they are. Packets may lie across them, as some senders have it.
type untouched struct {
	meter *Meter
	give  func(data []byte, broken bool)
}

func newUntouched(_ endpoint, m *Meter, give func([]byte, bool)) unwrapper {
	return &untouched{m, give}
}

func (p *untouched) Take(b []byte, lost int, _ time.Time) {
	if !whole(b) {
		p.meter.datagram(func(s *DatagramState) { s.Unaligned++ })
	}
	p.give(b, lost > 0)
}

func (p *untouched) Expire(time.Time) {}

func (p *untouched) Held() time.Time { return time.Time{} }

// whole tells whether b can be nothing but whole packets.
func whole(b []byte) bool {
	for _, size := range packetSizes {
		if len(b)%size == 0 {
			return true
		}
	}
	return false
}
