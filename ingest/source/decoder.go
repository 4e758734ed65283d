package source

import (
	"context"
	"io"
	"iter"
	"runtime"
	"slices"
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
	// Refused, if there is one, is told why a track or a packet cannot be decoded: for people, without secrets.
	Refused func(reason string)
	// Packets asks for the packets of the tracks that are decoded, each before what it decodes to.
	Packets bool
	// Sound is a second path, for sound that comes in a container of its own; empty: there is none. Of that container only sound is decoded.
	Sound string
	// SoundShift is added to the time stamps of Sound, 90 kHz, to put them on the clock of Path.
	SoundShift int64
	// Patience is how long a packet with this time stamp (90 kHz, media.NoTime before any is known) may be held when the other
	// path has nothing to go before it. nil: until that has something or ends.
	Patience func(pts int64) time.Duration
}

// Decoder reads one input to its end. One goroutine uses it.
type Decoder struct {
	pictures *demuxer
	// merge is nil without Input.Sound.
	merge *merge
	read  func(bytes int)
	frame *astiav.Frame
	// tracks is what was yielded last; decoded has an entry for each of its List, nil for what is not decoded.
	tracks  media.Tracks
	decoded []*track
	// video is the track whose pictures are wanted.
	video *track
	// packets yields the packets too; nil when nobody wants them.
	packets *tap
	// position is where the furthest packet so far begins.
	position int64
	// foreign counts packets of other video tracks since the last one of the chosen track.
	foreign int
	keys    keys
	refused refusals
}

// Open finds out what the input holds. Of a live source it reads up to a second of media. Cancelling ctx ends it and Units, except while
// a silent pipe is read: that ends when the other side closes it. Sound that cannot be opened is gone without; sound that is opened later is a track
// then.
func Open(ctx context.Context, in Input) (*Decoder, error) {
	runtime.LockOSThread() // the log is the thread's
	defer runtime.UnlockOSThread()
	startLog()
	d := &Decoder{pictures: newDemuxer(in.Path, in.Format), read: in.Read, refused: refusals{path: in.Path, tell: in.Refused}, frame: astiav.AllocFrame(), keys: noKeys}
	open := func() error { return d.pictures.open(ctx) }
	if in.Sound != "" {
		sound := newDemuxer(in.Sound, "")
		sound.shift, sound.soundOnly = in.SoundShift, true
		d.merge = newMerge(ctx, d.pictures, sound, in.Patience)
		open = d.merge.open
	}
	if in.Packets {
		d.packets = newTap()
	}
	if err := open(); err != nil {
		d.Close()
		return nil, err
	}
	d.tracks.Container = d.pictures.container.InputFormat().Name()
	d.discover(d.pictures)
	if d.merge != nil && d.merge.inputs[1].opened {
		d.discover(d.merge.inputs[1].demuxer)
	}
	return d, nil
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
		for {
			from, err := d.next()
			if err != nil {
				if d.flush(yield) && err != io.EOF {
					yield(media.Unit{}, err)
				}
				return
			}
			if !d.decode(from, yield) {
				return
			}
		}
	}
}

// next reads the next packet and tells whose it is.
func (d *Decoder) next() (from *demuxer, err error) {
	if d.merge != nil {
		from, err = d.merge.next()
	} else {
		from, err = d.pictures, d.pictures.read()
	}
	if err == nil && d.read != nil {
		d.read(from.packet.Size())
	}
	return from, err
}

// decode hands a demuxer's packet to its track's decoder and yields what comes out. false: the reader wants no more.
func (d *Decoder) decode(from *demuxer, yield func(media.Unit, error) bool) bool {
	if from == d.pictures {
		d.position = max(d.position, from.packet.Pos())
	}
	stream := from.packet.StreamIndex()
	if stream >= len(from.index) {
		d.discover(from)
		if !d.yieldTracks(yield) {
			return false
		}
	}
	if stream >= len(from.index) || d.decoded[from.index[stream]] == nil {
		return true
	}
	t := d.decoded[from.index[stream]]
	if t.video && t != d.video {
		return d.overhear(t, from.packet, yield)
	}
	if !d.packets.yield(d, t, from.packet, yield) {
		return false
	}
	if t.video {
		d.foreign = 0
		return d.picture(t, from.packet, yield)
	}
	return d.drain(t, from.packet, yield)
}

// overhear deals with a packet of a video track that is not the chosen one. A track that appeared later takes over when the chosen one
// has ended; until then it is decoded without being shown, so that it has its references.
func (d *Decoder) overhear(t *track, p *astiav.Packet, yield func(media.Unit, error) bool) bool {
	if !t.late {
		return true
	}
	if d.foreign++; d.foreign <= maxForeign {
		for range t.decode(p, d.frame, &d.refused) {
		}
		return true
	}
	d.video, d.foreign = t, 0
	d.redescribe(t)
	return d.yieldTracks(yield) && d.packets.yield(d, t, p, yield) && d.drain(t, p, yield)
}

// redescribe brings the list up to date with t's format. What was yielded before is left as it was.
func (d *Decoder) redescribe(t *track) {
	d.tracks.List = slices.Clone(d.tracks.List)
	t.content.describe(&d.tracks.List[t.index])
}

// drain sends p, nil at the end, to t and yields what t has ready.
func (d *Decoder) drain(t *track, p *astiav.Packet, yield func(media.Unit, error) bool) bool {
	for u, changed := range t.decode(p, d.frame, &d.refused) {
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
func (d *Decoder) Errors() int { return d.refused.count }

// Position is where in the input the furthest packet begins that was read so far, in bytes; 0 when the container does not tell.
func (d *Decoder) Position() int64 { return d.position }

// Close frees everything; frames and samples that were yielded are gone.
func (d *Decoder) Close() {
	for _, t := range d.decoded {
		if t != nil {
			t.free()
		}
	}
	d.decoded = nil
	d.frame.Free()
	if d.merge != nil {
		d.merge.close()
	} else {
		d.pictures.free()
	}
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
