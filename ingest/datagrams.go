package ingest

import (
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/schemas"
)

// datagramSecond is the share that the second between two states of a meter has.
func datagramSecond(before, now source.DatagramState) *schemas.Datagrams {
	d := &schemas.Datagrams{
		Received: grown(before.Received, now.Received), Unaligned: grown(before.Unaligned, now.Unaligned), Dropped: grown(before.Dropped, now.Dropped),
		ReceiveBuffer: narrow(int64(now.Buffer)),
	}
	if now.RTP {
		d.Rtp = &schemas.RTP{
			Packets: grown(before.Packets, now.Packets), Lost: grown(before.Lost, now.Lost), Duplicates: grown(before.Duplicates, now.Duplicates),
			Reordered: grown(before.Reordered, now.Reordered), Late: grown(before.Late, now.Late), Ignored: grown(before.Ignored, now.Ignored),
			Restarts: grown(before.Restarts, now.Restarts),
		}
	}
	return d
}

// grown is by how much a total has grown.
func grown(before, now int64) int32 { return narrow(now - before) }
