package lab_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

// decoder is a worker that decodes as FFmpeg does, as often as times says, and tells of 50 pictures of 2 seconds, of which it dropped every
// other one, and of their seconds.
func decoder(times int) func(context.Context, string, func(*schemas.Feature) error) error {
	return func(ctx context.Context, file string, out func(*schemas.Feature) error) error {
		for i := range int64(25) {
			if err := out(&schemas.Feature{VideoFrame: &schemas.VideoFrame{Seq: 2*i + 1, At: i * 80_000, Duration: 7200}}); err != nil {
				return err
			}
		}
		for s := range int64(2) {
			if err := out(&schemas.Feature{StreamSecond: &schemas.StreamSecond{At: (s + 1) * 1_000_000}}); err != nil {
				return err
			}
		}
		for range times {
			if err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-threads", "1", "-i", file, "-threads", "1", "-f", "null", "-").Run(); err != nil {
				return err
			}
		}
		return nil
	}
}

// memoryLog counts what is written to it without batches, and 10 bytes more for each record.
type memoryLog struct {
	t     *testing.T
	bytes int64
	fails error
}

func (l *memoryLog) Publish(_ string, f *schemas.Feature, done func(error)) {
	encoded, err := schemas.Append(schemas.Baked(), schemas.Features, nil, f)
	if err != nil {
		l.t.Error(err)
	}
	l.bytes += int64(len(encoded)) + 10
	done(l.fails)
}

func (l *memoryLog) Size(context.Context) (int64, error) { return l.bytes, nil }
func (l *memoryLog) Close()                              {}

// footage is a second of natural content and sound.
func footage(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "frog.mp4")
	cut := exec.Command("ffmpeg", "-v", "error", "-i", filepath.Join(clips, "mdn_frog_480p30_h264_aac.mp4"), "-t", "1", "-c", "copy", file)
	if said, err := cut.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said)
	}
	return file
}

// edgeConfig is a bench that is over soon.
func edgeConfig(t *testing.T, decodings int) lab.EdgeConfig {
	return lab.EdgeConfig{
		Measure: decoder(decodings), Open: func(context.Context) (lab.Log, error) { return &memoryLog{t: t}, nil },
		Runs: 2, Stretch: time.Second / 5, Play: time.Second / 2, Progress: func(string) {},
	}
}

func TestBenchEdgeComparesWithFFmpeg(t *testing.T) {
	file := footage(t)
	b, err := lab.BenchEdge(t.Context(), edgeConfig(t, 3), lab.EdgeClip{Name: "frog", File: file})
	if err != nil {
		t.Fatal(err)
	}
	// From the first picture's beginning to the last one's end: 24 * 80 ms + 80 ms.
	if b.File != "frog" || b.Runs != 2 || b.Seconds != 2 || b.FramesDecoded != 50 || b.FramesAnalysed != 25 || b.FilterSeconds != 0.2 {
		t.Errorf("%+v, want 2 runs over 2 s of frog, 50 pictures decoded, 25 analysed, filters on 0.2 s", b)
	}
	// Decoding three times costs three times as much.
	if b.OverDecode < 2 || b.OverDecode > 4.5 {
		t.Errorf("a worker that decodes three times costs %.2f times decoding", b.OverDecode)
	}
	if b.FiltersCPU < 2*b.DecodeCPU || b.CoverageCPU < b.FiltersCPU {
		t.Errorf("decoding costs %f, with filters %f, with more filters %f", b.DecodeCPU, b.FiltersCPU, b.CoverageCPU)
	}
	for name, r := range map[string][3]float64{
		"over_decode":        {b.OverDecode, b.WorkerCPU, b.DecodeCPU},
		"filters_over_ours":  {b.FiltersOverOurs, b.FiltersCPU, b.WorkerCPU},
		"coverage_over_ours": {b.CoverageOverOurs, b.CoverageCPU, b.WorkerCPU},
	} {
		if math.Abs(r[0]-r[1]/r[2]) > 1e-9 {
			t.Errorf("%s is %f, its parts are %f and %f", name, r[0], r[1], r[2])
		}
	}
}

