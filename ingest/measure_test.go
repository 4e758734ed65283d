package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// measure takes an input to its end.
func measure(t *testing.T, url string) (records []*schemas.Feature, err error) {
	t.Helper()
	err = ingest.Measure(t.Context(), ingest.MeasureConfig{URL: url, Log: quiet()}, func(f *schemas.Feature) error {
		records = append(records, f)
		return nil
	})
	return records, err
}

func TestMeasure(t *testing.T) {
	path := clip(t, 3, "clip.ts")
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	defer server.Close()
	for _, url := range []string{path, "file://" + path, server.URL + "/clip.ts"} {
		records, err := measure(t, url)
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		var frames, blocks, seconds, samples, base int64
		for _, f := range records {
			switch {
			case f.VideoFrame != nil:
				v := f.VideoFrame
				if frames == 0 {
					base = v.At // sound may begin a little earlier
				}
				// A key picture every 12; everything else 40 ms after the last.
				if v.Session != 0 || v.Epoch != 0 || v.Seq != frames || v.At != base+frames*40_000 || v.Arrival != 0 || v.Duration != 3600 || v.Sampling != 1 {
					t.Errorf("%s: picture %d: %+v", url, frames, v)
				}
				if key := frames%12 == 0; v.Decode == nil || int64(*v.Decode.SinceIDR) != frames%12 || (v.Flags&1 != 0) != key || v.Decode.PacketSize == 0 {
					t.Errorf("%s: picture %d: flags %#x, decoder %+v", url, frames, v.Flags, v.Decode)
				}
				if v.Luma == nil || v.Grid == nil || v.Hash == nil || (v.Difference == nil) != (frames == 0) || v.Flags&(1<<5) != 0 {
					t.Errorf("%s: picture %d: groups are missing or flags %#x", url, frames, v.Flags)
				}
				frames++
			case f.AudioBlock != nil:
				b := f.AudioBlock
				if b.Seq != blocks || b.Track != 1 || b.At < blocks*100_000-100_000 || b.At > blocks*100_000+100_000 || b.Flags&(1<<2) != 0 || len(b.Channels) != 1 {
					t.Errorf("%s: block %d: %+v", url, blocks, b)
				}
				samples += int64(b.Samples)
				blocks++
			case f.StreamSecond != nil:
				s := f.StreamSecond
				seconds++
				if s.Seq != seconds-1 || s.State != ingest.Up || s.At > seconds*1_000_000 || seconds < 4 && s.At != seconds*1_000_000 {
					t.Errorf("%s: second %d: %+v", url, seconds, s)
				}
			}
		}
		if frames != 75 || samples < 3*48_000 || samples > 3*48_000+2*1152 || blocks < 30 || blocks > 31 || seconds < 3 || seconds > 4 {
			t.Errorf("%s: %d pictures, %d samples in %d blocks, %d seconds; want 75, 144000, 30, 3 or a bit more", url, frames, samples, blocks, seconds)
		}
		if i := records[0].Inventory; i == nil || i.Version != 1 || i.Container != "mpegts" || len(i.Tracks) != 2 || i.Tracks[0].Video.Width != 320 {
			t.Errorf("%s: begins with %+v", url, i)
		}
	}
}

func TestMeasureErrors(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage.mp4")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a film ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(garbage))))
	defer server.Close()
	for url, want := range map[string]string{
		"/nonexistent/film.mp4":     "No such file",
		garbage:                     "nothing in it can be decoded",
		server.URL + "/garbage.mp4": "nothing in it can be decoded",
		server.URL + "/missing.mp4": "404",
		"gopher://host/film":        "gopher",
		"http://${env:EDGE_NONE}/":  "${env:EDGE_NONE}",
	} {
		if _, err := measure(t, url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", url, err, want)
		}
	}
}

// Another version stands under the program's name by now: workers are still of the one that runs.
func TestMeasureUpgradedInPlace(t *testing.T) {
	path, self := clip(t, 3, "clip.ts"), must(os.Executable())
	if err := os.Rename(self, self+".before"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Rename(self+".before", self) })
	if err := os.WriteFile(self, []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if records, err := measure(t, path); err != nil || len(records) < 75 {
		t.Errorf("%d records, %v", len(records), err)
	}
}

// The caller's error comes back as it is, and a cancelled context ends the worker.
func TestMeasureStops(t *testing.T) {
	path := clip(t, 3, "clip.ts")
	full := errors.New("disk full")
	if err := ingest.Measure(t.Context(), ingest.MeasureConfig{URL: path}, func(*schemas.Feature) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v, want the caller's %v", err, full)
	}
	ctx, stop := context.WithCancel(t.Context())
	err := ingest.Measure(ctx, ingest.MeasureConfig{URL: path}, func(*schemas.Feature) error { stop(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want cancelled", err)
	}
}

// A worker that dies is an error, whatever it has given before; an input that breaks off is not, but it is logged.
func TestMeasureBreaksOff(t *testing.T) {
	err := ingest.Measure(t.Context(), ingest.MeasureConfig{URL: "/any", Executable: worker(t, "crash")}, func(*schemas.Feature) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("a worker that dies: %v", err)
	}
	var logged bytes.Buffer
	n := 0
	content := must(os.ReadFile(clip(t, 3, "clip.ts")))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "99999999")
		w.Write(content)
	}))
	defer server.Close()
	err = ingest.Measure(t.Context(), ingest.MeasureConfig{URL: server.URL, Log: slog.New(slog.NewTextHandler(&logged, nil))}, func(f *schemas.Feature) error {
		if f.VideoFrame != nil {
			n++
		}
		return nil
	})
	if err != nil || n != 75 || !strings.Contains(logged.String(), "broke off") {
		t.Errorf("an answer that breaks off: %v, %d pictures, logged %q", err, n, logged.String())
	}
}

// A gap in the time stamps of a file has its seconds, without media: what a rule for no signal must see.
func TestMeasureGap(t *testing.T) {
	first, later, joined := clip(t, 2, "first.ts"), filepath.Join(t.TempDir(), "later.ts"), filepath.Join(t.TempDir(), "joined.ts")
	remux(t, first, later, "-output_ts_offset", "6")
	if err := os.WriteFile(joined, append(must(os.ReadFile(first)), must(os.ReadFile(later))...), 0o600); err != nil {
		t.Fatal(err)
	}
	records, err := measure(t, joined)
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	gaps := 0
	for _, f := range records {
		if f.StreamSecond != nil {
			states = append(states, f.StreamSecond.State)
		}
		if v := f.VideoFrame; v != nil && v.Flags&(1<<5) != 0 {
			gaps++
			if v.Epoch != 0 {
				t.Errorf("a gap of 4 s made epoch %d", v.Epoch)
			}
		}
	}
	// 0-2 s media, 2-6 s none but for what a track overlaps, 6-8 s media.
	if got := strings.Join(states, " "); !strings.HasPrefix(got, "up up") || !strings.Contains(got, "down down down up up") || gaps != 1 {
		t.Errorf("seconds %s, %d gaps flagged; want two up, three down or more, two up, and one", got, gaps)
	}
}
