package source

import (
	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
)

// packets remembers the packets last sent to a decoder: pictures come out later and in another order, and AVFrame keeps too little
// of the packet that held it. The depth is more than any codec reorders.
type packets struct {
	ring  [64]packet
	count int
}

// packet is what a picture inherits from the packet that held it. Time stamps are in the stream's time base.
type packet struct {
	pts, dts, position int64
	size, concealed    int
	corrupt            bool
}

func (ps *packets) add(p *astiav.Packet) {
	ps.ring[ps.count%len(ps.ring)] = packet{
		pts: p.Pts(), dts: p.Dts(), position: p.Pos(), size: p.Size(), corrupt: p.Flags().Has(astiav.PacketFlagCorrupt),
	}
	ps.count++
}

// conceal adds macroblocks to the newest packet.
func (ps *packets) conceal(macroblocks int) {
	if ps.count > 0 {
		ps.ring[(ps.count-1)%len(ps.ring)].concealed += macroblocks
	}
}

// find is the packet of these three, or of that time stamp when a parser has cut it anew, or else one of unknown time.
func (ps *packets) find(pts, position int64, size int) packet {
	best := packet{pts: media.NoTime, dts: media.NoTime, size: size}
	for i := range min(ps.count, len(ps.ring)) {
		p := ps.ring[(ps.count-1-i)%len(ps.ring)]
		if p.pts != pts {
			continue
		}
		if p.position == position && p.size == size {
			return p
		}
		if best.pts == media.NoTime && pts != media.NoTime {
			best = p
		}
	}
	return best
}