func TestBenchEdgeMeasuresMemoryOfTheChild(t *testing.T) {
	// What is ours must not count as the child's, though a child begins in its parent's memory.
	ballast := make([]byte, 300<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	b, err := lab.BenchEdge(t.Context(), edgeConfig(t, 1), lab.EdgeClip{File: footage(t)})
	if err != nil {
		t.Fatal(err)
	}
	// FFmpeg and its libraries, and some pictures of 720x480. The worker is the same.
	for name, got := range map[string]float64{"decoder_rss_mib": b.DecoderRSS, "worker_rss_mib": b.WorkerRSS} {
		if got < 10 || got > 200 {
			t.Errorf("%s is %.1f", name, got)
		}
	}
	if b.RSSOverDecoder != b.WorkerRSS-b.DecoderRSS {
		t.Errorf("rss_over_decoder_mib is %.1f, its parts are %.1f and %.1f", b.RSSOverDecoder, b.WorkerRSS, b.DecoderRSS)
	}
	if ballast[len(ballast)-4096] != 1 {
		t.Error("the ballast is gone")
	}
}

func TestBenchEdgeCountsWhatPicturesAddToTheLog(t *testing.T) {
	b, err := lab.BenchEdge(t.Context(), edgeConfig(t, 1), lab.EdgeClip{File: footage(t)})
	if err != nil {
		t.Fatal(err)
	}
	// The footage has two seconds, so two streams can show different ones. The log takes 10 bytes more a record, and its other records do not count.
	if b.TopicStreams != 2 || math.Abs(b.TopicBytesPerFrame-b.BytesPerFrame-10) > 1e-9 {
		t.Errorf("%d streams, %f bytes a picture on the topic, want 2 and 10 more than the record's %f", b.TopicStreams, b.TopicBytesPerFrame, b.BytesPerFrame)
	}
	// After 31 hours: 6 bytes of wire format and branch, 8 of session, 4 of seq, 6 of at, 2 or 3 of arrival, 5 of pts (6 after 62 hours),
	// 2 of duration, 7 of the other numbers, and 14 groups that are null. Fresh from the start at, seq and pts would take 10 less.
	if b.BytesPerFrame < 54 || b.BytesPerFrame > 55 {
		t.Errorf("a record without groups has %f bytes, want those of a stream that has run for days", b.BytesPerFrame)
	}
}

func TestBenchEdgeTakesRepeatedContentOnce(t *testing.T) {
	clip := lab.EdgeClip{File: footage(t), Once: time.Second}
	b, err := lab.BenchEdge(t.Context(), edgeConfig(t, 1), clip)
	if err != nil {
		t.Fatal(err)
	}
	// Content of one second is there for one stream.
	if b.TopicStreams != 1 || b.Seconds != 2 {
		t.Errorf("%d streams of content that repeats after a second, %f s of media; want 1 and 2", b.TopicStreams, b.Seconds)
	}
}

func TestBenchEdgeHasEveryFigure(t *testing.T) {
	b, err := lab.BenchEdge(t.Context(), edgeConfig(t, 2), lab.EdgeClip{Name: "frog", File: footage(t)})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var figures map[string]any
	if err := json.Unmarshal(text, &figures); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"seconds", "runs", "decode_cpu", "worker_cpu", "filters_cpu", "coverage_cpu", "over_decode", "filters_over_ours", "coverage_over_ours", "filter_seconds",
		"frames_decoded", "frames_analysed", "bytes_per_frame", "topic_bytes_per_frame", "topic_streams", "worker_rss_mib", "decoder_rss_mib",
	} {
		if value, ok := figures[key].(float64); !ok || value <= 0 {
			t.Errorf("%s is %v", key, figures[key])
		}
	}
	if figures["file"] != "frog" {
		t.Errorf("file is %v", figures["file"])
	}
}

func TestBenchEdgeSaysWhatFails(t *testing.T) {
	broken := errors.New("broken")
	file := footage(t)
	for name, c := range map[string]struct {
		file  string
		spoil func(c *lab.EdgeConfig)
		want  error
	}{
		"file": {"none.mp4", func(*lab.EdgeConfig) {}, nil},
		"worker": {file, func(c *lab.EdgeConfig) {
			c.Measure = func(context.Context, string, func(*schemas.Feature) error) error { return broken }
		}, broken},
		"pictures": {file, func(c *lab.EdgeConfig) { c.Measure = decoderOnly }, nil},
		"open":     {file, func(c *lab.EdgeConfig) { c.Open = func(context.Context) (lab.Log, error) { return nil, broken } }, broken},
		"write": {file, func(c *lab.EdgeConfig) {
			c.Open = func(context.Context) (lab.Log, error) { return &memoryLog{t: t, fails: broken}, nil }
		}, broken},
	} {
		t.Run(name, func(t *testing.T) {
			config := edgeConfig(t, 1)
			config.Runs = 1
			c.spoil(&config)
			_, err := lab.BenchEdge(t.Context(), config, lab.EdgeClip{File: c.file})
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

// decoderOnly is a worker that tells nothing.
func decoderOnly(ctx context.Context, file string, _ func(*schemas.Feature) error) error {
	return decoder(1)(ctx, file, func(*schemas.Feature) error { return nil })
}
