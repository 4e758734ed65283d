package ingest

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/framewatch/framewatch/ingest/sandbox"
	"github.com/framewatch/framewatch/schemas"
)

// The worker's pipe carries messages: one byte of kind, four bytes of length (big-endian), and the body.
const (
	// recordMessage is one Feature as on the log.
	recordMessage = 'R'
	// pictureMessage is eight bytes of presentation time (microseconds since session, big-endian) and a JPEG.
	pictureMessage = 'P'
	// codingsMessage is one byte of codingsFlags and a list of media.Coding as JSON; it holds for the packets after it.
	codingsMessage = 'D'
	// packetMessage is a packetHead and the packet's data.
	packetMessage = 'K'
	// clipMessage is the next piece of a clip.
	clipMessage = 'C'
	// placeMessage is a round (four bytes) and an offset (eight bytes, big-endian both): where the next records' media stands.
	placeMessage = 'O'
	// progressMessage is a progress as JSON, sent every half second whatever the decoder does.
	progressMessage = 'S'
	// endMessage is an ending as JSON, the last message of a worker that was not killed.
	endMessage = 'E'
	// probeMessage is the attempts of a probe as JSON.
	probeMessage = 'T'
)

// maxBody bounds the body of each kind of message, in bytes.
var maxBody = map[byte]int{recordMessage: 256 << 10, pictureMessage: 256 << 10, codingsMessage: 256 << 10, packetMessage: packetMost,
	clipMessage: 256 << 10, placeMessage: placeLength, progressMessage: 4 << 10, endMessage: 8 << 10, probeMessage: 64 << 10}

const headLength = 5

// progress is how far the worker has come with the source's data.
type progress struct {
	// Received bytes since the worker started, and how many of them the decoder has taken.
	Received int64 `json:"received"`
	Taken    int64 `json:"taken"`
	// Lag is how far the worker has been behind at least since the last progress, microseconds.
	Lag int64 `json:"lag"`
	// Passed pictures since the worker started: they were not decoded, as it was told.
	Passed int64 `json:"passed"`
	// Waits counts how often libav has asked whether it is to go on waiting for a source that it reads itself.
	Waits int64 `json:"waits"`
	// Refused is why the last of the input that could not be decoded was refused, since the last picture, or the last sound without a video track.
	Refused string `json:"refused,omitempty"`
	// Network is why the weights that it was told to use are not used; empty: they are.
	Network string `json:"network,omitempty"`
}

// place is how far a worker that opens a file itself has come.
type place struct {
	// Round counts how often it has begun anew, Offset is where the furthest packet begins, in bytes.
	Round  int32
	Offset int64
}

const placeLength = 12

// ending is why a worker ended by itself.
type ending struct {
	// Reason is for people.
	Reason string `json:"reason"`
	// Failed is false at the end of the input, true when the input could not be read on.
	Failed bool `json:"failed"`
	// Unfit tells that the worker could not begin: our fault, and no crash.
	Unfit bool `json:"unfit,omitempty"`
	// Extension of the file that a clip was made, without a dot.
	Extension string `json:"extension,omitempty"`
	// Refused is as in progress.
	Refused string `json:"refused,omitempty"`
}

// message is one message as the supervisor reads it; exactly one field is set.
type message struct {
	Feature  *schemas.Feature
	Picture  *picture
	Codings  *codings
	Packet   *packet
	Clip     []byte
	Place    *place
	Progress *progress
	End      *ending
	Probe    []sandbox.Attempt
}

// picture is a JPEG and its presentation time in microseconds since session.
type picture struct {
	At   int64
	JPEG []byte
}

const (
	// pictureBatch and soundBatch are how soon after the last write a picture's record and any other wait for the next: of 25 pictures a second two are sent
	// together, and sound with the next picture where there are any.
	pictureBatch, soundBatch = 45 * time.Millisecond, 90 * time.Millisecond
	// batchMost is how much waits, in bytes.
	batchMost = 64 << 10
)

// sender writes messages. It is safe for concurrent use.
//
// Packets, small pictures and places wait for the record that follows, and records for each other when they come fast: each write wakes the
// supervisor up, which costs both sides more than what they do with it. Progress takes along what has waited for longest.
type sender struct {
	contract *schemas.Contract

	mu sync.Mutex
	w  io.Writer
	// waiting is what has not been written yet, wrote when something last was.
	waiting []byte
	wrote   time.Time
}

func newSender(w io.Writer) *sender {
	return &sender{contract: schemas.Baked(), w: w}
}

// Record sends one feature record.
func (s *sender) Record(f *schemas.Feature) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.put(recordMessage, func(dst []byte) ([]byte, error) { return schemas.Append(s.contract, schemas.Features, dst, f) })
	batch := soundBatch
	if f.VideoFrame != nil {
		batch = pictureBatch
	}
	if err != nil || time.Since(s.wrote) < batch {
		return err
	}
	return s.flush()
}

// Picture sends one JPEG with its presentation time.
func (s *sender) Picture(p picture) error {
	return s.hold(pictureMessage, func(dst []byte) ([]byte, error) {
		return append(binary.BigEndian.AppendUint64(dst, uint64(p.At)), p.JPEG...), nil
	})
}

