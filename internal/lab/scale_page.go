package lab

import (
	"fmt"
	"math"
	"strings"
)

// CapacityMeasured is the table of what a report measured, in Markdown: the constants of the capacity page.
func CapacityMeasured(r *ScaleReport) string {
	var b strings.Builder
	c := r.Costs
	fmt.Fprintf(&b, "Measured %s on %d cores (%s), load average %.1f before: %s, %d partitions, %d detectors; %.0f %% of the streams have a fault every %.0f s.\n\n",
		r.At, r.Cores, r.Processor, r.Load, r.Broker, r.Partitions, r.Detectors, 100*r.FaultyStreams, r.FaultEvery)
	fmt.Fprintf(&b, "%s %s\n\n", r.sustained(), r.recovered())
	if r.Load > float64(r.Cores) {
		b.WriteString("The machine had other work, so that less was sustained and each stage took more than it would on a quiet one: measure again before planning with this.\n\n")
	}
	b.WriteString("| constant | value | unit |\n|---|---|---|\n")
	row := func(name, unit string, format string, values ...any) {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, fmt.Sprintf(format, values...), unit)
	}
	edge := "given, not measured here"
	if r.Edge.Clip != "" {
		edge = "measured: " + r.Edge.Clip
	}
	row("edge.cores_per_stream", "cores: decode and measure ("+edge+")", "%.4f", r.Edge.Cores)
	row("edge.memory_mib_per_stream", "MiB: its worker ("+edge+")", "%.0f", r.Edge.Memory)
	row("edge.bits_per_second", "bit/s of source ("+edge+")", "%.2e", r.Edge.Bits)
	for _, l := range []struct {
		name, unit string
		Line
	}{
		{"costs.publish_cores", "cores", c.Publish}, {"costs.detector_cores", "cores", c.Detector}, {"costs.broker_cores", "cores, one copy", c.Broker}, {"costs.notifier_cores", "cores", c.Notifier},
		{"costs.detector_memory_mib", "MiB, all detectors", c.DetectorMemory}, {"costs.notifier_memory_mib", "MiB", c.NotifierMemory},
	} {
		row(l.name, l.unit, "%.3f + %.6f × streams", l.Fixed, l.PerStream)
	}
	row("costs.bytes_at_streams", "streams at which the bytes below were taken", "%d", c.ByteStreams)
	row("costs.in_bytes_per_stream_second", "B/s to the brokers", "%.0f", c.In)
	row("costs.out_bytes_per_stream_second", "B/s to the detectors", "%.0f", c.Out)
	row("costs.features_disk_bytes_per_stream_second", "B/s, one copy", "%.0f", c.Features)
	row("costs.others_disk_bytes_per_stream_second", "B/s, one copy", "%.0f", c.Others)
	return b.String()
}

// sustained says what was, and whether that is a limit.
func (r *ScaleReport) sustained() string {
	if r.Streams == 0 {
		return "No number of streams was sustained."
	}
	faults := 0
	for _, s := range r.Steps {
		if s.Sustained {
			faults += s.Defects.Expected
		}
	}
	text := fmt.Sprintf("%d streams were sustained", r.Streams)
	if limit := r.Limit(); limit != nil {
		text += fmt.Sprintf("; %d were not: %s.", limit.Streams, limit.Why)
	} else {
		text = "At least " + text + ": no limit was reached."
	}
	if faults == 0 {
		return text + " No fault could be judged in the steps that were sustained."
	}
	return fmt.Sprintf("%s In all that was sustained %d faults could be judged; each was found once and told once.", text, faults)
}

// recovered says what the kill of a detector came to.
func (r *ScaleReport) recovered() string {
	k := r.Recovery
	if k == nil {
		return "What the kill of a detector does was not measured."
	}
	d := k.Defects
	return fmt.Sprintf("A detector killed (SIGKILL) at %d streams: its %d partitions were folded on after %.1f s by the first and %.1f s by all, and nothing was behind any more after %.1f s; of %d faults "+
		"%d were found and %d told, %d of them twice, and %d events stand twice on the log.", k.Streams, k.Moved, k.FirstKill, k.AllKill, k.Outage, d.Expected, d.Found, d.Told, d.ToldTwice, d.Doubled)
}

