package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// startWeb is nginx serving a directory.
func startWeb(t *testing.T, directory string, port int) {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr notice;
events { worker_connections 64; }
http {
	types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; video/mp4 mp4; }
	access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	server { listen 127.0.0.1:%[2]d; root %[3]s; }
}
`, dir, port, directory)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, nil, "nginx", "-e", "stderr", "-p", dir, "-c", config).says("event method")
}

// TestHLSFromNginx has a server that is not ours serve what ffmpeg made: segments that are files, and segments that are parts of one.
func TestHLSFromNginx(t *testing.T) {
	t.Parallel()
	clip, dir, port := clip(t, 3, "clip.ts"), t.TempDir(), anyPort(t)
	forms := map[string][]string{
		"files":     {"-hls_segment_type", "mpegts"},
		"parts":     {"-hls_flags", "single_file"},
		"fragments": {"-c:a", "aac", "-hls_segment_type", "fmp4", "-hls_flags", "single_file"},
	}
	for form, options := range forms {
		options = append([]string{"-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod"}, options...)
		transcode(t, clip, filepath.Join(dir, form+".m3u8"), options...)
	}
	startWeb(t, dir, port)
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
