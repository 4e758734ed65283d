package lab_test

import (
	"context"
	"errors"
	"math"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

func TestBenchEdgeComparesWithFFmpeg(t *testing.T) {
	file := filepath.Join(clips, "mdn_frog_480p30_h264_aac.mp4")
	// A worker that decodes as FFmpeg does, tells of four pictures of 2 s, and dropped every other one.
	decoder := func(ctx context.Context, file string, out func(*schemas.Feature) error) error {
		for i := range int64(4) {
			if err := out(&schemas.Feature{VideoFrame: &schemas.VideoFrame{Seq: 2*i + 1, At: 1_000_000 + i*2_000_000, Duration: 180_000}}); err != nil {
				return err
			}
		}
		return exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-threads", "1", "-i", file, "-threads", "1", "-f", "null", "-").Run()
	}
	b, err := lab.BenchEdge(t.Context(), file, decoder)
	if err != nil {
		t.Fatal(err)
	}
	if b.Seconds != 8 || b.FramesDecoded != 8 || b.FramesAnalysed != 4 || b.BytesPerFrame <= 0 {
		t.Errorf("%+v, want 8 s, 8 frames decoded, 4 analysed and their bytes", b)
	}
	if b.OverDecode < 0.4 || b.OverDecode > 2.5 {
		t.Errorf("a worker that only decodes costs %.2f times decoding", b.OverDecode)
	}
	if b.FiltersOverOurs < 2 {
		t.Errorf("FFmpeg's filters cost %.2f times decoding, want far more", b.FiltersOverOurs)
	}
	for name, r := range map[string][3]float64{"over_decode": {b.OverDecode, b.WorkerCPU, b.DecodeCPU}, "filters_over_ours": {b.FiltersOverOurs, b.FiltersCPU, b.WorkerCPU}} {
		if math.Abs(r[0]-r[1]/r[2]) > 1e-9 {
			t.Errorf("%s is %f, its parts are %f and %f", name, r[0], r[1], r[2])
		}
	}
}

func TestBenchEdgeSaysWhatFails(t *testing.T) {
	broken := errors.New("no worker")
	for name, c := range map[string]struct {
		measure lab.Measure
		want    error
	}{
		"worker":   {func(context.Context, string, func(*schemas.Feature) error) error { return broken }, broken},
		"pictures": {func(context.Context, string, func(*schemas.Feature) error) error { return nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := lab.BenchEdge(t.Context(), "none.mp4", c.measure)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}
