package source

import (
	"bytes"
	"errors"
	"fmt"
)

const (
	syncByte = 0x47
	// gateSyncs in a row at the distance of packets make a transport stream, which gateMost bytes must show.
	gateSyncs = 5
	gateMost  = 64 << 10
)

// packetSizes of MPEG-TS: plain, with time stamps in front, with a Reed-Solomon code behind.
var packetSizes = [...]int{188, 192, 204}

// gate lets data through from where it is MPEG-TS for sure, so that nothing else gets to a worker.
type gate struct {
	held []byte
	// looked is up to where the packets were looked for.
	looked int
	open   bool
}

// Add is what may pass of what was added, valid until the next call. An error tells that it is something else.
func (g *gate) Add(data []byte) ([]byte, error) {
	if g.open {
		return data, nil
	}
	g.held = append(g.held, data...)
	at, found := findPackets(g.held, g.looked)
	if found {
		data, g.held, g.open = g.held[at:], nil, true
		return data, nil
	}
	if g.looked = at; at > gateMost {
		return nil, g.refused()
	}
	return nil, nil
}

// refused says what was there instead.
func (g *gate) refused() error {
	if len(g.held) == 0 {
		return errors.New("there is no MPEG-TS in the datagrams")
	}
	return fmt.Errorf("there is no MPEG-TS in the datagrams: they begin with % x", g.held[:min(len(g.held), 8)])
}

// IsTransport tells whether what begins a file is MPEG-TS.
func IsTransport(beginning []byte) bool {
	at, found := findPackets(beginning, 0)
	return found && at <= gateMost
}

// findPackets looks for a transport stream's packets from from on. Not found: there is none before at.
func findPackets(b []byte, from int) (at int, found bool) {
	for at = from; at < len(b); at++ {
		next := bytes.IndexByte(b[at:], syncByte)
		if next < 0 {
			return len(b), false
		}
		at += next
		short := false
		for _, size := range packetSizes {
			n := 1
			for n < gateSyncs && at+n*size < len(b) && b[at+n*size] == syncByte {
				n++
			}
			if n == gateSyncs {
				return at, true
			}
			short = short || at+n*size >= len(b)
		}
		if short {
			return at, false
		}
	}
	return at, false
}
