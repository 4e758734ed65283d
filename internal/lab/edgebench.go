package lab

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// EdgeBench is what watching one file cost at the edge, against what it costs to decode it and to run FFmpeg's own filters on it. CPU
// figures are user plus system time of the processes that did it, in seconds per second of media; each ran on one thread.
type EdgeBench struct {
	File string `json:"file"`
	// Seconds of media.
	Seconds float64 `json:"seconds"`
	// DecodeCPU is FFmpeg's decoding alone, WorkerCPU our worker's decoding and measuring, FiltersCPU FFmpeg's decoding with Filters.
	DecodeCPU  float64 `json:"decode_cpu"`
	WorkerCPU  float64 `json:"worker_cpu"`
	FiltersCPU float64 `json:"filters_cpu"`
	// OverDecode is WorkerCPU by DecodeCPU, FiltersOverOurs is FiltersCPU by WorkerCPU.
	OverDecode      float64 `json:"over_decode"`
	FiltersOverOurs float64 `json:"filters_over_ours"`
	// FramesDecoded and FramesAnalysed are pictures; BytesPerFrame is a picture's mean record on the log.
	FramesDecoded  int64   `json:"frames_decoded"`
	FramesAnalysed int64   `json:"frames_analysed"`
	BytesPerFrame  float64 `json:"bytes_per_frame"`
}

// Filters are FFmpeg's counterparts of what the edge measures.
const (
	pictureFilters = "blackdetect,freezedetect,blockdetect,blurdetect,signalstats"
	soundFilters   = "ebur128"
)

// Measure runs our worker over a file in a child process, ends when it has ended, and hands on its records.
type Measure func(ctx context.Context, file string, out func(*schemas.Feature) error) error

// BenchEdge measures file. Nothing else may run child processes meanwhile.
func BenchEdge(ctx context.Context, file string, measure Measure) (EdgeBench, error) {
	b := EdgeBench{File: file}
	// FFmpeg finds the segments of a manifest by an absolute path only.
	file, err := filepath.Abs(file)
	if err != nil {
		return b, err
	}
	tally := tally{contract: schemas.Baked()}
	worker, err := cpu(func() error { return measure(ctx, file, tally.add) })
	if err != nil {
		return b, err
	}
	if b.Seconds = tally.seconds(); b.Seconds <= 0 || tally.pictures == 0 {
		return b, fmt.Errorf("measure %s: no pictures", file)
	}
	decode, err := cpu(func() error { return ffmpeg(ctx, file) })
	if err != nil {
		return b, err
	}
	filters, err := cpu(func() error { return ffmpeg(ctx, file, "-vf", pictureFilters, "-af", soundFilters) })
	if err != nil {
		return b, err
	}
	b.DecodeCPU, b.WorkerCPU, b.FiltersCPU = decode/b.Seconds, worker/b.Seconds, filters/b.Seconds
	b.OverDecode, b.FiltersOverOurs = worker/decode, filters/worker
	b.FramesDecoded, b.FramesAnalysed = tally.decoded, tally.pictures
	b.BytesPerFrame = float64(tally.bytes) / float64(tally.pictures)
	return b, nil
}

// tally counts what the worker gave.
type tally struct {
	decoded, pictures, bytes int64
	// first and last instant of pictures, microseconds.
	first, last int64
	contract    *schemas.Contract
	buffer      []byte
}

func (t *tally) add(f *schemas.Feature) error {
	v := f.VideoFrame
	if v == nil {
		return nil
	}
	if t.pictures == 0 {
		t.first = v.At
	}
	t.pictures++
	t.decoded = v.Seq + 1
	t.last = v.At + int64(v.Duration)*100/9
	var err error
	t.buffer, err = schemas.Append(t.contract, schemas.Features, t.buffer[:0], f)
	t.bytes += int64(len(t.buffer))
	return err
}

func (t *tally) seconds() float64 { return float64(t.last-t.first) / 1e6 }

// ffmpeg decodes file's picture and sound on one thread and throws them away after the filters.
func ffmpeg(ctx context.Context, file string, filters ...string) error {
	arguments := []string{"-v", "error", "-nostdin", "-threads", "1", "-filter_threads", "1", "-i", file}
	arguments = append(arguments, filters...)
	arguments = append(arguments, "-threads", "1", "-f", "null", "-")
	said, err := exec.CommandContext(ctx, "ffmpeg", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, strings.TrimSpace(string(said)))
	}
	return nil
}

// cpu is the user and system time, in seconds, of the child processes that run starts and waits for.
func cpu(run func() error) (float64, error) {
	var before, after syscall.Rusage
	err := errors.Join(syscall.Getrusage(syscall.RUSAGE_CHILDREN, &before), run(), syscall.Getrusage(syscall.RUSAGE_CHILDREN, &after))
	spent := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	return spent.Seconds(), err
}
