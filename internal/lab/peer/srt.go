package peer

import (
	"fmt"
	"os"
	"testing"
)

// SRT is Haivision's srt-live-transmit. What it is given at its pipe goes out once it is connected.
type SRT struct {
	*Peer
	pipe string
}

// StartSRT starts one at an SRT URL.
func StartSRT(t testing.TB, url string) *SRT {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	t.Cleanup(func() { w.Close() })
	return &SRT{Start(t, r, "srt-live-transmit", "-v", "-loglevel:error", "file://con", url), fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), w.Fd())}
}

// Play sends a clip once somebody is connected.
func (s *SRT) Play(clip string) *Peer {
	s.Says("SRT target connect")
	return FFmpeg(s.t, clip, "-f", "mpegts", "-y", s.pipe)
}
