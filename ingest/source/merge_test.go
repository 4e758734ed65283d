package source_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/source"
)

const second = media.Clock

// parted makes 4 s of pictures and sound, and remuxes it whole, its pictures and its sound, each with its own options.
func parted(t *testing.T, kind, both, sound string) (whole, pictures, alone string) {
	t.Helper()
	clip := clip(t, "all.mkv", "-f lavfi -i testsrc2=s=160x90:r=25:d=4 -f lavfi -i sine=r=48000:d=4 -c:v libx264 -bf 2 -g 25 -c:a aac")
	return remux(t, clip, "whole."+kind, both), remux(t, clip, "pictures."+kind, both+" -map 0:v"), remux(t, clip, "sound."+kind, both+" "+sound+" -map 0:a")
}

func remux(t *testing.T, from, name, options string) string {
	t.Helper()
	return clip(t, name, "-i "+from+" -c copy -copyts -muxdelay 0 -avoid_negative_ts disabled -output_ts_offset 1 "+options)
}

// concatenated is a file of files.
func concatenated(t *testing.T, paths ...string) string {
	t.Helper()
	var all []byte
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	path := filepath.Join(t.TempDir(), "all")
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// times are the time stamps of an input's units in order, 33 bits: what a muxed input has.
func times(got decoded) (frames, samples []int64) {
	for _, f := range got.frames {
		frames = append(frames, f.PTS&(1<<33-1))
	}
	for _, s := range got.samples {
		samples = append(samples, s.PTS&(1<<33-1))
	}
	return frames, samples
}

// TestTwoContainers compares two containers' units with those of one that holds the same packets.
func TestTwoContainers(t *testing.T) {
	const fragmented = "-movflags frag_keyframe+empty_moov+default_base_moof+frag_discont"
	for _, c := range []struct {
		name, kind, both, sound string
		shift                   int64
	}{
		{name: "MPEG-TS", kind: "ts"},
		{name: "MPEG-TS over the wrap of its time stamps", kind: "ts", both: "-output_ts_offset 95441.7"}, // 2^33 / 90000 is 95443.7
		{name: "fragmented MP4", kind: "mp4", both: fragmented},
		{name: "fragmented MP4 of another time", kind: "mp4", both: fragmented, sound: "-output_ts_offset 8.5", shift: -7.5 * second},
	} {
		whole, pictures, sound := parted(t, c.kind, c.both, c.sound)
		got := decode(t, source.Input{Path: pictures, Sound: sound, SoundShift: c.shift})
		checkParted(t, c.name, got, decode(t, source.Input{Path: whole}), 0, 0)
		last := got.tracks[len(got.tracks)-1].List
		if len(last) != 2 || last[0].Index != 0 || last[0].Kind != "video" || last[0].Sound || last[1].Index != 1 || last[1].Kind != "audio" || !last[1].Sound {
			t.Errorf("%s: tracks %+v", c.name, last)
		}
	}
}

// checkParted checks that two containers gave what one did, and sound beside the pictures of its time.
func checkParted(t *testing.T, name string, got, whole decoded, jumps int, tolerance int64) {
	t.Helper()
	frames, samples := times(got)
	wantFrames, wantSamples := times(whole)
	equal := func(a, b []int64) bool {
		return slices.EqualFunc(a, b, func(x, y int64) bool { return max(x-y, y-x) <= tolerance })
	}
	if got.err != nil || got.refused != 0 || !equal(frames, wantFrames) || len(frames) < 100 {
		t.Errorf("%s: %v, %d refused, pictures at\n%v, want\n%v", name, got.err, got.refused, frames, wantFrames)
	}
	if !equal(samples, wantSamples) || len(samples) < 187 { // 4 s in AAC frames of 1024
		t.Errorf("%s: sound at\n%v, want\n%v", name, samples, wantSamples)
	}
	// A picture comes out up to three later than its packet came, two for their order and one for its timing; a PES packet of sound can hold 0.2 s.
	const near = 0.4 * second
	far := 0
	for _, d := range got.distances {
		if d > near {
			far++
		}
	}
	// Over a jump the one is on the new timeline for as long while the other is still on the old one: 19 stretches of 1024 samples.
	if most := 19 * jumps; far > most {
		t.Errorf("%s: %d stretches of sound were more than 0.4 s away from the pictures beside them, want at most %d", name, far, most)
	}
}

// TestTwoContainersJump has both go over to another timeline at their own moment.
func TestTwoContainersJump(t *testing.T) {
	whole, pictures, sound := parted(t, "ts", "", "")
	laterWhole, laterPictures, laterSound := parted(t, "ts", "-output_ts_offset 5000", "")
	for _, c := range []struct {
		name                   string
		whole, pictures, sound []string
	}{
		{"forward", []string{whole, laterWhole}, []string{pictures, laterPictures}, []string{sound, laterSound}},
		{"back", []string{laterWhole, whole}, []string{laterPictures, pictures}, []string{laterSound, sound}},
	} {
		got := decode(t, source.Input{Path: concatenated(t, c.pictures...), Sound: concatenated(t, c.sound...)})
		checkParted(t, c.name, got, decode(t, source.Input{Path: concatenated(t, c.whole...)}), 1, 0)
	}
}

// TestTwoContainersOneBad has pictures go on without sound.
func TestTwoContainersOneBad(t *testing.T) {
	_, pictures, sound := parted(t, "ts", "", "")
	whole, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		sound   []byte
		samples int
	}{
		{"nothing", nil, 0},
		{"garbage", []byte("<!DOCTYPE html><title>no sound</title>"), 0},
		{"half", whole[:len(whole)/2/188*188], 90},
	} {
		path := filepath.Join(t.TempDir(), "sound")
		if err := os.WriteFile(path, c.sound, 0o600); err != nil {
			t.Fatal(err)
		}
		got := decode(t, source.Input{Path: pictures, Sound: path})
		if got.err != nil || len(got.frames) != 100 || len(got.samples) < c.samples || c.samples == 0 && len(got.samples) > 0 {
			t.Errorf("%s: got %d pictures, %d stretches of sound, %v, want 100, at least %d", c.name, len(got.frames), len(got.samples), got.err, c.samples)
		}
	}
	if _, err := source.Open(t.Context(), source.Input{Path: filepath.Join(t.TempDir(), "none"), Sound: sound}); err == nil {
		t.Error("opened without pictures")
	}
}

