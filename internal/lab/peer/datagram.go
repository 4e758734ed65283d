package peer

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// Datagrams has ffmpeg send a clip in real time, its time stamps as they are, as UDP or RTP.
func Datagrams(t testing.TB, clip, format, url string) *Peer {
	t.Helper()
	return Start(t, nil, "ffmpeg", "-v", "error", "-nostdin", "-re", "-copyts", "-i", clip, "-map", "0", "-c", "copy", "-mpegts_copyts", "1", "-f", format, url)
}

// Multicat sends the bytes of an MPEG-TS at the pace of its PCR, of PID 256 as ffmpeg has it. The last of the arguments says where to.
func Multicat(t testing.TB, clip string, arguments ...string) *Peer {
	t.Helper()
	content, err := os.ReadFile(clip)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "clip.ts") // the index of its PCRs is written beside it
	if err := os.WriteFile(copied, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("ingests", "-p", "256", copied).CombinedOutput(); err != nil {
		t.Fatalf("ingests: %v: %s", err, out)
	}
	last := len(arguments) - 1
	return Start(t, nil, "multicat", slices.Concat(arguments[:last], []string{copied}, arguments[last:])...)
}
