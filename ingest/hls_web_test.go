package ingest_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/internal/lab/peer"
	"github.com/framewatch/framewatch/schemas"
)

// TestHLSFromNginx has a server that is not ours serve what ffmpeg made: segments that are files, and segments that are parts of one.
func TestHLSFromNginx(t *testing.T) {
	t.Parallel()
	clip, dir, port := clip(t, 3, "clip.ts"), t.TempDir(), peer.Port(t)
	forms := map[string][]string{
		"files":     {"-hls_segment_type", "mpegts"},
		"parts":     {"-hls_flags", "single_file"},
		"fragments": {"-c:a", "aac", "-hls_segment_type", "fmp4", "-hls_flags", "single_file"},
	}
	for form, options := range forms {
		options = append([]string{"-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod"}, options...)
		transcode(t, clip, filepath.Join(dir, form+".m3u8"), options...)
	}
	peer.Web(t, dir, port)
	edge, r := run(t, ingest.Defaults(), quiet())
	for form := range forms {
		edge.Set(form, &schemas.StreamSpec{URL: fmt.Sprintf("http://127.0.0.1:%d/%s.m3u8", port, form)})
	}
	for form := range forms {
		s := r.second(t, form, ingest.Down, "end of file")
		of := r.all(form)
		if n := len(frames(of)); n != 75 || s.Playlist == nil || s.Playlist.SegmentErrors != 0 || s.Playlist.Ended == nil || !*s.Playlist.Ended {
			t.Errorf("%s: %d pictures, want 75; %s", form, n, text(s))
		}
	}
}
