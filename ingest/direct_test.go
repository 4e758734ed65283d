package ingest_test

import (
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

// passphrase is as srt-live-transmit takes it, which decodes nothing.
const passphrase = "correct+horse/battery%staple"

// patient is the default configuration for workers that may be slow to begin, where many begin at once.
func patient() ingest.Config {
	c := ingest.Defaults()
	c.StallAfter = 40 * time.Second
	return c
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
