package ingest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// muxed writes a clip of 3 s in MPEG-DASH with segments of half a second, pictures and sound apart, and returns its directory. The MPD is clip.mpd.
func muxed(t *testing.T, options ...string) string {
	t.Helper()
	directory := t.TempDir()
	remux(t, clip(t, 3, "clip.mp4"), filepath.Join(directory, "clip.mpd"), append([]string{"-f", "dash", "-seg_duration", "0.48"}, options...)...)
	return directory
}

// indexed writes the clip as two files with a segment index each, and an MPD that names them and nothing of what is in them.
func indexed(t *testing.T) string {
	t.Helper()
	directory, from := t.TempDir(), clip(t, 3, "clip.mp4")
	fragments := []string{"-movflags", "+dash+global_sidx+frag_keyframe+empty_moov+default_base_moof", "-f", "mp4"}
	remux(t, from, filepath.Join(directory, "video.mp4"), append(fragments, "-an")...)
	remux(t, from, filepath.Join(directory, "sound.mp4"), append(fragments, "-vn")...)
	mpd := `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" mediaPresentationDuration="PT3S"><Period>
		<AdaptationSet mimeType="audio/mp4"><Representation id="a" bandwidth="1" codecs="mp4a.69"><BaseURL>sound.mp4</BaseURL></Representation></AdaptationSet>
		<AdaptationSet mimeType="video/mp4"><Representation id="v" bandwidth="1" codecs="avc1.42c00c"><BaseURL>video.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`
	if err := os.WriteFile(filepath.Join(directory, "clip.mpd"), []byte(mpd), 0o600); err != nil {
		t.Fatal(err)
	}
	return directory
}

// A clip in DASH has its 75 pictures at their time stamps, n x 3600, and its 3 s of sound beside them, whichever way its segments are told.
func TestDASHFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		make func(t *testing.T) string
		// segments of pictures
		segments int
	}{
		{"numbers", func(t *testing.T) string { return muxed(t, "-use_timeline", "0") }, 7}, // 6.25 of 0.48 s, a key picture every 12
		{"timeline", func(t *testing.T) string { return muxed(t, "-use_timeline", "1") }, 7},
		{"byte ranges", func(t *testing.T) string { return muxed(t, "-single_file", "1") }, 7},
		{"segment index", indexed, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.FileServer(http.Dir(c.make(t))))
			defer server.Close()
			edge, r := run(t, ingest.Defaults(), quiet())
			edge.Set("s", &schemas.StreamSpec{URL: server.URL + "/clip.mpd"})
			r.second(t, "s", ingest.Down, "end of file")
			of := r.all("s")
			f := frames(of)
			if n := checkPictures(t, f); n != 75 || f[0].VideoFrame.PTS != 0 {
				t.Errorf("%d pictures from time stamp %d, want 75 from 0", n, f[0].VideoFrame.PTS)
			}
			checkSound(t, of, f[0].VideoFrame)
			last := seconds(of)[len(seconds(of))-1].StreamSecond.Playlist
			if p := last; p == nil || p.Variants != 1 || p.Length < int32(c.segments-1) || p.Length > int32(c.segments) || p.SegmentStatus != 200 && p.SegmentStatus != 206 {
				t.Errorf("playlist %+v, want %d segments listed", p, c.segments)
			}
		})
	}
}

// checkPictures sees that each picture comes 40 ms after the one before, but for those that were decoded and not measured, and counts them all.
func checkPictures(t *testing.T, of []published) (n int64) {
	t.Helper()
	first := of[0].VideoFrame
	for _, p := range of {
		v := p.VideoFrame
		n += int64(v.Skipped)
		if v.Session != first.Session || v.Epoch != 0 || v.PTS-first.PTS != n*3600 || v.At-first.At != n*40_000 {
			t.Fatalf("picture %d, of session %d and epoch %d, has time stamp %d at %d; the first has %d at %d in session %d", n, v.Session, v.Epoch, v.PTS, v.At, first.PTS, first.At, first.Session)
		}
		n++
	}
	return n
}

