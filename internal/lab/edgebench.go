package lab

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// EdgeBench is what watching one file cost at the edge, against what it costs to decode it and to run FFmpeg's own filters on it. CPU
// figures are user plus system time of the processes that did it, in seconds per second of media; each ran on one thread.
type EdgeBench struct {
	File string `json:"file"`
	// Seconds of media.
	Seconds float64 `json:"seconds"`
	// Runs is how often decoding and our worker were measured, in turn; their figures are the least of each.
	Runs int `json:"runs"`
	// DecodeCPU is FFmpeg's decoding alone, WorkerCPU our worker's decoding and measuring. FiltersCPU and CoverageCPU are FFmpeg's decoding with
	// Filters and with Coverage: DecodeCPU, and what the filters took more than decoding on a stretch from the start, once.
	DecodeCPU   float64 `json:"decode_cpu"`
	WorkerCPU   float64 `json:"worker_cpu"`
	FiltersCPU  float64 `json:"filters_cpu"`
	CoverageCPU float64 `json:"coverage_cpu"`
	// OverDecode is WorkerCPU by DecodeCPU, FiltersOverOurs is FiltersCPU by WorkerCPU, CoverageOverOurs is CoverageCPU by WorkerCPU.
	OverDecode       float64 `json:"over_decode"`
	FiltersOverOurs  float64 `json:"filters_over_ours"`
	CoverageOverOurs float64 `json:"coverage_over_ours"`
	// FilterSeconds of media is the stretch that the filters were measured on.
	FilterSeconds float64 `json:"filter_seconds"`
	// FramesDecoded and FramesAnalysed are pictures.
	FramesDecoded  int64 `json:"frames_decoded"`
	FramesAnalysed int64 `json:"frames_analysed"`
	// BytesPerFrame is a picture's mean record of a stream that has run for days; TopicBytesPerFrame is what the log grows by for each, compressed,
	// when TopicStreams streams write it in real time, sound and all.
	BytesPerFrame      float64 `json:"bytes_per_frame"`
	TopicBytesPerFrame float64 `json:"topic_bytes_per_frame"`
	TopicStreams       int     `json:"topic_streams"`
	// WorkerRSS and DecoderRSS are the largest resident sets of our worker and of FFmpeg decoding alone, MiB, and RSSOverDecoder is what ours is more.
	WorkerRSS      float64 `json:"worker_rss_mib"`
	DecoderRSS     float64 `json:"decoder_rss_mib"`
	RSSOverDecoder float64 `json:"rss_over_decoder_mib"`
}

// FilterSet is filters of FFmpeg, as they stand after -vf and -af.
type FilterSet struct{ Picture, Sound string }

func (s FilterSet) String() string { return s.Picture + " and " + s.Sound }

// What FFmpeg has to set against the edge.
var (
	// Filters are those that a user would string together first: the conservative list.
	Filters = FilterSet{Picture: "blackdetect,freezedetect,blockdetect,blurdetect,signalstats", Sound: "ebur128"}
	// Coverage is the counterpart of each group of our record that has one: luma, chroma and noise in signalstats, difference in freezedetect, field in
	// idet, border in cropdetect, detail in siti and blurdetect, block in blockdetect, flash in photosensitivity (last, since it wants RGB); and of the
	// sound's true peak, levels, phase and silence. Captions, grid, hash and macroblocks have none.
	Coverage = FilterSet{
		Picture: "blackdetect,freezedetect,blockdetect,blurdetect,signalstats=stat=tout+vrep+brng,idet,cropdetect,siti,photosensitivity=bypass=1",
		Sound:   "ebur128=peak=true,astats=metadata=1:reset=1,aphasemeter=video=0,silencedetect",
	}
)

// EdgeConfig is how the edge is measured.
type EdgeConfig struct {
	// Measure runs our worker over a file in a child process, ends when it has ended, and hands on its records, which it does not change later.
	Measure func(ctx context.Context, file string, out func(*schemas.Feature) error) error
	// Open gives an empty log.
	Open func(ctx context.Context) (Log, error)
	// Runs is how often decoding and our worker are measured, at least 1.
	Runs int
	// Stretch bounds what the filters are measured on, which are slow.
	Stretch time.Duration
	// Play is how long streams write the log in real time.
	Play time.Duration
	// Progress is told what is being done.
	Progress func(string)
}

// BenchEdge measures a clip. Nothing else may run child processes meanwhile.
func BenchEdge(ctx context.Context, config EdgeConfig, clip EdgeClip) (EdgeBench, error) {
	// FFmpeg finds the segments of a manifest by an absolute path only.
	file, err := filepath.Abs(clip.File)
	if err != nil {
		return EdgeBench{}, err
	}
	b := &edgeBench{EdgeConfig: config, clip: clip, file: file, EdgeBench: EdgeBench{File: clip.Name, Runs: config.Runs}}
	for _, step := range []func(context.Context) error{b.runs, b.filters, b.topic} {
		if err := step(ctx); err != nil {
			return b.EdgeBench, fmt.Errorf("measure %s: %w", clip.Name, err)
		}
	}
	return b.EdgeBench, nil
}

