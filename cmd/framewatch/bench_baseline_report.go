package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/replay/report"
)

// baselineBench is what both designs took for the same streams, and what they found in them.
type baselineBench struct {
	// Measured is the date, Machine what it was measured on.
	Measured string `json:"measured"`
	Machine  string `json:"machine"`
	Streams  int    `json:"streams"`
	// Seconds of each stream that were measured.
	Seconds float64 `json:"seconds"`
	// Rate is how many pictures a second the old design stores.
	Rate int `json:"pictures_per_second"`
	// Of the old design: durable state transitions, and PUTs and GETs together.
	TransitionsPerStreamSecond float64 `json:"transitions_per_stream_second"`
	RequestsPerStreamSecond    float64 `json:"requests_per_stream_second"`

	Old  designBench `json:"old"`
	Ours designBench `json:"ours"`

	OldFound  []kindFound `json:"old_found"`
	OursFound []kindFound `json:"ours_found"`
}

// designBench is what one design takes per stream and second, but for WorkerMemory and Notifications.
type designBench struct {
	Transitions float64 `json:"transitions"`
	Puts        float64 `json:"puts"`
	Gets        float64 `json:"gets"`
	// StoredBytes are put into the object store, LogBytes onto the log, compressed, one copy; MovedBytes is all that goes over a network behind the edge.
	StoredBytes float64 `json:"stored_bytes"`
	LogBytes    float64 `json:"log_bytes"`
	MovedBytes  float64 `json:"moved_bytes"`
	// CPU seconds by stage.
	CPU map[string]float64 `json:"cpu_seconds"`
	// Execution is the time on the wall from when a second's objects are stored until it is judged; 0 where there is no such thing.
	Execution float64 `json:"execution_seconds"`
	// Analysed is the share of ours that was analysed of all pictures: below 1 the machine was too busy, and the CPU is that of less work. 0 of the other design.
	Analysed float64 `json:"analysed_share"`
	// WorkerMemory is the largest resident set of a process that decodes a stream, MiB.
	WorkerMemory float64 `json:"worker_memory_mib"`
	// Notifications: of the other design those that are among its transitions, of ours those in the whole run.
	Notifications int64 `json:"notifications"`
}

// kindFound is how faults of a kind were found.
type kindFound struct {
	Kind       string `json:"kind"`
	Injected   int    `json:"injected"`
	Found      int    `json:"found"`
	Missed     int    `json:"missed"`
	Unexpected int    `json:"unexpected"`
	// OnsetError is the mean distance of the told onset from the true one, EventDelay and AlertDelay are medians since the fault's start; seconds, -1: nothing to tell of.
	OnsetError float64 `json:"onset_error_seconds"`
	EventDelay float64 `json:"event_delay_seconds"`
	AlertDelay float64 `json:"alert_delay_seconds"`
}

// fill takes what was used between two looks.
func (r *baselineBench) fill(before, after baselineSight) {
	used := after.steps.Sub(before.steps)
	// The steps' counts belong to seconds that went through; what is of the clock belongs to seconds that passed.
	done, passed := max(used.Seconds, 1), r.Seconds*float64(r.Streams)
	r.Old = designBench{
		Transitions: float64(used.Transitions) / done, Puts: float64(used.Puts) / done, Gets: float64(used.Gets) / done,
		StoredBytes: float64(used.PutBytes) / done, MovedBytes: float64(used.PutBytes+used.GetBytes) / done,
		Execution: used.Execution / done, CPU: map[string]float64{}, Notifications: used.Notifications,
	}
	for step, cpu := range used.CPU {
		r.Old.CPU[string(step)] = cpu / done
	}
	r.TransitionsPerStreamSecond, r.RequestsPerStreamSecond = r.Old.Transitions, r.Old.Puts+r.Old.Gets
	written := float64(after.log-before.log) / passed
	// Written to the broker, and features once to the detector.
	r.Ours = designBench{LogBytes: written, MovedBytes: 2 * written, CPU: map[string]float64{}}
	r.Ours.Analysed = float64(after.analysed-before.analysed) / float64(max(after.decoded-before.decoded, 1))
	for target, use := range after.targets {
		r.Ours.CPU[target] = (use.CPU - before.targets[target].CPU) / passed
	}
}

