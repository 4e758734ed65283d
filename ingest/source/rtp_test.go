package source_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
	"pgregory.net/rapid"
)

// wrapped is an RTP packet of a sender with one packet of MPEG-TS, in which the sequence number stands as well.
func wrapped(ssrc uint32, kind byte, sequence uint16) []byte {
	b := make([]byte, 12+188)
	b[0], b[1], b[12] = 0x80, kind, 0x47
	binary.BigEndian.PutUint16(b[2:], sequence)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	binary.BigEndian.PutUint16(b[14:], sequence)
	return b
}

// arrivals plays what comes, one a millisecond: a number is a sequence number, with a letter in front of another sender, with ! behind it after two
// datagrams that this machine lost; x is no RTP, "wait" a second in which nothing comes. It returns what was given, | in front of what does not
// go on, and what was counted: packets, lost, duplicates, reordered, late, ignored, restarts.
func arrivals(depth int, what string) (given, counted string) {
	var out []string
	s := source.NewSequencer(depth, 50*time.Millisecond, func(data []byte, broken bool) {
		n := fmt.Sprint(binary.BigEndian.Uint16(data[2:]))
		if broken {
			n = "|" + n
		}
		out = append(out, n)
	})
	now := time.Unix(1000, 0)
	for _, w := range strings.Fields(what) {
		now = now.Add(time.Millisecond)
		sender, lost, sequence := uint32(0), 0, 0
		switch {
		case w == "wait":
			if now = now.Add(time.Second); !s.Held().IsZero() {
				s.Expire(now)
			}
			continue
		case w == "x":
			s.Take([]byte{0x80, 200, 0, 1, 0, 0, 0, 0}, 0, now) // RTCP
			continue
		case w[0] >= 'a':
			sender, w = uint32(w[0]), w[1:]
		}
		if strings.HasSuffix(w, "!") {
			lost, w = 2, w[:len(w)-1]
		}
		fmt.Sscan(w, &sequence)
		s.Take(wrapped(sender, 33, uint16(sequence)), lost, now)
	}
	if !s.Held().IsZero() {
		s.Expire(now.Add(time.Hour))
	}
	d, _ := s.Meter.Datagrams()
	return strings.Join(out, " "), fmt.Sprint(d.Packets, d.Lost, d.Duplicates, d.Reordered, d.Late, d.Ignored, d.Restarts)
}

func TestRTP(t *testing.T) {
	for _, c := range []struct{ name, what, given, counted string }{
		{"in order", "7 8 9", "7 8 9", "3 0 0 0 0 0 0"},
		{"round the end", "65534 65535 0 1", "65534 65535 0 1", "4 0 0 0 0 0 0"},
		{"one lost, waited for by packets", "1 2 4 5 6 7 8", "1 2 4 5 6 7 8", "7 1 0 0 0 0 0"},
		{"one lost, waited for by time", "1 2 4 wait 5", "1 2 4 5", "4 1 0 0 0 0 0"},
		{"two swapped", "1 3 2 4", "1 2 3 4", "4 0 0 1 0 0 0"},
		{"late by three", "1 3 4 5 2 6", "1 2 3 4 5 6", "6 0 0 1 0 0 0"},
		{"held back out of order", "1 4 3 2 5", "1 2 3 4 5", "5 0 0 2 0 0 0"},
		{"too late", "1 3 4 5 6 7 2 8", "1 3 4 5 6 7 8", "7 1 0 0 1 0 0"},
		{"came again", "1 2 2 3 1", "1 2 3", "3 0 2 0 0 0 0"},
		{"came again while held back", "1 3 3 2", "1 2 3", "3 0 1 1 0 0 0"},
		{"a gap of three hundred", "1 302 wait 303", "1 302 303", "3 300 0 0 0 0 0"},
		{"two gaps", "1 3 5 wait 6", "1 3 5 6", "4 2 0 0 0 0 0"},
		{"another payload on the port", "1 x 2 x", "1 2", "2 0 0 0 0 2 0"},
		{"another sender takes over", "1 2 b900 b901 b902 b903 b904 b905", "1 2 |900 901 902 903 904 905", "8 0 0 0 0 0 1"},
		{"a few packets of another sender", "1 b7 b8 2 b9 3", "1 2 3", "3 0 0 0 0 3 0"},
		{"another sender's are no row", "1 b7 b9 b11 b13 b15 2", "1 2", "2 0 0 0 0 5 0"},
		{"the sender begins anew", "9 10 30000 30001 30002 30003 30004", "9 10 |30000 30001 30002 30003 30004", "7 0 0 0 0 0 1"},
		{"what was held back is given before that", "1 3 b7 b8 b9 b10 b11", "1 3 |7 8 9 10 11", "7 1 0 0 0 0 1"},
		{"lost by this machine", "1 2 5! wait 6", "1 2 |5 6", "4 0 0 0 0 0 0"},
		{"by this machine and before it", "1 2 6! wait 7", "1 2 |6 7", "4 1 0 0 0 0 0"},
		{"this machine lost what was no part of it", "1 2! 3 5 wait", "1 2 3 5", "4 1 0 0 0 0 0"},
	} {
		if given, counted := arrivals(4, c.what); given != c.given || counted != c.counted {
			t.Errorf("%s: %s\ngot  %s (%s)\nwant %s (%s)", c.name, c.what, given, counted, c.given, c.counted)
		}
	}
}

