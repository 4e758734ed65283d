package source

// #cgo pkg-config: libavcodec
// #include <libavcodec/avcodec.h>
import "C"

import (
	"unsafe"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// keysApart is the least time between two key pictures that are decoded when only those are, 90 kHz: a stream may have nothing else.
const keysApart = media.Clock * 3 / 10

// keys is how pictures are passed over undecoded. Each key picture is then decoded by itself and comes out at once: its decoder is drained
// and emptied after it.
//
//	every picture --KeysOnly(true), next packet--> alone --KeysOnly(false), next key packet--> every picture but leading ones
type keys struct {
	// wanted is what was asked for, alone what is in force.
	wanted, alone bool
	// last is the newest key picture decoded alone, resumed the one that decoding went on with: those shown before it, and decoded after it, may hang
	// on what was passed over. 90 kHz, NoTime when there is none.
	last, resumed int64
}

var noKeys = keys{last: media.NoTime, resumed: media.NoTime}

// KeysOnly makes the pictures between key pictures be passed over undecoded from now on, or be decoded again from the next key picture on.
// It is called while Units yields, by the goroutine that reads them.
func (d *Decoder) KeysOnly(on bool) { d.keys.wanted = on }

// picture takes a packet of the chosen video track.
func (d *Decoder) picture(t *track, packet *astiav.Packet, yield func(media.Unit, error) bool) bool {
	k, p := &d.keys, t.content.(*picture)
	key, pts := packet.Flags().Has(astiav.PacketFlagKey), to90k(packet.Pts(), p.timeBase)
	switch {
	case k.wanted && !k.alone:
		k.alone, k.last = true, media.NoTime
		if !d.empty(t, yield) {
			return false
		}
	case !k.wanted && k.alone && key:
		k.alone, k.resumed = false, pts
	case key:
		k.resumed = media.NoTime
	}
	p.excused = (k.alone || k.resumed != media.NoTime) && t.codec.CodecID() == astiav.CodecIDH264
	if k.passes(key, pts) {
		p.packets.add(packet)
		return yield(media.Unit{Passed: true}, nil)
	}
	if !d.drain(t, packet, yield) {
		return false
	}
	if !k.alone {
		return true
	}
	k.last = pts
	return d.empty(t, yield)
}

// passes tells whether a packet is passed over.
func (k *keys) passes(key bool, pts int64) bool {
	known := pts != media.NoTime
	switch {
	case k.alone && key:
		return known && k.last != media.NoTime && pts >= k.last && pts-k.last < keysApart
	case k.alone:
		return true
	}
	return !key && known && k.resumed != media.NoTime && pts < k.resumed
}

// empty yields what t's decoder holds and makes it as new.
func (d *Decoder) empty(t *track, yield func(media.Unit, error) bool) bool {
	if !d.drain(t, nil, yield) {
		return false
	}
	C.avcodec_flush_buffers(contextOf(t.codec))
	return true
}

// contextOf is libav's own context of a decoder: go-astiav has no flush, and hands out no pointer. It is the first field of its struct.
func contextOf(c *astiav.CodecContext) *C.AVCodecContext {
	return *(**C.AVCodecContext)(unsafe.Pointer(c))
}