// foundByKind sums a report up.
func foundByKind(r lab.Report) []kindFound {
	all := make([]kindFound, 0, len(lab.StepsKinds))
	for _, kind := range lab.StepsKinds {
		k := kindFound{Kind: kind, OnsetError: -1, EventDelay: -1, AlertDelay: -1}
		var onset time.Duration
		var events, alerts []time.Duration
		for _, f := range r.Found {
			if f.Kind != kind {
				continue
			}
			k.Found++
			onset += f.OnsetError().Abs()
			events = append(events, f.EventDelay())
			if f.AlertDelay() >= 0 {
				alerts = append(alerts, f.AlertDelay())
			}
		}
		for _, in := range r.Missed {
			if in.Kind == kind {
				k.Missed++
			}
		}
		for _, d := range r.Unexpected {
			if d.Kind == kind {
				k.Unexpected++
			}
		}
		k.Injected = k.Found + k.Missed
		if k.Found > 0 {
			k.OnsetError = onset.Seconds() / float64(k.Found)
		}
		k.EventDelay, k.AlertDelay = median(events), median(alerts)
		all = append(all, k)
	}
	return all
}

// median in seconds; -1 of none.
func median(all []time.Duration) float64 {
	if len(all) == 0 {
		return -1
	}
	slices.Sort(all)
	return all[len(all)/2].Seconds()
}

// write prints the result for people.
func (r baselineBench) write(w io.Writer) error {
	d := report.New("")
	d.Line(fmt.Sprintf("%d streams for %.0f s, %d pictures a second stored by the old design; measured %s on %s.", r.Streams, r.Seconds, r.Rate, r.Measured, r.Machine))
	row := func(name, format string, old, ours float64) []string {
		return []string{name, fmt.Sprintf(format, old), fmt.Sprintf(format, ours)}
	}
	d.Table([]string{"per stream and second", "old design", "ours"}, [][]string{
		row("state transitions", "%.2f", r.Old.Transitions, r.Ours.Transitions),
		row("PUT", "%.2f", r.Old.Puts, r.Ours.Puts),
		row("GET", "%.2f", r.Old.Gets, r.Ours.Gets),
		row("bytes stored as objects", "%.0f", r.Old.StoredBytes, r.Ours.StoredBytes),
		row("bytes on the log", "%.0f", r.Old.LogBytes, r.Ours.LogBytes),
		row("bytes moved behind the edge", "%.0f", r.Old.MovedBytes, r.Ours.MovedBytes),
		row("seconds from stored to judged", "%.3f", r.Old.Execution, r.Ours.Execution),
		{"share of all pictures analysed", fmt.Sprintf("%.3f", float64(r.Rate)/lab.FrameRate), fmt.Sprintf("%.3f", r.Ours.Analysed)},
		row("CPU seconds, all stages", "%.4f", total(r.Old.CPU), total(r.Ours.CPU)),
	})
	d.Table([]string{"CPU seconds by stage", "per stream and second"}, append(stageRows("old", r.Old.CPU), stageRows("ours", r.Ours.CPU)...))
	d.Table([]string{"faults", "", "injected", "found", "missed", "not injected", "onset error", "event after", "alert after"},
		append(foundRows("old", r.OldFound), foundRows("ours", r.OursFound)...))
	d.Line(strings.ReplaceAll(baselineNotes, "\n", " "))
	return d.Text(w)
}

func total(cpu map[string]float64) (sum float64) {
	for _, c := range cpu {
		sum += c
	}
	return sum
}

func stageRows(design string, cpu map[string]float64) (rows [][]string) {
	for _, stage := range slices.Sorted(maps.Keys(cpu)) {
		rows = append(rows, []string{design + ": " + stage, fmt.Sprintf("%.4f", cpu[stage])})
	}
	return rows
}

func foundRows(design string, all []kindFound) (rows [][]string) {
	seconds := func(s float64) string {
		if s < 0 {
			return "-"
		}
		return fmt.Sprintf("%.2f s", s)
	}
	for _, k := range all {
		rows = append(rows, []string{k.Kind, design, fmt.Sprint(k.Injected), fmt.Sprint(k.Found), fmt.Sprint(k.Missed), fmt.Sprint(k.Unexpected),
			seconds(k.OnsetError), seconds(k.EventDelay), seconds(k.AlertDelay)})
	}
	return rows
}
