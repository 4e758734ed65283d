package source

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// maxIndex bounds a segment index in bytes, maxHead what is read of a resource to find one.
	maxIndex = 4 << 20
	maxHead  = 1 << 20
	// maxNested is how deep segment indexes may refer to one another, maxReads how many of them are read.
	maxNested = 4
	maxReads  = 500
)

// resourceIndex is what a resource's segment index says: its segments, the ticks of their times in a second, and the initialisation section where
// the MPD names none.
type resourceIndex struct {
	segments  []subsegment
	timescale int64
	init      section
	// reads counts the indexes read.
	reads int
}

// index reads the segment index of r's resource: where its segments are. A representation that does not say where the index is has it
// near the beginning of the resource, or none: then the resource is one segment. Without an initialisation section all before the index is it.
func (f *fetcher) index(ctx context.Context, r *representation) (*resourceIndex, error) {
	resource := r.base.String()
	at, told := byteRange(r.segments.IndexRange)
	if !told {
		head, err := f.head(ctx, resource)
		if err != nil {
			return nil, fmt.Errorf("segment index: %w", err)
		}
		offset, box := find(head, "sidx")
		if box == nil {
			return &resourceIndex{segments: []subsegment{{run: run{r.offset, 1 << 40, 1}}}, timescale: r.timescale}, nil
		}
		at = span{offset, int64(len(box))}
	}
	x := &resourceIndex{init: section{resource, span{0, at.offset}}}
	return x, f.entries(ctx, x, resource, at, maxNested)
}

// apply lets r have what its resource's index says.
func (x *resourceIndex) apply(r *representation) {
	if r.timescale != x.timescale {
		r.offset, r.timescale = ticks(scaled(r.offset, r.timescale), x.timescale), x.timescale
	}
	if r.init.url == "" {
		r.init = x.init
	}
}

// head reads the beginning of a resource.
func (f *fetcher) head(ctx context.Context, address string) ([]byte, error) {
	b, err := f.get(ctx, address, span{})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return io.ReadAll(io.LimitReader(b, maxHead))
}

// entries appends the segments that the index at a place of the resource, and those it refers to, tell of.
func (f *fetcher) entries(ctx context.Context, out *resourceIndex, resource string, at span, depth int) error {
	if out.reads++; depth == 0 || out.reads > maxReads {
		return errors.New("segment indexes refer to one another too deeply or too often")
	}
	if at.length > maxIndex {
		return fmt.Errorf("the segment index is longer than %d bytes", maxIndex)
	}
	data, err := f.read(ctx, resource, at, nil, maxIndex)
	if err != nil {
		return fmt.Errorf("segment index: %w", err)
	}
	x, err := parseIndex(data, at.offset)
	if err != nil {
		return err
	}
	out.timescale = x.timescale
	for _, e := range x.entries {
		if e.nested {
			if err := f.entries(ctx, out, resource, e.part, depth-1); err != nil {
				return err
			}
			continue
		}
		if len(out.segments) == maxSegments {
			return fmt.Errorf("the segment index lists more than %d segments", maxSegments)
		}
		out.segments = append(out.segments, e.subsegment)
	}
	return nil
}

// indexEntry is a segment, or another index when it is nested.
type indexEntry struct {
	subsegment
	nested bool
}

type segmentIndex struct {
	timescale int64
	entries   []indexEntry
}

// parseIndex reads the sidx box (ISO/IEC 14496-12 section 8.16.3) in data, which stands at offset in its resource.
func parseIndex(data []byte, offset int64) (x segmentIndex, err error) {
	before, box := find(data, "sidx")
	malformed := errors.New("the segment index is malformed")
	if len(box) < 8+24 {
		return x, malformed
	}
	header := len(box) - len(payload(box))
	body := box[header:]
	x.timescale = int64(binary.BigEndian.Uint32(body[8:]))
	time, first, rest := int64(binary.BigEndian.Uint32(body[12:])), int64(binary.BigEndian.Uint32(body[16:])), body[20:]
	if body[0] > 0 {
		if len(body) < 32 {
			return x, malformed
		}
		time, first, rest = int64(binary.BigEndian.Uint64(body[12:])), int64(binary.BigEndian.Uint64(body[20:])), body[28:]
	}
	if x.timescale == 0 || time < 0 || time > 1<<60 || first < 0 || first > 1<<60 || len(rest) < 4 {
		return x, malformed
	}
	count := int(binary.BigEndian.Uint16(rest[2:]))
	if rest = rest[4:]; len(rest) < 12*count {
		return x, malformed
	}
	place := offset + before + int64(len(box)) + first
	for ; count > 0; count, rest = count-1, rest[12:] {
		size, length := binary.BigEndian.Uint32(rest), int64(binary.BigEndian.Uint32(rest[4:]))
		e := indexEntry{nested: size>>31 == 1}
		e.part = span{place, int64(size & (1<<31 - 1))}
		e.run = run{time, length, 1}
		if e.part.length == 0 || length == 0 && !e.nested {
			return x, malformed
		}
		place, time = place+e.part.length, time+length
		x.entries = append(x.entries, e)
	}
	return x, nil
}
