package ingest_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/internal/lab/peer"
	"github.com/framewatch/framewatch/schemas"
)

// flower is 150 pictures of 960x540 at 29.97 a second with two B-frames in a row, 5 s of stereo AAC, a key picture at 0 and 3 s.
const flower = "flower_540p2997_h264_aac.mp4"

func testClip(t *testing.T, name string) string {
	t.Helper()
	return must(filepath.Abs(filepath.Join("..", "testdata", "clips", name)))
}

// passphrase as srt-live-transmit takes it, which decodes nothing, and as it stands in a URL of ours.
const passphrase, encoded = "correct+horse/battery%staple", "correct+horse/battery%25st%61ple"

// What servers and senders of others send over each protocol comes out as if the file had been decoded, picture by picture. SRT gets two
// seconds of latency, so that a machine that is busy loses nothing.
func TestDirectProtocols(t *testing.T) {
	clip := testClip(t, flower)
	want, sound := measured(t, clip)
	for _, c := range []struct {
		name string
		// begin starts the peer and returns the URL, play makes it send what it does not send by itself.
		begin func(t *testing.T) (url string, play func())
		// late are the pictures that come only when more follows or the source ends: the decoder keeps two back to bring them in order, and of
		// SRT the demuxer ends a picture with the next and the sender fills up its datagrams.
		late int
		// first is by how much the first picture's time stamp may be off, 90 kHz: libav gets to know RTSP's only after it.
		first int64
	}{
		{"srt caller", func(t *testing.T) (string, func()) {
			port := peer.Port(t)
			p := peer.StartSRT(t, fmt.Sprintf("srt://127.0.0.1:%d?mode=listener&pbkeylen=32&passphrase=%s", port, passphrase))
			return fmt.Sprintf("srt://127.0.0.1:%d?passphrase=%s&pbkeylen=32&latency=2000&streamid=#!::r=live/1", port, encoded), func() { p.Play(clip) }
		}, 6, 0},
		{"srt listener", func(t *testing.T) (string, func()) {
			port := peer.Port(t)
			return fmt.Sprintf("srt://127.0.0.1:%d?mode=listener&latency=2000&passphrase=%s", port, encoded), func() {
				peer.StartSRT(t, fmt.Sprintf("srt://127.0.0.1:%d?passphrase=%s", port, passphrase)).Play(clip)
			}
		}, 6, 0},
		{"rtmp", func(t *testing.T) (string, func()) {
			port := peer.Port(t)
			p := peer.RTMP(t, port)
			return fmt.Sprintf("rtmp://127.0.0.1:%d/live/key-1?token=hunter2", port), func() {
				p.Says("play: name='key-1'")
				peer.FFmpeg(t, clip, "-f", "flv", fmt.Sprintf("rtmp://127.0.0.1:%d/live/key-1", port))
			}
		}, 2, 0},
		{"rtmps", func(t *testing.T) (string, func()) {
			port := peer.Port(t)
			p := peer.RTMP(t, port)
			_, c := peer.Certificate(t)
			return fmt.Sprintf("rtmps://127.0.0.1:%d/live/key-1?tls_verify=0", peer.TLS(t, c, port)), func() {
				p.Says("play: name='key-1'")
				peer.FFmpeg(t, clip, "-f", "flv", fmt.Sprintf("rtmp://127.0.0.1:%d/live/key-1", port))
			}
		}, 2, 0},
		{"rtsp", func(t *testing.T) (string, func()) {
			_, port := peer.RTSP(t, clip, 0, "bob", "hunter2@")
			return fmt.Sprintf("rtsp://bob:hunter2%%40@127.0.0.1:%d/clip", port), func() {}
		}, 2, 9000},
		{"rtsp over UDP", func(t *testing.T) (string, func()) {
			_, port := peer.RTSP(t, clip, 0)
			return fmt.Sprintf("rtsp://127.0.0.1:%d/clip?rtsp_transport=udp", port), func() {}
		}, 2, 9000},
		{"rtsps", func(t *testing.T) (string, func()) {
			path, _ := peer.Certificate(t)
			_, port := peer.RTSP(t, clip, 0, "bob", "hunter2", path)
			return fmt.Sprintf("rtsps://bob:hunter2@127.0.0.1:%d/clip?tls_verify=0", port), func() {}
		}, 2, 9000},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, play := c.begin(t)
			edge, r := run(t, patient(), quiet())
			edge.Set("s", &schemas.StreamSpec{URL: url, Loop: true}) // which is for files
			play()
			of := r.wait(t, "s", "all pictures", func(of []published) bool { return len(frames(of)) >= len(want)-c.late })
			same(t, frames(of), want, c.first)
			blocks := 0
			for _, p := range of {
				if p.AudioBlock != nil {
					blocks++
				}
			}
			if blocks < sound-8 || blocks > sound+1 {
				t.Errorf("%d blocks of sound, want about %d", blocks, sound)
			}
			of = r.wait(t, "s", "a second with timing", func(of []published) bool {
				for _, s := range seconds(of) {
					if s.StreamSecond.Timing != nil {
						return true
					}
				}
				return false
			})
			var bytes, packets int64
			for _, s := range seconds(of) {
				if v := s.StreamSecond; v.Restarts != 0 || strings.Contains(v.Reason, "hunter2") || strings.Contains(v.Reason, "horse") {
					t.Errorf("second %+v", *v)
				}
				bytes += s.StreamSecond.Bytes
			}
			for _, f := range frames(of) {
				packets += int64(f.VideoFrame.Decode.PacketSize)
			}
			if bytes < packets/2 || bytes > 2*packets {
				t.Errorf("%d bytes in all seconds, %d in the packets of the pictures", bytes, packets)
			}
		})
	}
}

