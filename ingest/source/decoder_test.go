package source_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/asticode/go-astiav"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
)

func TestDecodeCountsAndTimes(t *testing.T) {
	path := clip(t, "a.mp4", "-f lavfi -i testsrc2=s=320x180:r=25:d=2 -f lavfi -i sine=r=48000:d=2 -c:v libx264 -bf 2 -g 25 -c:a aac -shortest")
	got := decode(t, source.Input{Path: path})
	if got.err != nil || len(got.frames) != 50 || len(got.tracks) != 1 {
		t.Fatalf("got %d frames, %d track lists, %v, want 50, 1 and no error", len(got.frames), len(got.tracks), got.err)
	}
	bytes, dts := 0, map[int64]bool{}
	for i, f := range got.frames {
		// 25 pictures a second are 90000/25 = 3600 ticks apart.
		if f.PTS != int64(i)*3600 || f.Duration != 3600 || f.DTS > f.PTS || f.DecodeTime <= 0 || f.Corrupt || f.PacketCorrupt || f.Concealed != 0 {
			t.Errorf("frame %d: %+v, want PTS %d", i, f, i*3600)
		}
		if key := i%25 == 0; f.Key != key || (f.PictureType == 1) != key {
			t.Errorf("frame %d: key %v, type %d, want key %v", i, f.Key, f.PictureType, key)
		}
		bytes += f.PacketSize
		dts[f.DTS] = true
	}
	for i := range int64(50) { // with two B-frames decoding begins two pictures early
		if !dts[(i-2)*3600] {
			t.Errorf("no picture was decoded at %d", (i-2)*3600)
		}
	}
	size, err := os.Stat(path)
	if err != nil || bytes <= 0 || int64(bytes) >= size.Size() {
		t.Errorf("packets of %d bytes in a file of %v", bytes, size)
	}
	samples := 0
	for _, s := range got.samples {
		if s.Track != 1 || s.Format != (media.AudioFormat{SampleRate: 48000, Channels: 1, Layout: "mono", SampleFormat: "fltp"}) {
			t.Fatalf("samples of %+v", s)
		}
		if want := int64(samples) * 90000 / 48000; s.PTS != want {
			t.Errorf("samples at %d, want %d", s.PTS, want)
		}
		samples += len(s.Channels[0])
	}
	if samples < 95000 || samples > 97024 { // 2 s, in AAC frames of 1024
		t.Errorf("%d samples, want about 96000", samples)
	}
}