// Place sends where the media of what follows stands.
func (s *sender) Place(p place) error {
	return s.hold(placeMessage, func(dst []byte) ([]byte, error) {
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(dst, uint32(p.Round)), uint64(p.Offset)), nil
	})
}

// Progress sends how far the worker has come.
func (s *sender) Progress(p progress) error { return s.sendJSON(progressMessage, p) }

// Probe sends what a probe tried.
func (s *sender) Probe(list []sandbox.Attempt) error { return s.sendJSON(probeMessage, list) }

// End sends why the worker ends; nothing follows it.
func (s *sender) End(e ending) error { return s.sendJSON(endMessage, e) }

func (s *sender) sendJSON(kind byte, v any) error {
	return s.send(kind, func(dst []byte) ([]byte, error) {
		body, err := json.Marshal(v)
		return append(dst, body...), err
	})
}

// send writes one message, and before it what has waited.
func (s *sender) send(kind byte, body func([]byte) ([]byte, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.put(kind, body); err != nil {
		return err
	}
	return s.flush()
}

// hold lets one message wait for what is sent next.
func (s *sender) hold(kind byte, body func([]byte) ([]byte, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(kind, body)
}

// put adds one message to what waits. The lock is held.
func (s *sender) put(kind byte, body func([]byte) ([]byte, error)) error {
	begin := len(s.waiting)
	b, err := body(append(s.waiting, kind, 0, 0, 0, 0))
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint32(b[begin+1:], uint32(len(b)-begin-headLength))
	s.waiting = b
	if len(b) < batchMost {
		return nil
	}
	return s.flush()
}

// flush writes what waits with a single call. The lock is held.
func (s *sender) flush() error {
	b := s.waiting
	s.waiting, s.wrote = b[:0], time.Now()
	if len(b) == 0 {
		return nil
	}
	if _, err := s.w.Write(b); err != nil {
		return fmt.Errorf("write to the supervisor: %w", err)
	}
	return nil
}

// receiver reads messages from a worker that may send anything. One goroutine.
type receiver struct {
	contract *schemas.Contract
	r        *bufio.Reader
	body     []byte
}

func newReceiver(r io.Reader) *receiver {
	return &receiver{contract: schemas.Baked(), r: bufio.NewReaderSize(r, 64<<10)}
}

// Next is the next message, whose memory is the caller's. io.EOF tells that the worker closed its end between two messages; any other
// error that the rest cannot be understood.
func (r *receiver) Next() (message, error) {
	var head [headLength]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return message{}, err
	}
	kind, length := head[0], binary.BigEndian.Uint32(head[1:])
	most, known := maxBody[kind]
	if !known {
		return message{}, fmt.Errorf("read from the worker: no message is of kind %#x", kind)
	}
	if int64(length) > int64(most) {
		return message{}, fmt.Errorf("read from the worker: a message %q of %d bytes is longer than %d", kind, length, most)
	}
	body := r.room(kind, int(length))
	if _, err := io.ReadFull(r.r, body); err != nil {
		return message{}, fmt.Errorf("read from the worker: a message %q is cut short: %w", kind, io.ErrUnexpectedEOF)
	}
	m, err := r.decode(kind, body)
	if err != nil {
		return message{}, fmt.Errorf("read from the worker: message %q: %w", kind, err)
	}
	return m, nil
}

// room is where a body goes: into memory of its own when it is kept as it is.
func (r *receiver) room(kind byte, length int) []byte {
	if kind == packetMessage || kind == codingsMessage {
		return make([]byte, length)
	}
	if cap(r.body) < length {
		r.body = make([]byte, length)
	}
	return r.body[:length]
}

// decode copies what it keeps of body, but for what has memory of its own.
func (r *receiver) decode(kind byte, body []byte) (message, error) {
	switch kind {
	case recordMessage:
		f := &schemas.Feature{}
		return message{Feature: f}, schemas.Decode(r.contract, schemas.Features, body, f)
	case pictureMessage:
		if len(body) < 8 {
			return message{}, fmt.Errorf("%d bytes are too few for a picture", len(body))
		}
		return message{Picture: &picture{At: int64(binary.BigEndian.Uint64(body)), JPEG: append([]byte(nil), body[8:]...)}}, nil
	case codingsMessage:
		c, err := readCodings(body)
		return message{Codings: c}, err
	case packetMessage:
		p, err := readPacket(body)
		return message{Packet: p}, err
	case clipMessage:
		return message{Clip: append([]byte(nil), body...)}, nil
	case placeMessage:
		if len(body) != placeLength {
			return message{}, fmt.Errorf("%d bytes are no place", len(body))
		}
		return message{Place: &place{Round: int32(binary.BigEndian.Uint32(body)), Offset: int64(binary.BigEndian.Uint64(body[4:]))}}, nil
	case progressMessage:
		p := &progress{}
		return message{Progress: p}, json.Unmarshal(body, p)
	case probeMessage:
		m := message{}
		err := json.Unmarshal(body, &m.Probe)
		return m, err
	default:
		e := &ending{}
		return message{End: e}, json.Unmarshal(body, e)
	}
}
