package lab

import (
	"context"
	"fmt"
	"os"

	"github.com/framewatch/framewatch/schemas"
)

// Costs are what streams take, from the steps that were sustained.
type Costs struct {
	// Partitions at which they were measured.
	Partitions int `json:"partitions"`
	// Cores that the stages take. Publish is encoding, compressing and sending the records, with the bench's own watching.
	Publish  Line `json:"publish_cores"`
	Detector Line `json:"detector_cores"`
	Broker   Line `json:"broker_cores"`
	Notifier Line `json:"notifier_cores"`
	// Memory of all detectors and of the notifier, MiB.
	DetectorMemory Line `json:"detector_memory_mib"`
	NotifierMemory Line `json:"notifier_memory_mib"`
	// ByteStreams is the number of streams at which bytes were taken: the fewest that were sustained, since copies of a clip that are compressed together take less than
	// streams that differ.
	ByteStreams int `json:"bytes_at_streams"`
	// In and Out are bytes a stream and second that are sent to the brokers, and that detectors fetch.
	In  float64 `json:"in_bytes_per_stream_second"`
	Out float64 `json:"out_bytes_per_stream_second"`
	// Features and Others are bytes a stream and second on a broker's disk: of the features, and of all that the detectors and the notifier write.
	Features float64 `json:"features_disk_bytes_per_stream_second"`
	Others   float64 `json:"others_disk_bytes_per_stream_second"`
}

// Line is what something takes: Fixed at the partitions that it was measured at, in proportion to which it grows, and PerStream for each stream.
type Line struct {
	Fixed     float64 `json:"fixed"`
	PerStream float64 `json:"per_stream"`
}

// At is the line's value for streams on so many partitions, where it was measured on measured.
func (l Line) At(streams, partitions, measured int) float64 {
	return l.Fixed*float64(partitions)/float64(max(measured, 1)) + l.PerStream*float64(streams)
}

// point is one value that was measured.
type point struct {
	streams int
	value   float64
}

// fit puts a line through the points, by least squares. Where that makes no sense, as with one number of streams or when more of them took less, all is by the stream: that of the most.
func fit(points []point) Line {
	if len(points) == 0 {
		return Line{}
	}
	var x, y, xx, xy float64
	n, most := float64(len(points)), points[0]
	for _, p := range points {
		s := float64(p.streams)
		x, y, xx, xy = x+s, y+p.value, xx+s*s, xy+s*p.value
		if p.streams >= most.streams {
			most = p
		}
	}
	if spread := n*xx - x*x; spread > 0 {
		slope := (n*xy - x*y) / spread
		if l := (Line{(y - slope*x) / n, slope}); l.Fixed >= 0 && l.PerStream > 0 {
			return l
		}
	}
	return Line{0, most.value / float64(max(most.streams, 1))}
}

// CostsOf are the costs that the report's sustained steps come to.
func CostsOf(r *ScaleReport) Costs {
	c := Costs{Partitions: r.Partitions}
	line := func(stage string, of func(*ScaleStage) float64) Line {
		var points []point
		for i := range r.Steps {
			if s := r.Steps[i].Stage(stage); s != nil && r.Steps[i].Sustained {
				points = append(points, point{r.Steps[i].Streams, of(s)})
			}
		}
		return fit(points)
	}
	cores := func(s *ScaleStage) float64 { return s.Cores }
	memory := func(s *ScaleStage) float64 { return s.Memory }
	c.Publish, c.Detector, c.Broker, c.Notifier = line(SimulatorStage, cores), line(DetectorStage, cores), line(BrokerStage, cores), line(NotifierStage, cores)
	c.DetectorMemory, c.NotifierMemory = line(DetectorStage, memory), line(NotifierStage, memory)
	least := r.Least()
	if least == nil {
		return c
	}
	c.ByteStreams = least.Streams
	if s := least.Stage(SimulatorStage); s != nil {
		c.In = s.Written
	}
	if s := least.Stage(DetectorStage); s != nil {
		c.Out = s.Read
	}
	for _, t := range least.Topics {
		if t.Name == FeaturesTopic {
			c.Features += t.Bytes
		} else {
			c.Others += t.Bytes
		}
	}
	return c
}

// The stages of a step, and the topic that is told apart.
const (
	SimulatorStage = "simulator"
	BrokerStage    = "broker"
	DetectorStage  = "detector"
	NotifierStage  = "notifier"
	ConsoleStage   = "console"
	FeaturesTopic  = "features"
)

// EdgeCost is what a stream takes at the edge before its records are sent.
type EdgeCost struct {
	// Clip that was measured; empty: the cores were given.
	Clip string `json:"clip,omitempty"`
	// Cores to decode and measure a stream in real time, Memory of its worker, MiB, Bits of it a second.
	Cores  float64 `json:"cores_per_stream"`
	Memory float64 `json:"memory_mib_per_stream"`
	Bits   float64 `json:"bits_per_second"`
}

// ProbeEdge has a worker measure a clip once, as fast as it goes. Nothing else may run child processes meanwhile.
func ProbeEdge(ctx context.Context, clip EdgeClip, measure func(context.Context, string, func(*schemas.Feature) error) error) (EdgeCost, error) {
	var t tally
	took, err := spent(func() error { return measure(ctx, clip.File, t.add) })
	if err != nil {
		return EdgeCost{}, fmt.Errorf("measure the edge: %w", err)
	}
	info, err := os.Stat(clip.File)
	if err != nil {
		return EdgeCost{}, fmt.Errorf("measure the edge: %w", err)
	}
	if t.seconds() <= 0 {
		return EdgeCost{}, fmt.Errorf("measure the edge: %s has no pictures", clip.Name)
	}
	return EdgeCost{clip.Name, took.cpu / t.seconds(), took.memory, float64(info.Size()) * 8 / t.seconds()}, nil
}
