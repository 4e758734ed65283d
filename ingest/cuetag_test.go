package ingest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// closed is a section with its length, which counts the CRC-32 that is added.
func closed(s []byte) []byte {
	s[1], s[2] = s[1]&0xf0|byte((len(s)+1)>>8), byte(len(s)+1)
	sum := ^uint32(0)
	for _, b := range s {
		sum ^= uint32(b) << 24
		for range 8 {
			sum = sum<<1 ^ 0x04c11db7*(sum>>31)
		}
	}
	return binary.BigEndian.AppendUint32(s, sum)
}

// insertion is the splice_info_section of a splice_insert that leads out of the network, or back, at once.
func insertion(id byte, out bool) []byte {
	flags := byte(0x5f)
	if out {
		flags |= 0x80
	}
	command := []byte{0, 0, 0, id, 0x7f, flags, 0, 1, 0, 0}
	head := []byte{0xfc, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xf0, byte(len(command)), 5}
	return closed(append(append(head, command...), 0, 0))
}

// carrying is one packet with a section on PID 0x1ab.
func carrying(counter byte, section []byte) []byte {
	p := bytes.Repeat([]byte{0xff}, 188)
	copy(p, []byte{0x47, 0x41, 0xab, 0x10 | counter, 0})
	copy(p[5:], section)
	return p
}

// withCues lets a clip of ffmpeg's name a PID for cues in its PMT, and puts packets behind the first PMT in each of two parts, the first of 4 s.
func withCues(t *testing.T, clip []byte, cues [2][]byte) (parts [2][]byte) {
	t.Helper()
	part, tables := 0, 0
	for ; len(clip) >= 188; clip = clip[188:] {
		p := bytes.Clone(clip[:188])
		pmt := p[1] == 0x50 && p[2] == 0x00
		if p[1]&0x1f == 0 && p[2] == 0 && p[1]&0x40 != 0 { // a PAT, each 0.1 s
			if tables++; tables == 41 {
				part = 1
			}
		}
		if pmt {
			length := int(p[6]&0xf)<<8 | int(p[7])
			section := closed(append(bytes.Clone(p[5:5+3+length-4]), 0x86, 0xe1, 0xab, 0xf0, 0))
			copy(p[5:], section)
		}
		parts[part] = append(parts[part], p...)
		if pmt {
			parts[part] = append(parts[part], cues[part]...)
			cues[part] = nil
		}
	}
	if cues[0] != nil || cues[1] != nil {
		t.Fatalf("the clip has %d tables, and no place for the cues", tables)
	}
	return parts
}

// TestCueTags has a break of four seconds, whose beginning is in the playlist and whose end is not; of a playlist without tags nothing is said. All of it comes at
// once, and the break is told of while it is presented.
func TestCueTags(t *testing.T) {
	t.Parallel()
	parts := withCues(t, must(os.ReadFile(clip(t, 18, "clip.ts"))), [2][]byte{carrying(0, insertion(7, true)), carrying(1, insertion(7, false))})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/0.ts":
			w.Write(parts[0])
		case "/1.ts":
			w.Write(parts[1])
		default:
			tag := map[string]string{"/tagged.m3u8": fmt.Sprintf("#EXT-X-CUE-OUT:SCTE35=0x%X\n", insertion(7, true))}[r.URL.Path]
			fmt.Fprintf(w, "#EXTM3U\n#EXT-X-TARGETDURATION:14\n%s#EXTINF:4,\n0.ts\n#EXTINF:14,\n1.ts\n#EXT-X-ENDLIST\n", tag)
		}
	}))
	defer server.Close()
	edge, r := run(t, ingest.Defaults(), quiet())
	edge.Set("tagged", &schemas.StreamSpec{URL: server.URL + "/tagged.m3u8"})
	edge.Set("bare", &schemas.StreamSpec{URL: server.URL + "/bare.m3u8"})
	for _, c := range []struct{ stream, want string }{{"tagged", "0 and then 1"}, {"bare", "nothing"}} {
		of := r.wait(t, c.stream, "both cues", func(of []published) bool {
			events := 0
			for _, p := range seconds(of) {
				if s := p.StreamSecond.Splice; s != nil && s.Events != nil {
					events += len(*s.Events)
				}
			}
			return events == 2
		})
		events, unmatched, compared, out := 0, int32(0), 0, 0
		for _, p := range seconds(of) {
			s := p.StreamSecond.Splice
			if s == nil {
				continue
			}
			if s.Events != nil {
				events += len(*s.Events)
			}
			if s.Out {
				out++
			}
			if s.Unmatched != nil {
				compared++
				unmatched += *s.Unmatched
			}
		}
		if tagged := c.stream == "tagged"; events != 2 || tagged != (compared > 0) || tagged != (unmatched == 1) || out == 0 || out > 12 {
			t.Errorf("%s: %d cues, %d without a tag in %d seconds that tell, %d of them in the break, want 2, %s, and 1 to 12", c.stream, events, unmatched, compared, out, c.want)
		}
	}
}