// TestTwoContainersOneSilent has one side give nothing until all of the other has come out, and then all at once.
func TestTwoContainersOneSilent(t *testing.T) {
	_, pictures, sound := parted(t, "ts", "", "")
	for _, silent := range []string{"sound", "pictures"} {
		in := source.Input{Path: pictures, Sound: sound, Patience: func(int64) time.Duration { return 0 }}
		quiet, loud := &in.Sound, 100 // pictures of the other
		if silent == "pictures" {
			quiet, loud = &in.Path, 189
		}
		data, err := os.ReadFile(*quiet)
		if err != nil {
			t.Fatal(err)
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		*quiet = fmt.Sprintf("pipe:%d", r.Fd())
		begun := make(chan struct{})
		begin := sync.OnceFunc(func() { close(begun) })
		go func() {
			defer w.Close()
			if silent == "pictures" { // enough to be opened
				w.Write(data[:len(data)/2])
				data = data[len(data)/2:]
			}
			select {
			case <-begun:
			case <-time.After(30 * time.Second):
				t.Errorf("the other waits for %s", silent)
			}
			w.Write(data)
		}()
		d, err := source.Open(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		frames, samples := 0, 0
		for u, err := range d.Units() {
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case u.Frame != nil:
				frames++
			case u.Samples != nil:
				samples++
			}
			// Some of the last pictures stay in their decoder until the end.
			if alone := max(frames, samples); alone == loud-10 {
				if silent == "sound" && samples > 0 || silent == "pictures" && frames > 60 {
					t.Errorf("%s: %d pictures, %d stretches of sound while it was silent", silent, frames, samples)
				}
				begin()
			}
		}
		if frames != 100 || samples != 189 {
			t.Errorf("%s silent: %d pictures and %d stretches of sound came out, want 100 and 189", silent, frames, samples)
		}
		d.Close()
		r.Close()
	}
}

// TestTwoContainersOneEarly has a live source whose sound begins 1.5 s before its pictures: it is given from where they begin.
func TestTwoContainersOneEarly(t *testing.T) {
	_, pictures, _ := parted(t, "ts", "", "")
	_, _, sound := parted(t, "ts", "", "-output_ts_offset -0.5")
	for _, live := range []bool{true, false} {
		in := source.Input{Path: pictures, Sound: sound}
		if live {
			in.Patience = func(int64) time.Duration { return time.Hour }
		}
		got := decode(t, in)
		begins := got.samples[0].PTS - got.frames[0].PTS
		if len(got.frames) != 100 || live && (begins < -0.5*second || begins > 0.1*second) || !live && begins > -1.4*second {
			t.Errorf("live %v: %d pictures, sound begins %d after them", live, len(got.frames), begins)
		}
	}
}

func TestMergeOrder(t *testing.T) {
	const wrap = 1 << 33
	for _, c := range []struct {
		name    string
		packets [][2]int64
		want    []int64
	}{
		{"one timeline", [][2]int64{{0, 100}, {1, 90}, {0, 3700}, {1, 2010}}, []int64{100, 90, 3700, 2010}},
		{"the wrap of one before that of the other", [][2]int64{{0, wrap - 100}, {1, wrap - 200}, {0, 3500}, {1, 1720}}, []int64{wrap - 100, wrap - 200, wrap + 3500, wrap + 1720}},
		{"begun on two sides of the wrap", [][2]int64{{0, wrap - 100}, {1, 20}}, []int64{wrap - 100, wrap + 20}},
		{"a jump of one goes on where it was", [][2]int64{{0, 1000}, {1, 900}, {0, 500 * second}, {0, 500*second + 3600}}, []int64{1000, 900, 1000, 4600}},
		{"the other's jump keeps its distance", [][2]int64{{0, 5 * second}, {1, 3 * second}, {0, 500 * second}, {1, 499 * second}}, []int64{5 * second, 3 * second, 5 * second, 4 * second}},
		{"a hole in one", [][2]int64{{0, 0}, {1, 0}, {0, 9 * second}, {1, 1920}}, []int64{0, 0, 9 * second, 1920}},
		{"never on one timeline", [][2]int64{{0, 1000}, {1, 700 * second}, {1, 700*second + 1920}}, []int64{1000, 1000, 2920}},
		{"without time stamps", [][2]int64{{0, 1000}, {0, media.NoTime}}, []int64{1000, 1000}},
	} {
		if got := source.Positions(c.packets); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
