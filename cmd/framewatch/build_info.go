package main

import (
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/framewatch/framewatch/ingest/source"
)

// buildInfo is the metric that tells which program runs.
func buildInfo() prometheus.Collector {
	ffmpeg, _ := source.Libraries()
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "framewatch_build_info", Help: "Always 1; which release, commit, Go and FFmpeg the process runs.",
		ConstLabels: prometheus.Labels{"version": release, "revision": revision(), "go_version": runtime.Version(), "ffmpeg_version": ffmpeg}})
	info.Set(1)
	return info
}

// revision is the commit that the program was built from; empty: the build does not know.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}
