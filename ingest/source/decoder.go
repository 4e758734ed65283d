package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// Input is what a worker decodes.
type Input struct {
	// Path is "pipe:N", a file descriptor that Fetch feeds, or the URL of a Direct scheme.
	Path string
	// Format names FFmpeg's demuxer; empty: recognised by content.
	Format string
	// Read, if there is one, is told the bytes of each packet when it has been read, before what it decodes to is yielded.
	Read func(bytes int)
	// Packets asks for the packets of the tracks that are decoded, each before what it decodes to.
	Packets bool
}

// Decoder reads one input to its end. One goroutine uses it.
type Decoder struct {
	path      string
	read      func(bytes int)
	scheme    Scheme
	container *astiav.FormatContext
	packet    *astiav.Packet
	frame     *astiav.Frame
	// tracks is what was yielded last; decoded has an entry for each of its List, nil for what is not decoded.
	tracks  media.Tracks
	decoded []*track
	// video is the track whose pictures are wanted.
	video *track
	// packets yields the packets too; nil when nobody wants them.
	packets *tap
	// foreign counts packets of other video tracks since the last one of the chosen track.
	foreign   int
	keys      keys
	errors    int
	interrupt *interrupt
}

// closeTime bounds taking leave of a peer.
const closeTime = time.Second

// maxAgain is how often in a row a demuxer may say that it has nothing yet before it is taken to hang.
const maxAgain = 1000