// checkSound sees that there are 30 blocks of sound, or 29 where the last is not whole, of one epoch with the pictures and beside them.
func checkSound(t *testing.T, of []published, first *schemas.VideoFrame) {
	t.Helper()
	var blocks []*schemas.AudioBlock
	for _, p := range of {
		if p.AudioBlock != nil {
			blocks = append(blocks, p.AudioBlock)
		}
	}
	if len(blocks) < 29 || len(blocks) > 31 {
		t.Fatalf("%d blocks of sound, want 30", len(blocks))
	}
	for i, b := range blocks {
		// Of one line with the pictures: as far apart on the clock as by their time stamps, which are 90 ticks a millisecond.
		apart := (b.At - first.At) - (b.PTS-first.PTS)*100/9
		if b.Epoch != first.Epoch || apart < -1000 || apart > 1000 || b.PTS < -9000+int64(i)*9000 || b.PTS > 9000+int64(i)*9000 {
			t.Fatalf("block %d of epoch %d with time stamp %d is %d us from where the pictures have it", i, b.Epoch, b.PTS, apart)
		}
	}
}

// livestream is an encoder that writes DASH in real time into a directory, which a server serves until it is told not to.
type livestream struct {
	*httptest.Server
	gone atomic.Bool
}

// broadcast starts one; options are the muxer's.
func broadcast(t *testing.T, options ...string) *livestream {
	t.Helper()
	directory := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	arguments := append([]string{"-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-bf", "0", "-c:a", "aac", "-f", "dash", "-seg_duration", "0.48", "-window_size", "8", "-extra_window_size", "8",
		"-utc_timing_url", "/clock"}, append(options, filepath.Join(directory, "live.mpd"))...)
	command := exec.CommandContext(ctx, "ffmpeg", arguments...)
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s := &livestream{}
	files := http.FileServer(http.Dir(directory))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.gone.Load():
			http.NotFound(w, r)
		case r.URL.Path == "/clock":
			fmt.Fprint(w, time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
		default:
			files.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		stop()
		command.Wait()
		s.Close()
		if t.Failed() {
			t.Logf("ffmpeg: %s", said.String())
			b, _ := os.ReadFile(filepath.Join(directory, "live.mpd"))
			t.Logf("%s", b)
		}
	})
	// The first MPD is written with the first segment.
	for guard := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(directory, "live.mpd")); err == nil {
			return s
		}
		if time.Now().After(guard) {
			t.Fatal("there is no MPD")
		}
	}
}

// unbroken is how many pictures have come in a row, the last of all, with as much sound in their session: 10 blocks beside 25, but for a second that
// may still be to come.
func unbroken(of []published) (n int) {
	var last *schemas.VideoFrame
	blocks := 0
	for _, p := range of {
		switch v := p.VideoFrame; {
		case p.AudioBlock != nil && last != nil && p.AudioBlock.Session == last.Session:
			blocks++
		case v == nil:
		case last == nil || v.Session != last.Session:
			n, blocks, last = 1, 0, v
		case v.Epoch != last.Epoch || v.PTS-last.PTS != 3600:
			n, last = 1, v
		default:
			n, last = n+1, v
		}
	}
	if blocks < n*10/25-10 {
		return 0
	}
	return n
}

// A live stream that FFmpeg makes as it goes: no picture is missing, sound is beside them. Its server fails: the stream is down and says why; it
// comes back: so does the stream. Not beside other tests: an encoder that falls behind its own clock makes another story.
func TestDASHLive(t *testing.T) {
	for _, c := range []struct{ name, timeline string }{{"numbers", "0"}, {"timeline", "1"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := broadcast(t, "-use_timeline", c.timeline)
			edge, r := run(t, ingest.Defaults(), quiet())
			edge.Set("s", &schemas.StreamSpec{URL: server.URL + "/live.mpd"})
			// On a machine that is busy the encoder may fall behind its own clock at first.
			of := r.wait(t, "s", "75 pictures in a row, sound beside them", func(of []published) bool { return unbroken(of) >= 75 })
			p := seconds(of)[len(seconds(of))-1].StreamSecond.Playlist
			if p == nil || p.TargetMS < 400 || p.TargetMS > 1500 || p.SegmentsMissed == nil || p.SegmentsLate == nil || p.ClockSkewMS == nil || *p.ClockSkewMS < -1000 || *p.ClockSkewMS > 1000 {
				t.Errorf("playlist %s", text(p))
			}

			server.gone.Store(true)
			r.second(t, "s", ingest.Down, "404")
			n := len(frames(r.all("s")))
			server.gone.Store(false)
			of = r.wait(t, "s", "pictures again", func(of []published) bool { return len(frames(of)) > n+25 })
			last := frames(of)[len(frames(of))-1].VideoFrame
			if last.Session <= frames(of)[0].VideoFrame.Session {
				t.Errorf("back with session %d after %d", last.Session, frames(of)[0].VideoFrame.Session)
			}
		})
	}
}

