package ingest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// apart makes HLS whose sound has a playlist of its own out of a clip, segments of 1 s, and serves it.
func apart(t *testing.T, clip string) (url string) {
	t.Helper()
	dir := t.TempDir()
	for name, options := range map[string][]string{"pictures": {"-map", "0:v"}, "sound": {"-map", "0:a"}} {
		remux(t, clip, filepath.Join(dir, name+".m3u8"), append(options, "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "-copyts", "-muxdelay", "0")...)
	}
	master := "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"s\",NAME=\"s\",DEFAULT=YES,URI=\"sound.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1000000,AUDIO=\"s\"\npictures.m3u8\n"
	if err := os.WriteFile(filepath.Join(dir, "all.m3u8"), []byte(master), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	return server.URL + "/all.m3u8"
}

// measured are the time stamps of an input's pictures and blocks of sound, and the distances in microseconds of sound from the pictures beside it.
type measuredTimes struct{ pictures, sound, distances []int64 }

func (m *measuredTimes) add(f *schemas.Feature) {
	switch v, b := f.VideoFrame, f.AudioBlock; {
	case v != nil:
		m.pictures = append(m.pictures, v.PTS)
	case b != nil:
		m.sound = append(m.sound, b.PTS)
		if n := len(m.pictures); n > 0 {
			d := b.PTS - m.pictures[n-1]
			m.distances = append(m.distances, max(d, -d)*100/9)
		}
	}
}

// check compares with what the file gives that it was made of, shifted by a constant.
func (m *measuredTimes) check(t *testing.T, name string, want measuredTimes) {
	t.Helper()
	if len(m.pictures) != len(want.pictures) || len(m.sound) < len(want.sound)-1 || len(m.sound) > len(want.sound)+1 || len(m.sound) == 0 {
		t.Fatalf("%s: %d pictures and %d blocks of sound, want %d and %d", name, len(m.pictures), len(m.sound), len(want.pictures), len(want.sound))
	}
	shift := m.pictures[0] - want.pictures[0]
	for i, pts := range m.pictures {
		if pts != want.pictures[i]+shift {
			t.Fatalf("%s: picture %d at %d, want %d", name, i, pts, want.pictures[i]+shift)
		}
	}
	for i := range min(len(m.sound), len(want.sound)) {
		if d := m.sound[i] - want.sound[i] - shift; d > 90 || d < -90 { // 1 ms
			t.Errorf("%s: block %d at %d, want %d", name, i, m.sound[i], want.sound[i]+shift)
		}
	}
	for i, d := range m.distances { // a block is told at its end, 0.1 s later, a PES packet of sound holds up to 0.2 s
		if d > 400_000 {
			t.Errorf("%s: block %d came out %d us away from the pictures beside it, want at most 400000", name, i, d)
		}
	}
}

// TestSoundApart plays HLS with sound of its own offline and live, through real workers, against the file that it was made of.
func TestSoundApart(t *testing.T) {
	t.Parallel()
	file := clip(t, 4, "all.ts")
	url := apart(t, file)
	var want, got measuredTimes
	take := func(into *measuredTimes) func(f *schemas.Feature) error {
		return func(f *schemas.Feature) error { into.add(f); return nil }
	}
	if err := ingest.Measure(t.Context(), ingest.MeasureConfig{URL: file}, take(&want)); err != nil {
		t.Fatal(err)
	}
	if err := ingest.Measure(t.Context(), ingest.MeasureConfig{URL: url}, take(&got)); err != nil {
		t.Fatal(err)
	}
	got.check(t, "offline", want)

	edge, r := run(t, ingest.Defaults(), quiet())
	edge.Set("s", &schemas.StreamSpec{URL: url})
	r.second(t, "s", ingest.Down, "end of file")
	var live measuredTimes
	var tracks []schemas.Track
	for _, p := range r.all("s") {
		live.add(p.Feature)
		if p.Inventory != nil {
			tracks = p.Inventory.Tracks
		}
	}
	live.check(t, "live", want)
	if len(tracks) != 2 || tracks[0].Kind != "video" || tracks[1].Kind != "audio" || fmt.Sprint(tracks[0].Index, tracks[1].Index) != "0 1" {
		t.Errorf("tracks %+v", tracks)
	}
}