// patient is the default configuration for workers that may be slow to begin, where many begin at once.
func patient() ingest.Config {
	c := ingest.Defaults()
	c.StallAfter = 40 * time.Second
	return c
}

// measured is what a file's pictures are when it is decoded, and how many blocks of sound it has.
func measured(t *testing.T, path string) (pictures []*schemas.VideoFrame, sound int) {
	t.Helper()
	err := ingest.Measure(context.Background(), ingest.MeasureConfig{URL: path, Log: quiet()}, func(f *schemas.Feature) error {
		switch {
		case f.VideoFrame != nil:
			v := *f.VideoFrame
			pictures = append(pictures, &v)
		case f.AudioBlock != nil:
			sound++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pictures, sound
}

// same checks that the pictures are those of the file, from its first on, at the same distances: RTMP's are rounded to milliseconds.
func same(t *testing.T, got []published, want []*schemas.VideoFrame, first int64) {
	t.Helper()
	if len(got) > len(want) {
		got = got[:len(want)] // it begins again
	}
	for i, p := range got {
		v, w := p.VideoFrame, want[i]
		if v.Hash.Exact != w.Hash.Exact {
			t.Errorf("picture %d is another than in the file", i)
		}
		if i == 0 {
			continue
		}
		tolerance := int64(90)
		if i == 1 {
			tolerance += first
		}
		step, wanted := v.PTS-got[i-1].VideoFrame.PTS, w.PTS-want[i-1].PTS
		if i > 1 && step <= 0 || step < wanted-tolerance || step > wanted+tolerance {
			t.Errorf("picture %d comes %d after the one before, %d in the file", i, step, wanted)
		}
		if v.Seq != int64(i) || v.Epoch != 0 || v.At < got[i-1].VideoFrame.At || v.Session != got[0].VideoFrame.Session {
			t.Errorf("picture %d: session %d, epoch %d, seq %d, at %d after %d", i, v.Session, v.Epoch, v.Seq, v.At, got[i-1].VideoFrame.At)
		}
	}
}

// Why a source cannot be opened is told clearly, soon, as the source's doing, and without its secrets.
func TestDirectRefused(t *testing.T) {
	t.Parallel()
	free := peer.Port(t)
	encrypted := peer.Port(t)
	peer.StartSRT(t, fmt.Sprintf("srt://127.0.0.1:%d?mode=listener&passphrase=%s", encrypted, passphrase))
	_, login := peer.RTSP(t, testClip(t, flower), 0, "bob", "hunter2hunter2")
	server := peer.Port(t)
	peer.RTMP(t, server)
	_, c := peer.Certificate(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes the connections and nobody says a word
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	mute := silent.Addr().(*net.TCPAddr).Port
	edge, r := run(t, patient(), quiet())
	sources := map[string]struct{ url, state, reason string }{
		"srt nobody":     {fmt.Sprintf("srt://127.0.0.1:%d?passphrase=Pl4ntedS3cret", free), ingest.Down, "no answer"},
		"srt no caller":  {fmt.Sprintf("srt://127.0.0.1:%d?mode=listener&passphrase=Pl4ntedS3cret", peer.Port(t)), ingest.Down, "no answer within 12s"},
		"srt wrong":      {fmt.Sprintf("srt://127.0.0.1:%d?passphrase=Pl4ntedS3cret", encrypted), ingest.Down, "the peer refuses: Incorrect passphrase"},
		"srt none":       {fmt.Sprintf("srt://127.0.0.1:%d?streamid=Pl4ntedS3cret", encrypted), ingest.Down, "the peer refuses: Password required or unexpected"},
		"srt short":      {"srt://127.0.0.1:9?passphrase=Pl4nted", ingest.Fault, "10 to 79"},
		"rtmp refused":   {fmt.Sprintf("rtmp://bob:Pl4ntedS3cret@127.0.0.1:%d/live/Pl4ntedS3cret", free), ingest.Down, "Connection refused"},
		"rtmp silent":    {fmt.Sprintf("rtmp://127.0.0.1:%d/live/Pl4ntedS3cret", mute), ingest.Down, "no answer within 12s"},
		"rtmps unproved": {fmt.Sprintf("rtmps://127.0.0.1:%d/live/Pl4ntedS3cret", peer.TLS(t, c, server)), ingest.Down, "certificate"},
		"rtsp refused":   {fmt.Sprintf("rtsp://bob:Pl4ntedS3cret@127.0.0.1:%d/clip", free), ingest.Down, "Connection refused"},
		"rtsp silent":    {fmt.Sprintf("rtsp://bob:Pl4ntedS3cret@127.0.0.1:%d/clip?x=Pl4ntedS3cret", mute), ingest.Down, "no answer within 12s"},
		"rtsp wrong":     {fmt.Sprintf("rtsp://bob:Pl4ntedS3cret@127.0.0.1:%d/clip", login), ingest.Down, "401 Unauthorized"},
		"rtsp missing":   {fmt.Sprintf("rtsp://bob:hunter2hunter2@127.0.0.1:%d/none?Pl4ntedS3cret", login), ingest.Down, "404 Not Found"},
		"rtsps unproved": {"rtsps://bob:Pl4ntedS3cret@127.0.0.1:9/clip", ingest.Fault, "tls_verify=0"},
	}
	for id, c := range sources {
		edge.Set(id, &schemas.StreamSpec{URL: c.url})
	}
	for id, c := range sources {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := r.second(t, id, c.state, c.reason)
			if s.Restarts != 0 {
				t.Errorf("%d restarts: it is no fault of ours", s.Restarts)
			}
			for _, s := range seconds(r.all(id)) {
				if v := s.StreamSecond; strings.Contains(v.Reason, "Pl4nted") || strings.Contains(v.Reason, "hunter2") || v.State == ingest.Up {
					t.Errorf("second %+v", *v)
				}
			}
		})
	}
}

// A sender that goes away takes its stream down, with the reason, and up again when it is back; one that falls silent is found out.
func TestDirectReturns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "long.mp4")
	remux(t, clip(t, 30, "clip.mp4"), path, "-c:a", "aac")
	for _, c := range []struct {
		name, url string
		// begin starts the peer, play makes it send what it does not send by itself.
		begin  func(t *testing.T, port int) (p *peer.Peer, play func())
		reason string
		// stop tells to let it fall silent too.
		stop bool
	}{
		{"srt", "srt://127.0.0.1:%d", func(t *testing.T, port int) (*peer.Peer, func()) {
			p := peer.StartSRT(t, fmt.Sprintf("srt://127.0.0.1:%d?mode=listener", port))
			return p.Peer, func() { p.Play(path) }
		}, "the connection is closed or lost", false},
		{"rtmp", "rtmp://127.0.0.1:%d/live/key", func(t *testing.T, port int) (*peer.Peer, func()) {
			p := peer.RTMP(t, port)
			return p, func() {
				p.Says("play: name='key'")
				peer.FFmpeg(t, path, "-f", "flv", fmt.Sprintf("rtmp://127.0.0.1:%d/live/key", port))
			}
		}, "the connection is closed or lost", false},
		{"rtsp", "rtsp://127.0.0.1:%d/clip", func(t *testing.T, port int) (*peer.Peer, func()) {
			p, _ := peer.RTSP(t, path, port)
			return p, func() {}
		}, "the source has ended the stream", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			port := peer.Port(t)
			edge, r := run(t, patient(), quiet())
			p, play := c.begin(t, port)
			edge.Set("s", &schemas.StreamSpec{URL: fmt.Sprintf(c.url, port)})
			play()
			r.second(t, "s", ingest.Up, "")
			reason := c.reason
			if c.stop {
				p.Silence()
				reason = "no packets for 10s"
				r.second(t, "s", ingest.Down, reason)
			}
			p.Kill()
			if !c.stop {
				// It is tried again at once, and by the end of the second the reason may be that of the second try.
				r.wait(t, "s", "down, "+reason+", or not to be opened again", func(of []published) bool {
					return slices.ContainsFunc(seconds(of), func(p published) bool {
						s := p.StreamSecond
						return s.State == ingest.Down && (strings.Contains(s.Reason, reason) || strings.HasPrefix(s.Reason, "open "))
					})
				})
			}
			down := len(frames(r.all("s")))
			_, play = c.begin(t, port)
			play()
			of := r.wait(t, "s", "pictures again, and a second of them", func(of []published) bool {
				return len(frames(of)) > down+25 && seconds(of)[len(seconds(of))-1].StreamSecond.State == ingest.Up
			})
			if s := seconds(of)[len(seconds(of))-1].StreamSecond; s.Restarts != 0 || s.Reconnects == 0 {
				t.Errorf("%d restarts, %d reconnections", s.Restarts, s.Reconnects)
			}
		})
	}
}
