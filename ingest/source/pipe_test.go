package source_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// TestPipeStartsEarly feeds a live transport stream and stops until the first picture has come out: two seconds of media must do.
func TestPipeStartsEarly(t *testing.T) {
	data, err := os.ReadFile(clip(t, "a.ts", "-f lavfi -i testsrc2=s=320x180:r=25:d=6 -f lavfi -i sine=r=48000:d=6 -c:v libx264 -g 25 -b:v 1M -minrate 1M -maxrate 1M -bufsize 200k -c:a aac"))
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	started, fed := make(chan struct{}), make(chan error, 1)
	go func() {
		defer w.Close()
		if _, err := w.Write(data[:len(data)/3]); err != nil {
			fed <- err
			return
		}
		select {
		case <-started:
		case <-time.After(30 * time.Second):
			fed <- fmt.Errorf("no picture from the first two seconds")
			return
		}
		_, err := w.Write(data[len(data)/3:])
		fed <- err
	}()
	d, err := source.Open(context.Background(), source.Input{Path: fmt.Sprintf("pipe:%d", r.Fd())})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	frames := 0
	for u, err := range d.Units() {
		if err != nil {
			t.Fatal(err)
		}
		if u.Frame != nil {
			if frames++; frames == 1 {
				close(started)
			}
		}
	}
	if err := <-fed; err != nil || frames != 150 {
		t.Errorf("got %d frames, %v, want 150", frames, err)
	}
}

// TestPipeCarriesHLS takes playlists that ffmpeg writes all the way: served over HTTP, fetched into a pipe and decoded.
func TestPipeCarriesHLS(t *testing.T) {
	for _, kind := range []string{"mpegts", "fmp4"} {
		list := clip(t, "list.m3u8", "-f lavfi -i testsrc2=s=160x90:r=25:d=6 -f lavfi -i sine=r=48000:d=6 -c:v libx264 -g 50 -bf 2 -c:a aac "+
			"-f hls -hls_time 2 -hls_playlist_type vod -hls_segment_type "+kind)
		server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(list))))
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		fetched := make(chan error, 1)
		go func() {
			fetched <- source.Fetch(context.Background(), source.Request{URL: server.URL + "/list.m3u8"}, w, &source.Meter{})
			w.Close()
		}()
		got := decode(t, source.Input{Path: fmt.Sprintf("pipe:%d", r.Fd())})
		if err := <-fetched; err != nil || got.err != nil || len(got.frames) != 150 || got.refused != 0 {
			t.Errorf("%s: got %d frames, %d refused, %v, fetched with %v, want 150", kind, len(got.frames), got.refused, got.err, err)
		}
		for i, f := range got.frames {
			if i > 0 && f.PTS != got.frames[i-1].PTS+3600 {
				t.Errorf("%s: frame %d is %d after the one before, want 3600", kind, i, f.PTS-got.frames[i-1].PTS)
			}
		}
		samples := 0
		for _, s := range got.samples {
			samples += len(s.Channels[0])
		}
		if samples < 286_000 || samples > 290_000 { // 6 s at 48 kHz, in AAC frames of 1024
			t.Errorf("%s: got %d samples, want about 288000", kind, samples)
		}
		r.Close()
		server.Close()
	}
}

func TestPipeRefusesGarbage(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "a web page": "<!DOCTYPE html><title>no stream</title>", "a playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n/etc/hostname\n#EXT-X-ENDLIST\n",
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteString(text); err != nil {
			t.Fatal(err)
		}
		w.Close()
		d, err := source.Open(context.Background(), source.Input{Path: fmt.Sprintf("pipe:%d", r.Fd())})
		if err == nil {
			d.Close()
			t.Errorf("%s: opened", name)
		}
		r.Close()
	}
}