// However packets are lost, repeated and moved by less than is waited for, what is left comes out in order and is counted exactly.
func TestRTPIsCountedExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n, moved = 200, 8
		first := rapid.Uint16().Draw(t, "first")
		type arrival struct{ sequence, at int }
		var order []arrival
		var lost, again int64
		for i := range n {
			fate := 0
			if i > moved && i < n-moved { // the beginning and the end are seen only by what comes
				fate = rapid.IntRange(0, 19).Draw(t, "fate")
			}
			switch fate {
			case 1:
				lost++
				continue
			case 2:
				again++
				order = append(order, arrival{i, i*2 + rapid.IntRange(0, 2*moved).Draw(t, "by")})
			}
			by := 0
			if fate == 3 {
				by = rapid.IntRange(0, 2*moved-1).Draw(t, "by")
			}
			order = append(order, arrival{i, i*2 + by})
		}
		slices.SortStableFunc(order, func(a, b arrival) int { return a.at - b.at })
		var given []uint16
		s := source.NewSequencer(3*moved, time.Hour, func(data []byte, broken bool) {
			if broken {
				t.Fatal("nothing breaks")
			}
			given = append(given, binary.BigEndian.Uint16(data[2:]))
		})
		for _, a := range order {
			s.Take(wrapped(1, 33, first+uint16(a.sequence)), 0, time.Unix(0, 0))
		}
		s.Expire(time.Unix(1<<20, 0))
		for i := 1; i < len(given); i++ {
			if int16(given[i]-given[i-1]) <= 0 {
				t.Fatalf("%d is given after %d", given[i], given[i-1])
			}
		}
		if d, _ := s.Meter.Datagrams(); d.Packets != n-lost || d.Lost != lost || d.Duplicates != again || d.Late != 0 || int64(len(given)) != d.Packets {
			t.Fatalf("%d given, %+v; want %d lost, %d again", len(given), d, lost, again)
		}
	})
}

// Header extensions, contributing sources and padding are no media.
func TestRTPHeader(t *testing.T) {
	media := append([]byte{0x47}, make([]byte, 187)...)
	plain := append([]byte{0x80, 33, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, media...)
	full := append([]byte{0xb2, 0x80 | 33, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xab, 0xcd, 0, 1, 9, 9, 9, 9}, media...)
	full = append(full, 0, 0, 0, 4)
	dynamic := bytes.Clone(plain)
	dynamic[1] = 96
	other := append(bytes.Clone(dynamic), 0)
	version := bytes.Clone(plain)
	version[0] = 0x40
	cut := bytes.Clone(full)[:24]
	over := bytes.Clone(full)
	over[len(over)-1] = 255
	for name, c := range map[string]struct {
		datagram []byte
		media    bool
	}{
		"plain": {plain, true}, "full": {full, true}, "dynamic payload type": {dynamic, true}, "another payload": {other, false}, "version 1": {version, false},
		"cut": {cut, false}, "padding longer than all": {over, false}, "empty payload": {plain[:12], false},
	} {
		var given []byte
		s := source.NewSequencer(4, time.Second, func(data []byte, _ bool) { given = append(given, data...) })
		s.Take(c.datagram, 0, time.Unix(0, 0))
		d, _ := s.Meter.Datagrams()
		if c.media != bytes.Equal(given, media) || (d.Ignored == 1) == c.media {
			t.Errorf("%s: %d bytes given, %d ignored", name, len(given), d.Ignored)
		}
	}
}

// FuzzRTP takes any datagrams: two bytes of length before each.
func FuzzRTP(f *testing.F) {
	var seed []byte
	for i := range 40 {
		p := wrapped(uint32(i/30), 33, uint16(i*i%50))
		seed = append(binary.BigEndian.AppendUint16(seed, uint16(len(p))), p...)
	}
	f.Add(seed, 4)
	f.Fuzz(func(t *testing.T, b []byte, depth int) {
		given, datagrams := int64(0), int64(0)
		s := source.NewSequencer(min(max(depth, 0), 512), 50*time.Millisecond, func(data []byte, _ bool) {
			given++
			if len(data) == 0 {
				t.Error("empty media is given")
			}
		})
		now := time.Unix(1000, 0)
		for ; len(b) >= 2; now = now.Add(10 * time.Millisecond) {
			n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
			s.Take(b[2:2+n], n%3, now)
			b = b[2+n:]
			datagrams++
			if held := s.Held(); !held.IsZero() && !now.Before(held) {
				s.Expire(now)
			}
		}
		s.Expire(now.Add(time.Hour))
		d, _ := s.Meter.Datagrams()
		if given != d.Packets || d.Packets+d.Duplicates+d.Late+d.Ignored > datagrams || d.Packets+d.Duplicates+d.Late+d.Ignored < datagrams-4 || d.Lost < 0 || d.Reordered > datagrams {
			t.Errorf("%d given of %d: %+v", given, datagrams, d)
		}
	})
}