// edgeBench is one call of BenchEdge.
type edgeBench struct {
	EdgeConfig
	EdgeBench
	clip EdgeClip
	file string
	// tape is the records of the clip's content, without its repetitions.
	tape []*schemas.Feature
}

// runs measures decoding and our worker in turn, so that what disturbs the machine disturbs both.
func (b *edgeBench) runs(ctx context.Context) error {
	var decodes, workers []cost
	for run := range b.EdgeConfig.Runs {
		b.Progress(fmt.Sprintf("measuring %s: decoding and our worker, %d of %d", b.clip.Name, run+1, b.EdgeConfig.Runs))
		decode, err := spent(func() error { return ffmpeg(ctx, b.file, 0, nil) })
		if err != nil {
			return err
		}
		t := tally{once: b.clip.Once}
		worker, err := spent(func() error { return b.Measure(ctx, b.file, t.add) })
		if err != nil {
			return err
		}
		if t.seconds() <= 0 {
			return fmt.Errorf("no pictures")
		}
		decodes, workers = append(decodes, decode), append(workers, worker)
		b.Seconds, b.FramesDecoded, b.FramesAnalysed, b.tape = t.seconds(), t.decoded, t.pictures, t.tape
	}
	b.DecodeCPU, b.WorkerCPU = leastCPU(decodes)/b.Seconds, leastCPU(workers)/b.Seconds
	b.DecoderRSS, b.WorkerRSS = mostMemory(decodes), mostMemory(workers)
	b.OverDecode, b.RSSOverDecoder = b.WorkerCPU/b.DecodeCPU, b.WorkerRSS-b.DecoderRSS
	return nil
}

// filters measures FFmpeg's, and decoding the same stretch.
func (b *edgeBench) filters(ctx context.Context) error {
	b.FilterSeconds = min(b.Stretch.Seconds(), b.Seconds)
	var costs []float64
	for _, filters := range []*FilterSet{nil, &Filters, &Coverage} {
		b.Progress(fmt.Sprintf("measuring %s: FFmpeg's filters on %.0f s, %d of 3", b.clip.Name, b.FilterSeconds, len(costs)+1))
		c, err := spent(func() error { return ffmpeg(ctx, b.file, b.Stretch, filters) })
		if err != nil {
			return err
		}
		costs = append(costs, c.cpu)
	}
	b.FiltersCPU = b.DecodeCPU + (costs[1]-costs[0])/b.FilterSeconds
	b.CoverageCPU = b.DecodeCPU + (costs[2]-costs[0])/b.FilterSeconds
	b.FiltersOverOurs, b.CoverageOverOurs = b.FiltersCPU/b.WorkerCPU, b.CoverageCPU/b.WorkerCPU
	return nil
}

// topic measures what the records take on the log.
func (b *edgeBench) topic(ctx context.Context) error {
	b.Progress(fmt.Sprintf("measuring %s: writing the log for %s", b.clip.Name, b.Play))
	t, err := benchTopic(ctx, b.Open, b.tape, b.Play)
	b.BytesPerFrame, b.TopicBytesPerFrame, b.TopicStreams = t.bytes, t.topicBytes, t.streams
	return err
}

// leastCPU of several runs: what disturbs a run only adds.
func leastCPU(runs []cost) float64 {
	return slices.MinFunc(runs, func(a, b cost) int { return cmp.Compare(a.cpu, b.cpu) }).cpu
}

func mostMemory(runs []cost) float64 {
	return slices.MaxFunc(runs, func(a, b cost) int { return cmp.Compare(a.memory, b.memory) }).memory
}

// tally counts and keeps what the worker gave.
type tally struct {
	// once is the time after which nothing new comes; 0: all is new.
	once              time.Duration
	decoded, pictures int64
	// first and last instant of pictures, microseconds.
	first, last int64
	tape        []*schemas.Feature
}

func (t *tally) add(f *schemas.Feature) error {
	if t.once == 0 || at(f) <= t.once.Microseconds() {
		t.tape = append(t.tape, f)
	}
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
	return nil
}

func (t *tally) seconds() float64 { return float64(t.last-t.first) / 1e6 }

// ffmpeg decodes file's picture and sound on one thread, up to stretch unless it is 0, and throws them away after the filters.
func ffmpeg(ctx context.Context, file string, stretch time.Duration, filters *FilterSet) error {
	arguments := []string{"-v", "error", "-nostdin", "-threads", "1", "-filter_threads", "1"}
	if stretch > 0 {
		arguments = append(arguments, "-t", fmt.Sprint(stretch.Seconds()))
	}
	arguments = append(arguments, "-i", file)
	if filters != nil {
		arguments = append(arguments, "-vf", filters.Picture, "-af", filters.Sound)
	}
	said, err := exec.CommandContext(ctx, "ffmpeg", append(arguments, "-threads", "1", "-f", "null", "-")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, strings.TrimSpace(string(said)))
	}
	return nil
}
