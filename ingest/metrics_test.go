package ingest

import (
	"log/slog"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/framewatch/framewatch/schemas"
)

func TestMetersTellOfSecondsAndTries(t *testing.T) {
	r := prometheus.NewRegistry()
	i := New(Config{Metrics: r}, nil, slog.New(slog.DiscardHandler))
	passed := int32(3)
	i.meters.Second(&schemas.StreamSecond{State: up, FramesDecoded: 25, FramesAnalysed: 10, FramesPassed: &passed, AudioBlocks: 9, Bytes: 1000, Dropped: 2}, time.Second, time.Second)
	i.meters.Second(&schemas.StreamSecond{State: down}, 0, 1300*time.Millisecond)
	for _, o := range []outcome{{state: down}, {state: down, silent: true}, {state: fault}, {state: fault, hung: true}, {state: fault, settings: true}, {state: fault}} {
		i.meters.Ended(o)
	}
	i.streams["a"] = &kept{status: newStatus("", time.Now())}
	i.streams["b"] = &kept{status: newStatus("", time.Now())}
	i.streams["c"] = &kept{} // does not run
	i.streams["b"].status.Trouble(down, "gone")
	i.streams["b"].status.Second(time.Now())
	want := `framewatch_ingest_audio_blocks_total 9
framewatch_ingest_decode_ratio_count 1
framewatch_ingest_decode_ratio_sum 1
framewatch_ingest_dropped_records_total 2
framewatch_ingest_frames_total{done="analysed"} 10
framewatch_ingest_frames_total{done="decoded"} 15
framewatch_ingest_frames_total{done="passed"} 3
framewatch_ingest_heartbeat_late_seconds_bucket{le="0.25"} 1
framewatch_ingest_heartbeat_late_seconds_bucket{le="0.5"} 2
framewatch_ingest_received_bytes_total 1000
framewatch_ingest_reconnects_total 2
framewatch_ingest_streams{state="down"} 1
framewatch_ingest_streams{state="fault"} 0
framewatch_ingest_streams{state="starting"} 1
framewatch_ingest_streams{state="up"} 0
framewatch_ingest_worker_restarts_total{reason="crashed"} 2
framewatch_ingest_worker_restarts_total{reason="hung"} 1
framewatch_ingest_worker_restarts_total{reason="settings"} 1
`
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&got, f); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(want) {
		if !strings.Contains(got.String(), "\n"+line) {
			t.Errorf("%s is not told", strings.TrimSpace(line))
		}
	}
}

func TestProcessorTimeOfWorkersNeverFalls(t *testing.T) {
	const stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 1234 66 7 8 20 0 3 0 100 1000 10"
	if got := usedBy([]byte(stat)); got != 13*time.Second {
		t.Errorf("%q says %v, want 13s", stat, got)
	}
	if got := usedBy([]byte("42 (a")); got != 0 {
		t.Errorf("what cannot be read says %v", got)
	}
	p := processorTime{workers: map[int]time.Duration{}}
	cmd := exec.Command("sh", "-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; read x")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.Begin(cmd.Process.Pid)
	last := time.Duration(0)
	for guard := time.Now().Add(time.Minute); last == 0; {
		if last = p.Workers(); time.Now().After(guard) {
			t.Fatal("a worker that works uses nothing")
		}
	}
	stdin.Close()
	cmd.Wait()
	p.End(cmd.Process.Pid, cmd.ProcessState)
	if got := p.Workers(); got < last || len(p.workers) != 0 {
		t.Errorf("it falls from %v to %v", last, got)
	}
}

// TestDecodedTime: pictures that were thinned out count with the one that stands for them.
func TestDecodedTime(t *testing.T) {
	s := newStatus("", time.Now())
	for range 5 {
		s.Media(&schemas.Feature{VideoFrame: &schemas.VideoFrame{Duration: 3600, Skipped: 3}}, time.Now(), true)
	}
	for range 7 {
		s.Media(&schemas.Feature{AudioBlock: &schemas.AudioBlock{}}, time.Now(), true)
	}
	s.Second(time.Now())
	if got := s.Presented().Round(time.Millisecond); got != 800*time.Millisecond {
		t.Errorf("five pictures of 40 ms of which each stands for four, and 0.7 s of sound, last %v", got)
	}
	s.Second(time.Now())
	if got := s.Presented(); got != 0 {
		t.Errorf("a second without media lasts %v", got)
	}
}
