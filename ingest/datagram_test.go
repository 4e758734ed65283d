package ingest_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/internal/lab/peer"
	"github.com/framewatch/framewatch/schemas"
)

// ended waits until a stream has been up and then nothing came for 3 s, and is what was published up to then.
func ended(t *testing.T, r *recorder, name string) []published {
	t.Helper()
	return r.wait(t, name, "up, then silent", func(of []published) bool {
		up := false
		for _, s := range seconds(of) {
			up = up || s.StreamSecond.State == ingest.Up
			if up && s.StreamSecond.State == ingest.Down && strings.Contains(s.StreamSecond.Reason, "no datagrams for 3s") {
				return true
			}
		}
		return false
	})
}

// stamps are the PTS of the pictures of the newest session.
func stamps(of []published) (pts []int64) {
	session := int64(0)
	for _, p := range frames(of) {
		if p.VideoFrame.Session > session {
			session, pts = p.VideoFrame.Session, nil
		}
		pts = append(pts, p.VideoFrame.PTS)
	}
	return pts
}

// offline are the PTS of the pictures as a file is measured.
func offline(t *testing.T, path string) (pts []int64) {
	t.Helper()
	records, err := measure(t, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range records {
		if f.VideoFrame != nil {
			pts = append(pts, f.VideoFrame.PTS)
		}
	}
	return pts
}

// datagrams adds up what the seconds tell of them.
func datagrams(of []published) (total schemas.Datagrams) {
	total.Rtp = &schemas.RTP{}
	for _, p := range seconds(of) {
		d := p.StreamSecond.Datagrams
		if d == nil {
			continue
		}
		total.Received += d.Received
		total.Unaligned += d.Unaligned
		total.Dropped += d.Dropped
		if r := d.Rtp; r != nil {
			total.Rtp.Packets += r.Packets
			total.Rtp.Lost += r.Lost
			total.Rtp.Duplicates += r.Duplicates
			total.Rtp.Reordered += r.Reordered
			total.Rtp.Late += r.Late
			total.Rtp.Ignored += r.Ignored
			total.Rtp.Restarts += r.Restarts
		}
	}
	return total
}

// relay passes datagrams on to a port; passed says for the nth what becomes of it: which datagrams are sent on.
func relay(t *testing.T, port int, passed func(n int, b []byte) [][]byte) (at int) {
	t.Helper()
	in, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	out, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1<<16)
		for n := 0; ; n++ {
			length, _, err := in.ReadFrom(b)
			if err != nil {
				return
			}
			for _, d := range passed(n, bytes.Clone(b[:length])) {
				out.Write(d)
			}
		}
	}()
	t.Cleanup(func() {
		in.Close()
		<-done
		out.Close()
	})
	return in.LocalAddr().(*net.UDPAddr).Port
}

// What a network does to RTP is counted exactly: 7 packets are lost in 3 places, 4 come twice, 3 come late, one of them too late.
// What is lost shows as continuity errors, what is put right does not.
func TestRTPFaults(t *testing.T) {
	path := clip(t, 3, "clip.ts")
	edge, r := run(t, ingest.Defaults(), quiet())
	p := peer.EvenPort(t)
	edge.Set("s", &schemas.StreamSpec{URL: fmt.Sprintf("rtp://127.0.0.1:%d?timeout=3000000&reorder_queue_size=10&max_delay=3000000", p)})
	peer.Listening(t, p, 1)
	var kept []byte
	sent := 0
	through := relay(t, p, func(n int, b []byte) [][]byte {
		sent++
		switch n {
		case 30, 60, 61, 90, 91, 92, 93:
			return nil // 7 are lost
		case 100, 101, 102, 103:
			return [][]byte{b, b} // 4 come twice
		case 110, 120, 130:
			kept = b
			return nil
		case 111, 124, 145: // behind the next, behind the fourth, behind the fifteenth
			return [][]byte{b, kept}
		case 150:
			return [][]byte{b, {0x81, 200, 0, 1, 0, 0, 0, 1}} // a receiver report on the same port
		}
		return [][]byte{b}
	})
	peer.Multicat(t, path, "-u", fmt.Sprintf("127.0.0.1:%d", through))
	of := ended(t, r, "s")
	d := datagrams(of)
	if sent < 160 {
		t.Fatalf("the clip makes %d datagrams, want 160 and more", sent)
	}
	want := schemas.RTP{Packets: int32(sent) - 8, Lost: 8, Duplicates: 4, Reordered: 2, Late: 1, Ignored: 1}
	if *d.Rtp != want || d.Dropped != 0 {
		t.Errorf("counted %s, want %s", text(d), text(want))
	}
	content := must(os.ReadFile(path))
	total, _ := sum(of)
	if got, want := total.ContinuityErrors, continuity(content, 30, 60, 61, 90, 91, 92, 93, 130); text(got) != text(want) {
		t.Errorf("continuity errors %v, want %v", got, want)
	}
}

// continuity is what is missing of a clip by ffmpeg without some of its datagrams of 7 packets: for each place a PID's counter that does not go on.
func continuity(content []byte, lost ...int) map[string]int32 {
	errors, last, names := map[string]int32{}, map[int]byte{}, map[int]string{0: "pat", 256: "video", 257: "audio", 4096: "pmt"}
	for at := 0; at+188 <= len(content); at += 188 {
		p := content[at:]
		pid := int(p[1]&0x1f)<<8 | int(p[2])
		if slices.Contains(lost, at/188/7) || p[3]&0x10 == 0 {
			continue
		}
		counter := p[3] & 0xf
		if before, ok := last[pid]; ok && counter != (before+1)&0xf {
			name := names[pid]
			if name == "" {
				name = "other"
			}
			errors[name]++
		}
		last[pid] = counter
	}
	return errors
}
