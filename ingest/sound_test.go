package ingest_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/schemas"
)

// joined is a transport stream of seconds of constant sound, one after the other on one line of time; each is of its own arguments.
func joined(t *testing.T, arguments ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "joined.ts")
	var all []byte
	for i, a := range arguments {
		command := strings.Fields(fmt.Sprintf("-v error -f lavfi -i %s -strict -2 -output_ts_offset %d -f mpegts -", a, i))
		var stderr bytes.Buffer
		ffmpeg := exec.Command("ffmpeg", command...)
		ffmpeg.Stderr = &stderr
		out, err := ffmpeg.Output()
		if err != nil {
			t.Fatalf("ffmpeg: %v: %s", err, stderr.String())
		}
		all = append(all, out...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// In mid-stream the sound becomes of another sample format, of more channels, of another rate, of fewer channels. Each time an inventory
// tells first, an epoch begins, the filters warm up anew, and no sound is lost or doubled on the way.
func TestSoundChanges(t *testing.T) {
	const loud = "aevalsrc=0.5|-0.25:s=48000:d=1"
	for _, c := range []struct {
		name  string
		parts []string
		want  []string
	}{
		{
			"sample format and channels",
			[]string{
				loud + " -c:a s302m -sample_fmt s16", loud + " -c:a s302m -sample_fmt s32",
				"aevalsrc=0.5|-0.25|0.125|-0.0625:s=48000:d=1 -c:a s302m -sample_fmt s32",
			},
			[]string{
				"epoch 0: 48000 Hz, s16, 2 channels, 4800 samples, DC [0.5 -0.25]",
				"epoch 1: 48000 Hz, s32, 2 channels, 4800 samples, DC [0.5 -0.25]",
				"epoch 2: 48000 Hz, s32, 4 channels, 4800 samples, DC [0.5 -0.25 0.125 -0.0625]",
			},
		},
		{
			"rate and channels",
			[]string{loud + " -c:a mp2", "aevalsrc=0.5|-0.25:s=44100:d=1 -c:a mp2", "aevalsrc=0.5:s=44100:d=1 -c:a mp2"},
			[]string{
				"epoch 0: 48000 Hz, s16p, 2 channels, 4800 samples, DC [0.5 -0.25]",
				"epoch 1: 44100 Hz, s16p, 2 channels, 4410 samples, DC [0.5 -0.25]",
				"epoch 2: 44100 Hz, s16p, 1 channels, 4410 samples, DC [0.5]",
			},
		},
	} {
		records, err := measure(t, joined(t, c.parts...))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var got []string
		var inventory *schemas.Inventory
		var blocks, next int64
		warm := map[int32]int{} // blocks of an epoch so far
		for _, r := range records {
			if r.Inventory != nil {
				inventory = r.Inventory
			}
			b := r.AudioBlock
			if b == nil {
				continue
			}
			a := inventory.Tracks[0].Audio
			if b.Format != inventory.Version || b.Seq != blocks || int(a.Channels) != len(b.Channels) || b.Flags&(1<<2) != 0 {
				t.Errorf("%s: block %d: number %d of format %d with %d channels, flags %#x, after inventory %d with %d",
					c.name, blocks, b.Seq, b.Format, len(b.Channels), b.Flags, inventory.Version, a.Channels)
			}
			// Frames of MP2 begin up to 1152 samples away from a whole second.
			if off := b.At - next; blocks > 0 && max(off, -off) > 27_000 {
				t.Errorf("%s: block %d is at %d us, the one before ended at %d", c.name, blocks, b.At, next)
			}
			if warming := b.Flags&(1<<3) != 0; warming != (warm[b.Epoch] < 2) {
				t.Errorf("%s: block %d of epoch %d: warm-up is %v", c.name, warm[b.Epoch], b.Epoch, warming)
			}
			warm[b.Epoch]++
			blocks, next = blocks+1, b.At+int64(b.Samples)*1_000_000/int64(a.SampleRate)
			if warm[b.Epoch] != 5 {
				continue
			}
			var dc []float64
			for _, channel := range b.Channels {
				dc = append(dc, float64((channel.DC+1<<9)>>10)/(1<<10)) // MP2 is near to it
			}
			got = append(got, fmt.Sprintf("epoch %d: %d Hz, %s, %d channels, %d samples, DC %v", b.Epoch, a.SampleRate, a.SampleFormat, a.Channels, b.Samples, dc))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
		if blocks < 30 || blocks > 34 {
			t.Errorf("%s: %d blocks of three seconds", c.name, blocks)
		}
	}
}
