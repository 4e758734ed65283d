package transport

import "bytes"

const (
	// packetSize in bytes, and the byte that a packet begins with.
	packetSize = 188
	syncByte   = 0x47
	// goodSyncs in a row regain synchrony, badSyncs in a row lose it: TR 101 290, 5.2.1.
	goodSyncs = 5
	badSyncs  = 2
	// strideMost is the longest distance of packets, windowMost what is held while synchrony is looked for, and probeMost how much of a
	// stream may come before its first packet: other media holds five sync bytes at the right distance by chance, too.
	strideMost = 204
	windowMost = 4096
	probeMost  = 64 << 10
)

// strides are the distances of packets: plain, with the time stamps of a recorder in front, with a Reed-Solomon code behind.
var strides = [...]int{packetSize, 192, strideMost}

// framer finds the packets in a stream of bytes.
//
//	seeking --5 sync bytes--> in synchrony --2 wrong ones--> seeking
//	   '--64 KiB and never a packet--> given up
type framer struct {
	// in is what was added and not looked at yet. held[from:to] is what came before it: the beginning of a packet, or where one is sought.
	in       []byte
	held     [windowMost]byte
	from, to int
	// stride is the distance of packets in synchrony, else 0; bad the wrong sync bytes in a row.
	stride, bad int
	// acquired tells that there was synchrony since Reset, regained that the next packet is the first of it.
	acquired, regained bool
	probed             int

	// Counters of the second: what was received once it was known for a transport stream, and what TR 101 290 counts.
	received, losses, wrong int
}

// Add takes further bytes, which must stay until Next has returned nil.
func (f *framer) Add(b []byte) {
	f.in = b
	if f.acquired {
		f.received += len(b)
	}
}

// Reset begins a new stream.
func (f *framer) Reset() {
	f.from, f.to, f.stride, f.bad, f.probed = 0, 0, 0, 0, 0
	f.acquired, f.regained = false, false
}

// Regained tells once whether the last packet is the first after synchrony was found.
func (f *framer) Regained() bool {
	r := f.regained
	f.regained = false
	return r
}

// Next is the next packet, valid until the next call; nil when more bytes are needed. Its first byte may be wrong.
func (f *framer) Next() []byte {
	for {
		if f.stride == 0 && !f.seek() {
			return nil
		}
		p := f.peek()
		if p == nil {
			return nil
		}
		if p[0] == syncByte {
			f.bad = 0
		} else if f.wrong++; f.bad+1 == badSyncs {
			f.losses++
			f.stride, f.bad = 0, 0
			continue
		} else {
			f.bad++
		}
		f.consume()
		return p
	}
}

// peek is the packet at hand, nil when it is not whole yet.
func (f *framer) peek() []byte {
	if f.from == f.to {
		if len(f.in) >= f.stride {
			return f.in[:packetSize]
		}
		f.from, f.to = 0, 0
	}
	if f.to-f.from < f.stride {
		f.fill(f.stride)
	}
	if f.to-f.from < f.stride {
		return nil
	}
	return f.held[f.from : f.from+packetSize]
}

// consume passes over the packet that peek gave.
func (f *framer) consume() {
	if f.from == f.to {
		f.in = f.in[f.stride:]
		return
	}
	f.from += f.stride
}

// fill moves bytes from in until n are held.
func (f *framer) fill(n int) {
	if f.from > 0 {
		f.to = copy(f.held[:], f.held[f.from:f.to])
		f.from = 0
	}
	if n > f.to {
		moved := copy(f.held[f.to:n], f.in)
		f.to += moved
		f.in = f.in[moved:]
	}
}

// seek looks for goodSyncs sync bytes at the distance of packets. False: more bytes are needed, or the stream was given up.
func (f *framer) seek() bool {
	if !f.acquired && f.probed > probeMost {
		f.in = nil
		return false
	}
	for {
		f.fill(windowMost)
		before := f.from
		for {
			next := bytes.IndexByte(f.held[f.from:f.to], syncByte)
			if next < 0 {
				f.from = f.to
				break
			}
			f.from += next
			stride, decided := f.test()
			if stride > 0 {
				f.stride, f.acquired, f.regained = stride, true, true
				return true
			}
			if !decided {
				break
			}
			f.from++
		}
		f.probed += f.from - before
		if len(f.in) == 0 {
			return false
		}
	}
}

// test is the distance of packets if they begin at from, else 0. Not decided: that takes further bytes.
func (f *framer) test() (stride int, decided bool) {
	window := f.held[f.from:f.to]
	for _, s := range strides {
		if len(window) <= (goodSyncs-1)*s {
			return 0, false
		}
		good := 1
		for good < goodSyncs && window[good*s] == syncByte {
			good++
		}
		if good == goodSyncs {
			return s, true
		}
	}
	return 0, true
}
