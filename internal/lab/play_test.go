package lab_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
)

// small is a clip that is quick to encode.
func small(protocol lab.Protocol) lab.Clip {
	return lab.Clip{Name: "frog", Path: "mdn_frog_480p30_h264_aac.mp4", Pieces: 2, Width: 160, Height: 96, Gain: 18, Protocol: protocol}
}

// planned covers pieces from up to to of the small clip with a fault.
func planned(kind string, from, to int64) lab.Plan {
	for _, f := range lab.Faults {
		if f.Kind == kind {
			return lab.Plan{Stream: "frog", Fault: f, From: from, To: to}
		}
	}
	panic(kind)
}

// play calls watch on a playing demo, on a clock that runs as fast as it can.
func play(t *testing.T, protocol lab.Protocol, plans []lab.Plan, watch func(ctx context.Context, d *lab.Demo)) {
	t.Helper()
	config := lab.DemoConfig{Clips: clips, Cache: t.TempDir(), Streams: []lab.Clip{small(protocol)}, Plans: plans}
	// What is encoded in real time stands in the cache when the clock is taken over.
	if _, err := lab.NewDemo(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		d, err := lab.NewDemo(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		watch(ctx, d)
	})
}

// recorder is a client that keeps what it is sent and when the first byte of each write came.
type recorder struct {
	*httptest.ResponseRecorder
	mu    sync.Mutex
	times []time.Time
	sizes []int
}

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times, r.sizes = append(r.times, time.Now()), append(r.sizes, len(b))
	return r.ResponseRecorder.Write(b)
}

