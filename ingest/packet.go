package ingest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/ingest/media"
)

const (
	// packetMost bounds a packet's message in bytes; a picture of broadcast quality has less than 1 MiB.
	packetMost = 8 << 20
	// packetHead is how much of it is not data: at (microseconds since session), PTS, DTS and duration (90 kHz), eight bytes each, the
	// track, two bytes, and flags, one byte; big-endian.
	packetHead = 35
	packetKey  = 1 << 0
	// packetVideo marks packets and codings of pictures.
	packetVideo = 1 << 1
)

// codings is a codings message as the supervisor keeps it: it looks no further than the flags.
type codings struct {
	// Body is the whole body; Video tells that one of the tracks has pictures.
	Body  []byte
	Video bool
}

// packet is a packet's message as the supervisor keeps it.
type packet struct {
	// Body is the whole body.
	Body []byte
	// At is microseconds since session, Lasts microseconds.
	At, Lasts  int64
	Key, Video bool
}

// Codings sends what a muxer must know of the tracks.
func (s *sender) Codings(all []media.Coding) error {
	return s.send(codingsMessage, func(dst []byte) ([]byte, error) {
		var flags byte
		for _, c := range all {
			if c.Video {
				flags |= packetVideo
			}
		}
		body, err := json.Marshal(all)
		return append(append(dst, flags), body...), err
	})
}

// Packet sends one packet that is presented at, microseconds since session.
func (s *sender) Packet(at int64, p *media.Packet) error {
	return s.hold(packetMessage, func(dst []byte) ([]byte, error) {
		for _, n := range []int64{at, p.PTS, p.DTS, p.Duration} {
			dst = binary.BigEndian.AppendUint64(dst, uint64(n))
		}
		var flags byte
		if p.Key {
			flags |= packetKey
		}
		if p.Video {
			flags |= packetVideo
		}
		dst = append(binary.BigEndian.AppendUint16(dst, uint16(p.Track)), flags)
		return append(dst, p.Data...), nil
	})
}

func readCodings(body []byte) (*codings, error) {
	if len(body) < 1 {
		return nil, fmt.Errorf("it is empty")
	}
	return &codings{Body: body, Video: body[0]&packetVideo != 0}, nil
}

func readPacket(body []byte) (*packet, error) {
	if len(body) < packetHead {
		return nil, fmt.Errorf("%d bytes are too few for a packet", len(body))
	}
	flags := body[packetHead-1]
	lasts := min(max(int64(binary.BigEndian.Uint64(body[24:])), 0), maxJump)
	return &packet{Body: body, At: int64(binary.BigEndian.Uint64(body)), Lasts: microseconds(lasts), Key: flags&packetKey != 0, Video: flags&packetVideo != 0}, nil
}

// kept is the packet for the ring, its body with an instant that holds beyond the session.
func (p *packet) kept(session int64) evidence.Packet {
	at := session + p.At
	binary.BigEndian.PutUint64(p.Body, uint64(at))
	return evidence.Packet{At: at, Lasts: p.Lasts, Key: p.Key, Video: p.Video, Body: p.Body}
}