// CapacityTable is what numbers of streams take, in Markdown.
func CapacityTable(r *ScaleReport, s Sizing, streams ...int) string {
	plans := make([]CapacityPlan, len(streams))
	head, rule := "| |", "|---|"
	for i, n := range streams {
		plans[i] = PlanCapacity(n, r.Costs, r.Edge, s)
		head += fmt.Sprintf(" %d streams |", n)
		rule += "---|"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", head, rule)
	row := func(name string, of func(p CapacityPlan) string) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, p := range plans {
			fmt.Fprintf(&b, " %s |", of(p))
		}
		b.WriteString("\n")
	}
	number := func(format string, of func(p CapacityPlan) float64) func(CapacityPlan) string {
		return func(p CapacityPlan) string { return fmt.Sprintf(format, of(p)) }
	}
	row("partitions", func(p CapacityPlan) string {
		return fmt.Sprintf("%d (%d streams each)", p.Partitions, p.Streams/p.Partitions)
	})
	row("edge, cores busy", number("%.0f", func(p CapacityPlan) float64 { return p.EdgeCores }))
	row("edges, machines", func(p CapacityPlan) string { return fmt.Sprintf("%d of %s", p.Edges, size(p.EdgeMemory)) })
	row("an edge when one is lost", func(p CapacityPlan) string {
		return fmt.Sprintf("%d partitions, %.0f streams in the fullest", p.EdgePartitions, p.EdgeStreams)
	})
	row("detectors, cores busy", number("%.2f", func(p CapacityPlan) float64 { return p.DetectorCores }))
	row("detectors, processes", func(p CapacityPlan) string { return fmt.Sprintf("%d of %s", p.Detectors, size(p.DetectorMemory)) })
	row("notifier, cores busy", number("%.3f", func(p CapacityPlan) float64 { return p.NotifierCores }))
	row("brokers, cores busy, all copies", number("%.2f", func(p CapacityPlan) float64 { return p.BrokerCores }))
	row("brokers, machines", func(p CapacityPlan) string { return fmt.Sprintf("%d (%s)", p.Brokers, p.Bound) })
	row("sources to edges", number("%.2f Gb/s", func(p CapacityPlan) float64 { return p.SourceBits / 1e9 }))
	row("edges to brokers", number("%.3f Gb/s", func(p CapacityPlan) float64 { return p.LogBits / 1e9 }))
	row("brokers to detectors", number("%.3f Gb/s", func(p CapacityPlan) float64 { return p.FetchBits / 1e9 }))
	row("between brokers", number("%.3f Gb/s", func(p CapacityPlan) float64 { return p.CopyBits / 1e9 }))
	row("disks of the brokers, a day", func(p CapacityPlan) string { return size(p.Disk) })
	row("evidence store", func(p CapacityPlan) string { return size(p.Evidence) })
	for _, p := range plans {
		for _, w := range p.Warnings {
			fmt.Fprintf(&b, "\nAt %d streams: %s.", p.Streams, w)
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// CapacityWorked is the arithmetic for one number of streams, in Markdown.
func CapacityWorked(r *ScaleReport, s Sizing, streams int) string {
	p, c := PlanCapacity(streams, r.Costs, r.Edge, s), r.Costs
	var b strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&b, format+"\n", values...) }
	line("```")
	line("streams a partition    = %.0f s / (%.0f s × %.6f cores)                       = %.0f at most", s.Rebuild.Seconds(), s.Lookback.Seconds(), c.Detector.PerStream, s.PartitionStreams(c))
	line("partitions             = 24, 48, 96 ... until %.0f × %d / partitions fits, and 2 × edges     = %d", s.Growth, streams, p.Partitions)
	line("edge cores             = %d × (%.4f + %.6f)                            = %.1f", streams, r.Edge.Cores, c.Publish.PerStream, p.EdgeCores)
	each, mean := r.Edge.Cores+c.Publish.PerStream, float64(p.EdgePartitions)*float64(streams)/float64(p.Partitions)
	line("edges                  = ceil(%.1f / (%.1f × %.0f)), more if the fullest has too much, + 1 to lose = %d", p.EdgeCores, s.Headroom, s.Cores, p.Edges)
	line("partitions of an edge  = ceil(%d / %d) at most, with one lost                 = %d, of %.1f streams", p.Partitions, p.Edges-1, p.EdgePartitions, mean)
	line("the fullest edge       = %.1f + √(2 × %.1f × ln %d) = %.1f streams × %.4f    = %.1f of %.0f cores", mean, mean, p.Edges-1, p.EdgeStreams, each, p.EdgeStreams*each, s.Cores)
	line("detector cores         = %.3f × %d / %d + %.6f × %d               = %.2f", c.Detector.Fixed, p.Partitions, c.Partitions, c.Detector.PerStream, streams, p.DetectorCores)
	line("detectors              = ceil(%.2f / (%.1f × %.0f)) + 1 to lose                      = %d", p.DetectorCores, s.Headroom, s.DetectorCores, p.Detectors)
	line("broker cores           = %.0f copies × (%.3f × %d / %d + %.6f × %d)      = %.2f", s.Copies, c.Broker.Fixed, p.Partitions, c.Partitions, c.Broker.PerStream, streams, p.BrokerCores)
	line("to the brokers         = 8 × %.0f B/s × %d                              = %.3f Gb/s", c.In, streams, p.LogBits/1e9)
	line("disks of the brokers   = %.0f copies × (%.0f + %.0f) B/s × %d × 86,400 s       = %s", s.Copies, c.Features, c.Others, streams, size(p.Disk))
	line("brokers                = the most of cores, disk, network, partitions, + 1    = %d (%s)", p.Brokers, p.Bound)
	line("evidence               = %d × %.0f a day × %.0f days × %.0f s × %.1f Mb/s / 8   = %s", streams, s.Defects, s.EvidenceDays, s.Clip.Seconds(), s.EvidenceBits/1e6, size(p.Evidence))
	line("```")
	return b.String()
}

// size is a number of bytes for people.
func size(bytes float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	if bytes >= 1 {
		i = min(int(math.Log10(bytes)/3), len(units)-1)
	}
	return fmt.Sprintf("%.3g %s", bytes/math.Pow(1000, float64(i)), units[i])
}
