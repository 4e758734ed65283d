package ingest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
)

const (
	// remuxTime is how long a worker may take for one clip.
	remuxTime = 30 * time.Second
	// clipPiece is how much of a clip is sent at once, in bytes.
	clipPiece = 128 << 10
)

// remux is a worker's job: it reads the codings and packets of a clip, sends the file that they make, and says its extension with its end.
func remux(in io.Reader, out *sender) error {
	codings, packets, err := readClip(in)
	if err != nil {
		return out.End(ending{Reason: err.Error(), Failed: true})
	}
	file, extension, err := source.Remux(codings, retime(packets))
	if err != nil {
		reason := err.Error()
		return out.End(ending{Reason: reason[:min(len(reason), reasonMost)], Failed: true})
	}
	for piece := range slices.Chunk(file, clipPiece) {
		if err := out.Clip(piece); err != nil {
			return err
		}
	}
	return out.End(ending{Reason: "end of clip", Extension: extension})
}

// readClip reads codings and packets to their end.
func readClip(in io.Reader) (codings []media.Coding, packets []placed, err error) {
	for r := newReceiver(in); ; {
		m, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return codings, packets, nil
		case err != nil:
			return nil, nil, err
		case m.Codings != nil:
			if err := json.Unmarshal(m.Codings.Body[1:], &codings); err != nil {
				return nil, nil, fmt.Errorf("read the codings: %w", err)
			}
		case m.Packet != nil:
			packets = append(packets, m.Packet.placed())
		}
	}
}

// placed reads the whole of a packet's body; the data stays where it is.
func (p *packet) placed() placed {
	number := func(i int) int64 { return int64(binary.BigEndian.Uint64(p.Body[8*i:])) }
	return placed{at: p.At, Packet: media.Packet{PTS: number(1), DTS: number(2), Duration: min(max(number(3), 0), maxJump),
		Track: int(binary.BigEndian.Uint16(p.Body[32:])), Key: p.Key, Video: p.Video, Data: p.Body[packetHead:]}}
}

// Clip sends a piece of a clip.
func (s *sender) Clip(piece []byte) error {
	return s.send(clipMessage, func(dst []byte) ([]byte, error) { return append(dst, piece...), nil })
}

// Forward sends a message's body as it is.
func (s *sender) Forward(kind byte, body []byte) error {
	return s.send(kind, func(dst []byte) ([]byte, error) { return append(dst, body...), nil })
}

// remux makes a file of a clip in a worker of its own, and returns it with its extension.
func (i *Ingest) remux(ctx context.Context, clip evidence.Clip) (file []byte, extension string, err error) {
	ctx, cancel := context.WithTimeout(ctx, remuxTime)
	defer cancel()
	p, err := i.launcher.start(ctx, i.config.Executable, job{Remux: true})
	if err != nil {
		return nil, "", err
	}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		feedClip(p, clip)
	}()
	file, end, err := hearClip(p.records, 2*clipBytes(clip)+1<<20)
	if err != nil {
		cancel()
	}
	died := p.Wait()
	<-fed
	switch {
	case err != nil:
		return nil, "", err
	case end == nil:
		return nil, "", fmt.Errorf("remux: the worker died: %v: %.300s", died, p.stderr)
	case end.Failed:
		return nil, "", errors.New(end.Reason)
	}
	return file, end.Extension, nil
}

// feedClip writes the clip to the worker. One that is gone shows on its records.
func feedClip(p *process, clip evidence.Clip) {
	defer p.media.Close()
	s := newSender(p.media)
	if s.Forward(codingsMessage, clip.Codings) != nil {
		return
	}
	for _, packet := range clip.Packets {
		if s.Forward(packetMessage, packet.Body) != nil {
			return
		}
	}
}

// hearClip takes a file of at most so many bytes; end is nil when the worker ended without a word.
func hearClip(records io.Reader, most int) (file []byte, end *ending, err error) {
	for r := newReceiver(records); ; {
		m, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil, nil
		case err != nil:
			return nil, nil, err
		case m.End != nil:
			return file, m.End, nil
		case m.Clip != nil:
			if file = append(file, m.Clip...); len(file) > most {
				return nil, nil, fmt.Errorf("remux: the file has more than %d bytes", most)
			}
		}
	}
}

func clipBytes(clip evidence.Clip) (n int) {
	for _, p := range clip.Packets {
		n += len(p.Body)
	}
	return n
}