// Open finds out what the input holds. Of a live source it reads up to a second of media. Cancelling ctx ends it and Units, except while
// a silent pipe is read: that ends when the other side closes it.
func Open(ctx context.Context, in Input) (*Decoder, error) {
	runtime.LockOSThread() // the log is the thread's
	defer runtime.UnlockOSThread()
	startLog()
	forgetLog()
	scheme, err := Lookup(in.Path)
	if err != nil {
		return nil, err
	}
	d := &Decoder{path: in.Path, read: in.Read, scheme: scheme, packet: astiav.AllocPacket(), frame: astiav.AllocFrame(), container: astiav.AllocFormatContext(), keys: noKeys}
	if in.Packets {
		d.packets = newTap()
	}
	if d.interrupt, err = newInterrupt(ctx, d.container); err == nil {
		err = d.open(in)
	}
	if err != nil {
		err = d.failure("open", err, fmt.Sprintf("no answer within %v", scheme.Connect+scheme.Response))
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Decoder) open(in Input) error {
	var format *astiav.InputFormat
	if in.Format != "" {
		if format = astiav.FindInputFormat(in.Format); format == nil {
			return fmt.Errorf("format %q is unknown", in.Format)
		}
	}
	url, options, err := d.scheme.inputOptions(in.Path)
	if err != nil {
		return err
	}
	dictionary := newDictionary(options)
	defer dictionary.Free()
	d.interrupt.Within(d.scheme.Connect + d.scheme.Response)
	if err := d.container.OpenInput(url, format, dictionary); err != nil {
		d.container = nil // libav has freed it
		return err
	}
	if err := d.container.FindStreamInfo(nil); err != nil {
		return err
	}
	d.tracks.Container = d.container.InputFormat().Name()
	if d.discover(); len(d.tracks.List) == 0 {
		return errors.New("no tracks")
	}
	return nil
}

// inputOptions is what libav is to open for path, and how: nothing but that pipe, file or peer. A live stream's pipe starts after at most
// 2 MB or a second of media; a file may be looked into for longer.
func (s Scheme) inputOptions(path string) (string, map[string]string, error) {
	o, err := s.opening(path)
	switch {
	case err != nil:
		return "", nil, err
	case strings.HasPrefix(path, "pipe:"):
		o.url, o.options = path, live("pipe", "")
	case o.url == "":
		o.url, o.options = "file:"+LocalPath(path), map[string]string{"protocol_whitelist": "file"}
	}
	o.options["merge_pmt_versions"] = "1" // a transport stream's track goes on when its PID changes
	return o.url, o.options, nil
}

// failure is err with what was being done, to what, and the last line of libav's log, or late when it took too long.
func (d *Decoder) failure(doing string, err error, late string) error {
	if d.interrupt != nil && d.interrupt.Expired() {
		return fmt.Errorf("%s %s: %s", doing, Redact(d.path), late)
	}
	return fmt.Errorf("%s %s: %w", doing, Redact(d.path), explained(err))
}

// Units yields the tracks, then what they decode to, in the order of decoding. It ends without an error at the input's end and with
// one when the input cannot be read further; a packet that cannot be decoded is counted and passed over. It can be called once.
func (d *Decoder) Units() iter.Seq2[media.Unit, error] {
	return func(yield func(media.Unit, error) bool) {
		runtime.LockOSThread() // the log is the thread's
		defer runtime.UnlockOSThread()
		if !d.yieldTracks(yield) {
			return
		}
		for again := 0; ; {
			err := d.readPacket()
			switch {
			case err == nil:
				again = 0
				if !d.decode(yield) {
					return
				}
			case errors.Is(err, astiav.ErrEof):
				d.flush(yield)
				return
			case errors.Is(err, astiav.ErrEagain) && again < maxAgain:
				again++
			default:
				if !d.flush(yield) {
					return
				}
				yield(media.Unit{}, d.failure("read", err, fmt.Sprintf("no packets for %v", d.scheme.Stall)))
				return
			}
		}
	}
}

// readPacket reads the next packet into d.packet.
func (d *Decoder) readPacket() error {
	d.packet.Unref()
	d.interrupt.Within(d.scheme.Stall)
	err := d.container.ReadFrame(d.packet)
	if err == nil && d.read != nil {
		d.read(d.packet.Size())
	}
	return err
}

// decode hands d.packet to its track's decoder and yields what comes out. false: the reader wants no more.
func (d *Decoder) decode(yield func(media.Unit, error) bool) bool {
	index := d.packet.StreamIndex()
	if index >= len(d.decoded) {
		d.discover()
		if !d.yieldTracks(yield) {
			return false
		}
	}
	if index >= len(d.decoded) || d.decoded[index] == nil {
		return true
	}
	t := d.decoded[index]
	if !t.video || t == d.video {
		if t.video {
			d.foreign = 0
			return d.picture(t, yield)
		}
		return d.packets.yield(d, t, yield) && d.drain(t, d.packet, yield)
	}
	return d.overhear(t, yield)
}

// overhear deals with a packet of a video track that is not the chosen one. A track that appeared later takes over when the chosen one
// has ended; until then it is decoded without being shown, so that it has its references.
func (d *Decoder) overhear(t *track, yield func(media.Unit, error) bool) bool {
	if !t.late {
		return true
	}
	if d.foreign++; d.foreign <= maxForeign {
		for range t.decode(d.packet, d.frame, &d.errors) {
		}
		return true
	}
	d.video, d.foreign = t, 0
	d.redescribe(t)
	return d.yieldTracks(yield) && d.packets.yield(d, t, yield) && d.drain(t, d.packet, yield)
}

// redescribe brings the list up to date with t's format. What was yielded before is left as it was.
func (d *Decoder) redescribe(t *track) {
	d.tracks.List = slices.Clone(d.tracks.List)
	t.content.describe(&d.tracks.List[t.index])
}

// drain sends p, nil at the end, to t and yields what t has ready.
func (d *Decoder) drain(t *track, p *astiav.Packet, yield func(media.Unit, error) bool) bool {
	for u, changed := range t.decode(p, d.frame, &d.errors) {
		if changed {
			d.redescribe(t)
			if !d.yieldTracks(yield) {
				return false
			}
		}
		if u.Frame != nil {
			u.Frame.Alone = d.keys.alone
		}
		if !yield(u, nil) {
			return false
		}
	}
	return true
}

// flush yields what the decoders still hold.
func (d *Decoder) flush(yield func(media.Unit, error) bool) bool {
	for _, t := range d.decoded {
		if t == nil || t.video && t != d.video {
			continue
		}
		if !d.drain(t, nil, yield) {
			return false
		}
	}
	return true
}

func (d *Decoder) yieldTracks(yield func(media.Unit, error) bool) bool {
	tracks := d.tracks
	return yield(media.Unit{Tracks: &tracks}, nil)
}

// Errors counts packets and pictures so far that a decoder refused.
func (d *Decoder) Errors() int { return d.errors }

// Close frees everything; frames and samples that were yielded are gone.
func (d *Decoder) Close() {
	for _, t := range d.decoded {
		if t != nil {
			t.free()
		}
	}
	d.decoded = nil
	if d.interrupt != nil {
		d.interrupt.Within(closeTime)
	}
	if d.container != nil {
		d.container.CloseInput()
	}
	if d.interrupt != nil {
		d.interrupt.Free()
	}
	d.packet.Free()
	d.frame.Free()
}

func newDictionary(options map[string]string) *astiav.Dictionary {
	d := astiav.NewDictionary()
	for key, value := range options {
		if err := d.Set(key, value, 0); err != nil {
			panic(err) // out of memory
		}
	}
	return d
}