// postpone adds ticks to the times that a fragmented MP4 file tells: those of its fragments and of its index.
func postpone(t *testing.T, path string, ticks uint64) {
	t.Helper()
	data := must(os.ReadFile(path))
	for _, box := range []struct {
		kind string
		at   int
	}{{"tfdt\x01", 8}, {"sidx\x01", 16}} { // from the type: behind version and flags, and in sidx behind an id and the timescale
		for from := 0; ; {
			i := bytes.Index(data[from:], []byte(box.kind))
			if i < 0 {
				break
			}
			from += i + box.at
			binary.BigEndian.PutUint64(data[from:], binary.BigEndian.Uint64(data[from:])+ticks)
		}
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Two periods of 2 s, of files whose time stamps begin at different times: the pictures' of the second period at 10 s, its sound's at 20 s. Each has a
// worker of its own, and sound is beside the pictures in both.
func TestDASHPeriods(t *testing.T) {
	t.Parallel()
	directory, from := t.TempDir(), clip(t, 2, "clip.mp4")
	mpd := `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT4S">`
	for i, offsets := range [][2]int{{0, 0}, {10, 20}} {
		mpd += `<Period duration="PT2S">`
		for j, kind := range []string{"video", "audio"} {
			name := fmt.Sprintf("%s%d.mp4", kind, i)
			remux(t, from, filepath.Join(directory, name), "-movflags", "+dash+global_sidx+frag_keyframe+empty_moov+default_base_moof", "-map", "0:"+kind[:1])
			postpone(t, filepath.Join(directory, name), uint64(offsets[j]*[]int{12800, 48000}[j]))
			mpd += fmt.Sprintf(`<AdaptationSet mimeType="%s/mp4"><Representation id="%s" bandwidth="1"><BaseURL>%s</BaseURL><SegmentBase presentationTimeOffset="%d"/></Representation></AdaptationSet>`, kind, kind, name, offsets[j])
		}
		mpd += `</Period>`
	}
	if err := os.WriteFile(filepath.Join(directory, "clip.mpd"), []byte(mpd+`</MPD>`), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(directory)))
	defer server.Close()
	edge, r := run(t, ingest.Defaults(), quiet())
	edge.Set("s", &schemas.StreamSpec{URL: server.URL + "/clip.mpd"})
	end := r.second(t, "s", ingest.Down, "end of file")
	if end.Reconnects != 0 || end.Restarts != 0 {
		t.Errorf("%d reconnections and %d restarts: another period is neither", end.Reconnects, end.Restarts)
	}
	of := r.all("s")
	first := frames(of)[0].VideoFrame.Session
	for i, begins := range []int64{0, 900_000} {
		var part []published
		for _, p := range of {
			if v := p.VideoFrame; v != nil && (v.Session == first) == (i == 0) {
				part = append(part, p)
			}
		}
		if n := checkPictures(t, part); n != 50 || part[0].VideoFrame.PTS != begins {
			t.Errorf("period %d: %d pictures from time stamp %d, want 50 from %d", i+1, n, part[0].VideoFrame.PTS, begins)
		}
		blocks := 0
		for _, p := range of {
			b := p.AudioBlock
			if b == nil || b.Session != part[0].VideoFrame.Session {
				continue
			}
			if blocks++; b.PTS < begins-9000 || b.PTS > begins+2*90_000 {
				t.Errorf("period %d: sound at %d beside pictures from %d", i+1, b.PTS, begins)
			}
		}
		if blocks < 19 || blocks > 21 {
			t.Errorf("period %d: %d blocks of sound, want 20", i+1, blocks)
		}
	}
}