// fetch gets path from d until the answer ends; broken tells that the connection was broken.
func fetch(ctx context.Context, d *lab.Demo, path string) (r *recorder, broken bool) {
	r = &recorder{ResponseRecorder: httptest.NewRecorder()}
	defer func() { broken = recover() == http.ErrAbortHandler }()
	d.Handler().ServeHTTP(r, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
	return r, false
}

func TestTransportStreamIsContinuousAndBrokenWhereItSays(t *testing.T) {
	plans := []lab.Plan{planned("black", 3, 7), planned("silence", 9, 13), planned("freeze", 15, 19), planned("black_with_logo", 21, 25), planned("no_signal", 27, 31)}
	file := filepath.Join(t.TempDir(), "stream.ts")
	var injected []lab.Injected
	var start time.Time
	play(t, lab.MPEGTS, plans, func(ctx context.Context, d *lab.Demo) {
		start = d.Start()
		r, broken := fetch(ctx, d, "/frog/live.ts")
		// The client comes at the start of piece 0, so it is given 1 to 26, and the outage at piece 27 breaks the connection.
		if sent := time.Since(start); !broken || sent != 27*lab.PieceDuration {
			t.Errorf("connection broken: %t, after %s, want true after %s", broken, sent, 27*lab.PieceDuration)
		}
		for i, at := range r.times {
			if want := start.Add(lab.PieceDuration + time.Duration(i)*40*time.Millisecond); !at.Equal(want) {
				t.Fatalf("picture %d was sent at %s, want %s", i, at.Sub(start), want.Sub(start))
			}
		}
		if again, _ := fetch(ctx, d, "/frog/live.ts"); again.Code != http.StatusServiceUnavailable {
			t.Errorf("status during the outage is %d, want 503", again.Code)
		}
		counted(t, r.Body.Bytes())
		injected = d.Injected(time.Now())
		if err := os.WriteFile(file, r.Body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	// 26 pieces of 1.92 s at 25 pictures/s and 48000/1024 AAC frames/s.
	continuous(t, file, "v:0", 26*48, 0.04)
	continuous(t, file, "a:0", 26*90, 1024./48000)

	for i, p := range plans {
		want := lab.Injected{Stream: "frog", Kind: p.Fault.Kind,
			Start: start.Add(time.Duration(p.From) * lab.PieceDuration), End: start.Add(time.Duration(p.To) * lab.PieceDuration)}
		if i >= len(injected) || injected[i] != want {
			t.Fatalf("fault %d: injected %v, want %v", i, injected, want)
		}
	}
	// Times in the file are a piece less, as it starts with piece 1.
	at := func(piece float64) float64 { return (piece - 1) * lab.PieceDuration.Seconds() }
	found(t, file, "blackdetect=d=2:pix_th=0.10:pic_th=0.98", "", "black_start", at(3), "black_end", at(7))
	found(t, file, "crop=iw*3/4:ih:0:0,trim=start="+strconv.FormatFloat(at(8), 'f', -1, 64)+",blackdetect=d=2:pix_th=0.10", "", "black_start", at(21), "black_end", at(25))
	found(t, file, "trim=start="+strconv.FormatFloat(at(8), 'f', -1, 64)+":end="+strconv.FormatFloat(at(20), 'f', -1, 64)+",freezedetect=n=0.003:d=2", "",
		"freeze_start", at(15), "freeze_end", at(19))
	found(t, file, "", "silencedetect=n=-60dB:d=2", "silence_start", at(9), "silence_end", at(13))
}

func TestHLSIsContinuousAndMissesAnOutage(t *testing.T) {
	plans := []lab.Plan{planned("silence", 6, 10), planned("no_signal", 12, 18)}
	file := filepath.Join(t.TempDir(), "stream.ts")
	play(t, lab.HLS, plans, func(ctx context.Context, d *lab.Demo) {
		var media []byte
		var outages int
		had := map[string]bool{}
		playlist := ""
		for range 20 {
			time.Sleep(lab.PieceDuration)
			r, _ := fetch(ctx, d, "/frog/index.m3u8")
			if r.Code == http.StatusNotFound {
				outages++
				continue
			}
			playlist = r.Body.String()
			for _, line := range strings.Fields(playlist) {
				if strings.HasSuffix(line, ".ts") && !had[line] {
					had[line] = true
					segment, _ := fetch(ctx, d, "/frog/"+line)
					if outages == 0 {
						media = append(media, segment.Body.Bytes()...)
					}
				}
			}
		}
		if outages != 6 {
			t.Errorf("the playlist was gone %d times, want 6", outages)
		}
		// At the start of piece 20 the segments are 0 to 11, 18 and 19; six are listed, the first of them the ninth.
		want := "#EXTM3U #EXT-X-VERSION:3 #EXT-X-TARGETDURATION:2 #EXT-X-MEDIA-SEQUENCE:8 #EXT-X-DISCONTINUITY-SEQUENCE:0" +
			" #EXTINF:1.920, 8.ts #EXTINF:1.920, 9.ts #EXTINF:1.920, 10.ts #EXTINF:1.920, 11.ts" +
			" #EXT-X-DISCONTINUITY #EXTINF:1.920, 18.ts #EXTINF:1.920, 19.ts"
		if got := strings.Join(strings.Fields(playlist), " "); got != want {
			t.Errorf("playlist is\n%s\nwant\n%s", got, want)
		}
		// The client was given piece 0 when it had ended and plays from there, a piece behind; after the outage it goes on with 18 when that has ended.
		for i, in := range d.Injected(time.Now()) {
			start, end := time.Duration(plans[i].From+1)*lab.PieceDuration, time.Duration(plans[i].To+1)*lab.PieceDuration
			if in.Start.Sub(d.Start()) != start || in.End.Sub(d.Start()) != end {
				t.Errorf("%s is presented from %s to %s, want %s to %s", in.Kind, in.Start.Sub(d.Start()), in.End.Sub(d.Start()), start, end)
			}
		}
		counted(t, media)
		if err := os.WriteFile(file, media, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	// Pieces 0 to 11.
	continuous(t, file, "v:0", 12*48, 0.04)
	continuous(t, file, "a:0", 12*90, 1024./48000)
	found(t, file, "", "silencedetect=n=-60dB:d=2", "silence_start", 6*1.92, "silence_end", 10*1.92)
}

func TestHLSClientThatFallsBehindIsPresentedLater(t *testing.T) {
	play(t, lab.HLS, []lab.Plan{planned("silence", 6, 10)}, func(ctx context.Context, d *lab.Demo) {
		// It is given piece 0 at the start of 1, and 1 only at the start of 4: two pieces later than it was to be presented.
		time.Sleep(lab.PieceDuration)
		fetch(ctx, d, "/frog/0.ts")
		time.Sleep(3 * lab.PieceDuration)
		fetch(ctx, d, "/frog/1.ts")
		time.Sleep(6 * lab.PieceDuration)
		injected := d.Injected(time.Now())
		if len(injected) != 1 || injected[0].Start.Sub(d.Start()) != 9*lab.PieceDuration {
			t.Errorf("injected are %v, want silence at %s, as piece 1 is presented at %s", injected, 9*lab.PieceDuration, 4*lab.PieceDuration)
		}
	})
}

// continuous checks that the packets of a stream in file are n, one every step seconds.
func continuous(t *testing.T, file, stream string, n int, step float64) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time", "-of", "default=nk=1:nw=1", file).Output()
	if err != nil {
		t.Fatalf("ffprobe: %v", err)
	}
	// A stream that belongs to a program is told twice.
	seen := map[string]bool{}
	last, count := 0., 0
	for _, field := range strings.Fields(string(out)) {
		if seen[field] {
			continue
		}
		seen[field] = true
		at, err := strconv.ParseFloat(field, 64)
		if err != nil {
			t.Fatal(err)
		}
		if count++; count > 1 && (at-last < step-2e-5 || at-last > step+2e-5) {
			t.Errorf("%s: packet %d is at %f, %f after the one before, want %f", stream, count, at, at-last, step)
		}
		last = at
	}
	if count != n {
		t.Errorf("%s: %d packets, want %d", stream, count, n)
	}
}

// counted checks the continuity counters of an MPEG-TS: of each PID they grow by one with each packet that has a payload.
func counted(t *testing.T, data []byte) {
	t.Helper()
	next := map[int]byte{}
	for n := 0; len(data) > 0; n, data = n+1, data[188:] {
		pid := int(data[1]&0x1f)<<8 | int(data[2])
		counter, payload := data[3]&0x0f, data[3]&0x10 != 0
		if want, ok := next[pid]; ok && payload && counter != want {
			t.Fatalf("packet %d of PID %d has counter %d, want %d", n, pid, counter, want)
		}
		if payload {
			next[pid] = (counter + 1) & 0x0f
		}
	}
	if len(next) != 4 {
		t.Errorf("%d PIDs, want PAT, PMT, picture and sound", len(next))
	}
}

// found checks that FFmpeg's filter tells exactly one span in file, within a picture or three sounds.
func found(t *testing.T, file, video, audio, startKey string, start float64, endKey string, end float64) {
	t.Helper()
	arguments := []string{"-hide_banner", "-nostats", "-i", file, "-vf", "setpts=PTS-STARTPTS," + video, "-an", "-f", "null", "-"}
	if audio != "" {
		arguments = []string{"-hide_banner", "-nostats", "-i", file, "-af", "asetpts=PTS-STARTPTS," + audio, "-vn", "-f", "null", "-"}
	}
	said, err := exec.Command("ffmpeg", arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said)
	}
	for key, want := range map[string]float64{startKey: start, endKey: end} {
		_, rest, ok := strings.Cut(string(said), key+":")
		if !ok || strings.Contains(rest, key+":") {
			t.Errorf("%s%s: %s is told %d times, want once", video, audio, key, strings.Count(string(said), key+":"))
			continue
		}
		got, err := strconv.ParseFloat(strings.TrimRight(strings.Fields(rest)[0], ","), 64)
		if err != nil || got < want-0.065 || got > want+0.065 {
			t.Errorf("%s%s: %s is at %f, want %f", video, audio, key, got, want)
		}
	}
}
