package lab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// packetEdit spoils packets of an MPEG-TS of the evaluation set.
type packetEdit struct {
	// name tells edits apart in the cache.
	name string
	// make begins the edit of one clip: what comes of a packet at a time since the fault's start. Nil leaves the packet out.
	make func(random *rand.Rand) func(p packet, since time.Duration) packet
}

// edited is a transport stream with a fault, and from when to when packets were changed, by the pictures or sounds that they carry.
type edited struct {
	data        []byte
	first, last time.Duration
}

// apply spoils what is presented from from to before to; times are since the first picture. It is an error when nothing was there to be spoilt.
func (e *packetEdit) apply(data []byte, from, to time.Duration, random *rand.Rand) (edited, error) {
	change := e.make(random)
	out := edited{data: make([]byte, 0, len(data)), first: -1}
	start, newest := int64(-1), int64(0)
	units := map[int]int64{} // the time stamp of the unit that each PID is in
	for at := 0; at+packetSize <= len(data); at += packetSize {
		p := packet(data[at : at+packetSize])
		if stamp, err := p.pts(); p.starts() && err == nil {
			units[p.pid()], newest = stamp, stamp
			if p.pid() == pidPicture && start < 0 {
				start = stamp
			}
		}
		stamp, ok := units[p.pid()]
		if !ok {
			stamp = newest
		}
		now := time.Duration(stamp-start) * time.Second / clockRate
		if start < 0 || now < from || now >= to {
			out.data = append(out.data, p...)
			continue
		}
		spoilt := change(slices.Clone(p), now-from)
		if spoilt == nil || !slices.Equal(spoilt, p) {
			out.last = max(out.last, now)
			if out.first < 0 || now < out.first {
				out.first = now
			}
		}
		out.data = append(out.data, spoilt...)
	}
	if out.first < 0 {
		return out, errors.New("spoil packets: there is none")
	}
	return out, nil
}

// losing leaves out a share of the packets with pictures, at random, and one at least.
func losing(share float64) *packetEdit {
	return &packetEdit{fmt.Sprintf("losing %g", share), func(random *rand.Rand) func(packet, time.Duration) packet {
		seen, sure := 0, random.IntN(200)
		return func(p packet, _ time.Duration) packet {
			if p.pid() != pidPicture {
				return p
			}
			seen++
			if seen == sure || random.Float64() < share {
				return nil
			}
			return p
		}
	}}
}

// now and then spoils one packet of a PID so many times a second.
func nowAndThen(name string, pid int, times float64, spoil func(p packet, random *rand.Rand) packet) *packetEdit {
	return &packetEdit{fmt.Sprintf("%s %g", name, times), func(random *rand.Rand) func(packet, time.Duration) packet {
		done := 0
		return func(p packet, since time.Duration) packet {
			if p.pid() != pid || p.starts() || !p.hasPayload() || since.Seconds()*times < float64(done) {
				return p
			}
			done++
			return spoil(p, random)
		}
	}}
}

// garbling changes bytes of pictures.
func garbling(times float64) *packetEdit {
	return nowAndThen("garbling", pidPicture, times, func(p packet, random *rand.Rand) packet {
		b := p.payload()
		b[random.IntN(len(b))] ^= byte(1 + random.IntN(255))
		return p
	})
}

var (
	losingSound = nowAndThen("losing sound", pidSound, 2, func(packet, *rand.Rand) packet { return nil })
	wrongSync   = nowAndThen("wrong sync byte", pidPicture, 2, func(p packet, _ *rand.Rand) packet {
		p[0] = 0x46
		return p
	})
	flagged = nowAndThen("transport error flag", pidPicture, 2, func(p packet, _ *rand.Rand) packet {
		p[1] |= 0x80
		return p
	})
)

// always does the same with every packet.
func always(name string, do func(p packet, since time.Duration) packet) *packetEdit {
	return &packetEdit{name, func(*rand.Rand) func(packet, time.Duration) packet { return do }}
}

// allGone leaves nothing.
var allGone = always("all gone", func(packet, time.Duration) packet { return nil })

// brokenTable changes a byte of each PMT, so that its CRC is wrong.
var brokenTable = always("broken PMT", func(p packet, _ time.Duration) packet {
	if p.pid() == pidPMT {
		p[4+12] ^= 0x55
	}
	return p
})

// trackGone leaves out one PID.
func trackGone(pid int) *packetEdit {
	return always(fmt.Sprintf("without PID %d", pid), func(p packet, _ time.Duration) packet {
		if p.pid() == pid {
			return nil
		}
		return p
	})
}

// soundLate has the sound presented later than the pictures that it came with.
func soundLate(by time.Duration) *packetEdit {
	return always("sound late by "+by.String(), func(p packet, _ time.Duration) packet {
		if p.pid() == pidSound {
			p.delay(ticks(by), 0)
		}
		return p
	})
}

// jumping has all time stamps jump by 20 s every 1.5 s, forth and back, four times.
var jumping = always("jumping", func(p packet, since time.Duration) packet {
	const every = 1500 * time.Millisecond
	if since/every%2 == 0 {
		p.delay(ticks(20*time.Second), 0)
	}
	return p
})

// ticks is a time in 90 kHz.
func ticks(d time.Duration) int64 { return int64(d * clockRate / time.Second) }
