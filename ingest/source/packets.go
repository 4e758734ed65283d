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
	size               int
	key, corrupt       bool
	told               told
	// flagged tells that the decoder flagged the picture itself.
	flagged bool
	// before is what the packet's pictures may be predicted from.
	before ancestry
}

func (ps *packets) add(p *astiav.Packet) {
	next := packet{
		pts: p.Pts(), dts: p.Dts(), position: p.Pos(), size: p.Size(),
		key: p.Flags().Has(astiav.PacketFlagKey), corrupt: p.Flags().Has(astiav.PacketFlagCorrupt),
	}
	next.before = ps.ancestry()
	*ps.at(ps.count) = next
	ps.count++
}

// ancestry is that of the next packet.
func (ps *packets) ancestry() ancestry {
	if ps.count == 0 {
		return ancestry{}
	}
	return ps.at(ps.count - 1).ancestry()
}

// tell adds what the decoder told to the newest packet.
func (ps *packets) tell(t told) {
	if ps.count == 0 {
		return
	}
	to := &ps.at(ps.count - 1).told
	to.concealed += t.concealed
	to.errors += t.errors
	to.lost += t.lost
}

// flag tells that the i-th packet's picture came out damaged.
func (ps *packets) flag(i int) {
	if ps.at(i).damaged() {
		return
	}
	ps.at(i).flagged = true
	for i++; i < ps.count; i++ {
		ps.at(i).before = ps.at(i - 1).ancestry()
	}
}

// find is the number of the packet of these three, or of that time stamp when a parser has cut it anew; -1 when there is none.
func (ps *packets) find(pts, position int64, size int) int {
	best := -1
	for i := ps.count - 1; i >= max(0, ps.count-len(ps.ring)); i-- {
		p := ps.at(i)
		if p.pts != pts {
			continue
		}
		if p.position == position && p.size == size {
			return i
		}
		if best < 0 && pts != media.NoTime {
			best = i
		}
	}
	return best
}

// at is the i-th packet, one of the last.
func (ps *packets) at(i int) *packet { return &ps.ring[i%len(ps.ring)] }