func TestDecodeSeesDamage(t *testing.T) {
	path := clip(t, "a.ts", "-f lavfi -i testsrc2=s=320x180:r=25:d=2 -c:v libx264 -g 25 -b:v 800k -x264-params slices=1")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Leave out two TS packets in the middle: a continuity error and a slice that ends early.
	cut := 188 * (len(whole) / 188 / 2)
	if err := os.WriteFile(path, append(whole[:cut:cut], whole[cut+2*188:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	got := decode(t, source.Input{Path: path})
	if got.err != nil || len(got.frames) < 49 {
		t.Fatalf("got %d frames, %v, want at least 49 of 50", len(got.frames), got.err)
	}
	concealed, packets, flagged := 0, 0, 0
	for _, f := range got.frames {
		if f.Concealed > 0 {
			concealed++
			if f.Concealed > 240 { // 20 x 12 macroblocks
				t.Errorf("%d macroblocks concealed of 240", f.Concealed)
			}
		}
		if f.PacketCorrupt { // libavformat's parser tells it of the damaged packet's neighbour
			packets++
		}
		if f.ErrorFlags != 0 {
			flagged++
		}
	}
	if concealed != 1 || packets != 1 || flagged != 1 {
		t.Errorf("%d pictures conceal, %d packets are corrupt, %d pictures flagged, want 1 of each", concealed, packets, flagged)
	}
}

// TestDecodeShowsCorrupt leaves out a stream's first picture: the 24 that hang on it come out, marked as corrupt.
func TestDecodeShowsCorrupt(t *testing.T) {
	whole := clip(t, "a.mp4", "-f lavfi -i testsrc2=s=160x90:r=25:d=2 -c:v libx264 -bf 0 -g 25 -x264-params scenecut=0")
	got := decode(t, source.Input{Path: clip(t, "b.mp4", "-i "+whole+" -c copy -bsf:v noise=drop=eq(n\\,0)")})
	corrupt := 0
	for _, f := range got.frames {
		if f.Corrupt {
			corrupt++
		}
	}
	if got.err != nil || len(got.frames) != 49 || corrupt != 24 {
		t.Errorf("got %d frames, %d corrupt, %v, want 49 and 24", len(got.frames), corrupt, got.err)
	}
}

// TestDecodeBlamesNoPicture damages the sound alone, in the stretch that is probed and after it: no picture is held to be damaged by it.
func TestDecodeBlamesNoPicture(t *testing.T) {
	whole := clip(t, "a.ts", "-f lavfi -i testsrc2=s=160x90:r=25:d=2 -f lavfi -i sine=r=48000:d=2 -c:v libx264 -c:a aac")
	got := decode(t, source.Input{Path: clip(t, "b.ts", "-i "+whole+" -c copy -bsf:a noise=amount=20")})
	if got.err != nil || len(got.frames) != 50 || got.refused == 0 {
		t.Fatalf("got %d frames, %d refused, %v, want 50 and some sound refused", len(got.frames), got.refused, got.err)
	}
	for i, f := range got.frames {
		if f.Errors != 0 || f.Ancestors != 0 {
			t.Errorf("frame %d: %d errors, %d damaged ancestors", i, f.Errors, f.Ancestors)
		}
	}
}

func TestDecodePassesOverGarbage(t *testing.T) {
	path := clip(t, "a.ts", "-f lavfi -i testsrc2=s=160x90:r=25:d=4 -c:v mpeg2video -g 10")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(data) / 4; i < len(data)/2; i++ {
		data[i] = byte(i * 31)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := decode(t, source.Input{Path: path}); got.err != nil || len(got.frames) < 60 {
		t.Errorf("got %d frames, %v, want at least 60 of 100 and no error", len(got.frames), got.err)
	}
}

// TestDecodeGoesOnAfterSplice joins a stream of two seconds, 160 wide, to another of two seconds, 320 wide.
func TestDecodeGoesOnAfterSplice(t *testing.T) {
	encode := "-f lavfi -i testsrc2=s=320x180:r=25:d=2 -c:v libx264 -g 25 "
	for _, c := range []struct {
		name, options string
		lists, least  int
	}{
		{"same PIDs", "", 2, 100},
		{"other PIDs", "-mpegts_start_pid 0x300", 2, 100},
		// Its track is a new one, so the tracks are told when it appears and when it takes over, after ten packets.
		{"other programme", "-mpegts_start_pid 0x300 -mpegts_service_id 7 -mpegts_pmt_start_pid 0x500", 3, 85},
	} {
		t.Run(c.name, func(t *testing.T) {
			joined := join(t, clip(t, "a.ts", "-f lavfi -i testsrc2=s=160x90:r=25:d=2 -c:v libx264 -g 25"), clip(t, "b.ts", encode+c.options))
			d, err := source.Open(context.Background(), source.Input{Path: joined})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			var told []media.Track
			lists, frames := 0, 0
			for u, err := range d.Units() {
				switch {
				case err != nil:
					t.Fatal(err)
				case u.Tracks != nil:
					lists++
					told = u.Tracks.List
				case u.Frame.Format != *told[u.Frame.Track].Video:
					t.Fatalf("frame %d is %+v, the tracks said %+v", frames, u.Frame.Format, *told[u.Frame.Track].Video)
				default:
					frames++
				}
			}
			last := told[len(told)-1].Video
			if lists != c.lists || frames < c.least || frames > 100 || last.Width != 320 {
				t.Errorf("%d track lists, %d frames, the last %d wide, want %d, %d to 100 and 320", lists, frames, last.Width, c.lists, c.least)
			}
		})
	}
}

// join concatenates files.
func join(t *testing.T, paths ...string) string {
	t.Helper()
	var data []byte
	for _, path := range paths {
		part, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, part...)
	}
	joined := filepath.Join(t.TempDir(), "joined.ts")
	if err := os.WriteFile(joined, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return joined
}

func TestOpenRefuses(t *testing.T) {
	hits := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer server.Close()
	playlist := filepath.Join(t.TempDir(), "list.m3u8")
	text := "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n" + server.URL + "/a.ts?token=secret\n#EXT-X-ENDLIST\n"
	if err := os.WriteFile(playlist, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, format, want string }{
		{"missing", "/nowhere/a.ts", "", "open /nowhere/a.ts: No such file or directory"},
		{"protocol in a path", "concat:/etc/hostname|/etc/hostname", "", "No such file or directory"},
		{"network", server.URL + "/a.ts", "", "No such file or directory"},
		{"network behind a playlist", playlist, "", "Invalid data"},
		{"unknown format", playlist, "nonesuch", `format "nonesuch" is unknown`},
	} {
		d, err := source.Open(context.Background(), source.Input{Path: c.path, Format: c.format})
		if err == nil {
			d.Close()
			t.Errorf("%s: opened", c.name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %q, want %q in it and no secret", c.name, err, c.want)
		}
	}
	if hits != 0 {
		t.Errorf("libav reached the network %d times", hits)
	}
}

func TestLogIsBounded(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	source.StartLog()
	source.ForgetLog()
	astiav.Log(nil, astiav.LogLevelError, "open %s\n", "http://bob:secret@host/a.ts\x1b[31m"+strings.Repeat("A", 100_000))
	got := source.LastLog()
	if len(got) < 400 || len(got) > 512 || !strings.HasPrefix(got, "open http://***@host/a.ts [31mAAAA") {
		t.Errorf("got %d bytes: %q", len(got), got)
	}
	astiav.Log(nil, astiav.LogLevelInfo, "told too much")
	if source.LastLog() != got {
		t.Errorf("a line that is no error was kept: %q", source.LastLog())
	}
}

// TestDecodeAllocatesLittle holds the steady state to the one small value in which go-astiav boxes each "try again".
func TestDecodeAllocatesLittle(t *testing.T) {
	path := clip(t, "a.ts", "-f lavfi -i testsrc2=s=160x90:r=25:d=20 -f lavfi -i sine=r=48000:d=20 -c:v libx264 -c:a aac")
	d, err := source.Open(context.Background(), source.Input{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var before, after runtime.MemStats
	frames, units := 0, 0
	for u, err := range d.Units() {
		if err != nil {
			t.Fatal(err)
		}
		if u.Frame != nil {
			frames++
		}
		switch {
		case frames == 100 && u.Frame != nil:
			runtime.ReadMemStats(&before)
		case frames == 400 && u.Frame != nil:
			runtime.ReadMemStats(&after)
		case frames > 100 && frames < 400:
			units++
		}
	}
	if each := float64(after.Mallocs-before.Mallocs) / float64(units); each > 1.5 || units < 300 {
		t.Errorf("%.2f allocations for each of %d units, want at most 1", each, units)
	}
}
