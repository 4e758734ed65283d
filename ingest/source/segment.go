package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxSegment and maxInit bound a segment and an initialisation section in bytes.
const (
	maxSegment = 64 << 20
	maxInit    = 1 << 20
)

// hand fetches s and hands it to ready, behind its initialisation section if that is due. ErrReopen: it has another one than what
// was written before.
func (r *rendition) hand(ctx context.Context, s segment, discontinuous bool, ready chan<- piece) error {
	var buffer []byte
	select {
	case buffer = <-r.spare:
	case <-ctx.Done():
		return ctx.Err()
	}
	data, err := r.segment(ctx, s, buffer[:0])
	if err != nil {
		r.spare <- buffer
		return err
	}
	select {
	case ready <- piece{data, discontinuous, r.announced}:
		r.announced = announcement{}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// segment appends s to buffer, decrypted and behind its initialisation section if it is the first.
func (r *rendition) segment(ctx context.Context, s segment, buffer []byte) ([]byte, error) {
	init, err := r.section(ctx, s)
	if err != nil {
		return nil, err
	}
	if !r.begun {
		buffer = append(buffer, init...)
	}
	start := len(buffer)
	if buffer, err = r.download(ctx, s, buffer); err != nil {
		return nil, err
	}
	if s.key.method != "" {
		clear, err := r.keys.decrypt(ctx, r.fetcher, s, buffer[start:])
		if err != nil {
			return nil, err
		}
		buffer = buffer[:start+len(clear)]
	}
	if !r.begun {
		r.cipher, r.guarded = scheme(buffer)
		r.ruler = newRuler(buffer)
	}
	if !r.begun || s.init != r.from {
		r.begun, r.from, r.init = true, s.init, init
	}
	if r.guarded && r.cipher.sealed(buffer[start:]) {
		return nil, encrypted(cmp.Or(s.protection, r.cipher.name))
	}
	r.compare(s, buffer[start:])
	return buffer, nil
}

// compare tells the meter how long a segment lasts against what the list says, and what the list's dates do against its media.
func (r *rendition) compare(s segment, data []byte) {
	media, ok := r.ruler.measureMP4(data)
	if !ok {
		media, ok = measureTS(data)
	}
	if !ok || r.beside {
		return
	}
	if s.duration < maxTarget*time.Second {
		r.meter.lasted(ticksDuration(media.length) - s.duration)
	}
	drift := r.dates.drift(s.era, s.date, media.first)
	r.meter.update(func(state *PlaylistState) { state.DateDrift = drift })
}

// dates compares EXT-X-PROGRAM-DATE-TIME with the media's time stamps.
type dates struct {
	known bool
	era   int64
	// began and from are the date and the time stamp (90 kHz) of the first segment of the era, last the time stamp of the last, unwrapped.
	began      time.Time
	from, last int64
}

// drift is by how much the dates have advanced more than the media since the era's first segment; nil when no two tell.
func (d *dates) drift(era int64, date time.Time, first int64) *time.Duration {
	if date.IsZero() {
		*d = dates{}
		return nil
	}
	if !d.known || era != d.era {
		*d = dates{known: true, era: era, began: date, from: first, last: first}
		return nil
	}
	d.last = nearest(first, d.last)
	drift := date.Sub(d.began) - ticksDuration(d.last-d.from)
	return &drift
}

// ticksDuration is a span of 90 kHz.
func ticksDuration(ticks int64) time.Duration {
	return time.Duration(ticks*100/9) * time.Microsecond
}

// download appends s as it is served to buffer and tells the meter how that went.
func (r *rendition) download(ctx context.Context, s segment, buffer []byte) ([]byte, error) {
	began := time.Now()
	out, err := r.read(ctx, s.url, s.part, buffer, maxSegment)
	took := time.Since(began)
	r.meter.update(func(state *PlaylistState) {
		if err == nil {
			state.Segments++
		}
		if r.beside {
			return
		}
		state.SegmentStatus, state.SegmentLatency = statusOf(err), took
		if err == nil {
			state.Throughput = int64(float64(len(out)-len(buffer)) * 8 / max(took, time.Microsecond).Seconds())
		}
	})
	return out, err
}

// section is the initialisation section that s needs when it is not the one of the segment before; nil when s needs none.
// ErrReopen: it is another one than what was written.
func (r *rendition) section(ctx context.Context, s segment) (init []byte, err error) {
	if r.begun && s.init == r.from {
		return nil, nil
	}
	if s.init.url != "" {
		if init, err = r.read(ctx, s.init.url, s.init.part, nil, maxInit); err != nil {
			return nil, fmt.Errorf("initialisation section: %w", err)
		}
	}
	if init != nil && s.key.method != "" && !isMP4(init) {
		if init, err = r.keys.decrypt(ctx, r.fetcher, s, init); err != nil {
			return nil, fmt.Errorf("initialisation section: %w", err)
		}
	}
	if r.begun && !bytes.Equal(init, r.init) {
		return nil, ErrReopen
	}
	return init, nil
}

// isMP4 tells a plain initialisation section from an encrypted one.
func isMP4(data []byte) bool {
	return len(data) >= 8 && (string(data[4:8]) == "ftyp" || string(data[4:8]) == "moov" || string(data[4:8]) == "styp")
}

// read appends the part of a resource to buffer, at most limit bytes of it.
func (f *fetcher) read(ctx context.Context, address string, part span, buffer []byte, limit int64) ([]byte, error) {
	b, err := f.get(ctx, address, part)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if part.length > limit || b.ContentLength > limit && part.length == 0 {
		return nil, fmt.Errorf("longer than %d bytes", limit)
	}
	in := io.LimitReader(b, limit+1)
	if part.length > 0 {
		in = io.LimitReader(b, part.length)
	}
	out := bytes.NewBuffer(buffer)
	n, err := out.ReadFrom(in)
	switch {
	case err != nil:
		return nil, err
	case n > limit:
		return nil, fmt.Errorf("longer than %d bytes", limit)
	case n == 0 || part.length > 0 && n < part.length:
		return nil, errors.New("the answer is shorter than it should be")
	}
	return out.Bytes(), nil
}
