package source_test

import (
	"context"
	"fmt"
	"os"
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
