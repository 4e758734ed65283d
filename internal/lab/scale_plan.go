package lab

import (
	"fmt"
	"math"
	"time"

	"github.com/framewatch/framewatch/topology"
)

// Sizing is what a plan assumes.
type Sizing struct {
	// Headroom is the share of anything that is used at most.
	Headroom float64 `json:"headroom"`
	// Cores, Disk (bytes) and Network (bits a second, each way) of a machine.
	Cores   float64 `json:"machine_cores"`
	Disk    float64 `json:"machine_disk_bytes"`
	Network float64 `json:"machine_network_bits_per_second"`
	// DetectorCores are those of one detector.
	DetectorCores float64 `json:"detector_cores"`
	// Copies of each record.
	Copies float64 `json:"copies"`
	// Growth is how many times the streams the partitions are to be enough for, since they are not changed lightly.
	Growth float64 `json:"growth"`
	// Lookback that a partition's next owner folds again, and how long that may take one core.
	Lookback time.Duration `json:"lookback_ns"`
	Rebuild  time.Duration `json:"rebuild_ns"`
	// Replicas of partitions that a broker keeps at most.
	Replicas float64 `json:"broker_replicas"`
	// Defects of a stream and day whose evidence is kept, Clip that each takes, for EvidenceDays.
	Defects      float64       `json:"defects_per_stream_day"`
	Clip         time.Duration `json:"clip_ns"`
	EvidenceDays float64       `json:"evidence_days"`
}

// DefaultSizing is for machines of 16 cores with 4 TB and 10 Gb/s.
func DefaultSizing() Sizing {
	return Sizing{Headroom: 0.6, Cores: 16, Disk: 4e12, Network: 10e9, DetectorCores: 2, Copies: 3, Growth: 2, Lookback: 30 * time.Second, Rebuild: 2 * time.Second,
		Replicas: 4000, Defects: 10, Clip: 15 * time.Second, EvidenceDays: 30}
}

// CapacityPlan is what a number of streams takes.
type CapacityPlan struct {
	Streams    int `json:"streams"`
	Partitions int `json:"partitions"`
	// Cores that are busy, by stage; those of the edge with publishing, those of the brokers with all copies.
	EdgeCores     float64 `json:"edge_cores"`
	DetectorCores float64 `json:"detector_cores"`
	NotifierCores float64 `json:"notifier_cores"`
	BrokerCores   float64 `json:"broker_cores"`
	// Edges and Brokers are machines, Detectors processes, each with one to lose. Bound is what decides the number of brokers.
	Edges     int    `json:"edges"`
	Detectors int    `json:"detectors"`
	Brokers   int    `json:"brokers"`
	Bound     string `json:"brokers_bound_by"`
	// EdgeMemory is of an edge with as many streams as it then has, DetectorMemory of one detector, bytes.
	EdgeMemory     float64 `json:"edge_memory_bytes"`
	DetectorMemory float64 `json:"detector_memory_bytes"`
	// SourceBits come to the edges a second, LogBits go to the brokers, FetchBits from them to the detectors, CopyBits between them.
	SourceBits float64 `json:"source_bits_per_second"`
	LogBits    float64 `json:"log_bits_per_second"`
	FetchBits  float64 `json:"fetch_bits_per_second"`
	CopyBits   float64 `json:"copy_bits_per_second"`
	// Disk is what a day of all topics takes on all brokers, Evidence what the evidence store keeps, bytes.
	Disk     float64 `json:"disk_bytes"`
	Evidence float64 `json:"evidence_bytes"`
	// Warnings say what the plan cannot do.
	Warnings []string `json:"warnings,omitempty"`
}

// PlanCapacity extrapolates to a number of streams.
func PlanCapacity(streams int, c Costs, e EdgeCost, s Sizing) CapacityPlan {
	n := float64(streams)
	p := CapacityPlan{Streams: streams, Partitions: s.partitions(streams, c)}
	p.EdgeCores = e.Cores*n + c.Publish.PerStream*n
	p.DetectorCores = c.Detector.At(streams, p.Partitions, c.Partitions)
	p.NotifierCores = c.Notifier.At(streams, c.Partitions, c.Partitions)
	p.BrokerCores = s.Copies * c.Broker.At(streams, p.Partitions, c.Partitions)

	p.SourceBits, p.LogBits, p.FetchBits = e.Bits*n, 8*c.In*n, 8*c.Out*n
	p.CopyBits = (s.Copies - 1) * p.LogBits
	p.Disk = s.Copies * (c.Features + c.Others) * n * 24 * 3600
	p.Evidence = n * s.Defects * s.EvidenceDays * s.Clip.Seconds() * e.Bits / 8

	p.Edges = s.machines(p.EdgeCores, s.Cores) + 1
	p.Detectors = s.machines(p.DetectorCores, s.DetectorCores) + 1
	p.EdgeMemory = e.Memory * math.Ceil(n/float64(p.Edges-1)) * (1 << 20)
	p.DetectorMemory = c.DetectorMemory.At(streams, p.Partitions, c.Partitions) / float64(p.Detectors-1) * (1 << 20)
	p.brokers(s)
	if p.Detectors > p.Partitions {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d detectors share %d partitions: some have none; give each more cores", p.Detectors, p.Partitions))
	}
	if p.NotifierCores > s.Headroom {
		p.Warnings = append(p.Warnings, fmt.Sprintf("one notifier tells at a time, and needs %.1f cores for the faults of the measurement: more than one may have", p.NotifierCores))
	}
	return p
}

// partitions are as few of 24, 48, 96 and so on as keep a partition's lookback within what its next owner may take.
func (s Sizing) partitions(streams int, c Costs) int {
	n := 24
	for limit := s.PartitionStreams(c); s.Growth*float64(streams)/float64(n) > limit && n < 24<<8; {
		n *= 2
	}
	return n
}

// PartitionStreams is how many streams a partition may have, so that one core folds its lookback in time.
func (s Sizing) PartitionStreams(c Costs) float64 {
	if c.Detector.PerStream <= 0 {
		return math.Inf(1)
	}
	return s.Rebuild.Seconds() / (s.Lookback.Seconds() * c.Detector.PerStream)
}

// machines are those that cores need of machines with each, one at least.
func (s Sizing) machines(cores, each float64) int {
	return max(1, int(math.Ceil(cores/(s.Headroom*each))))
}

// brokers are what the scarcest of cores, disk, network and replicas asks for, and one to lose; never less than copies.
func (p *CapacityPlan) brokers(s Sizing) {
	topics := 0.0
	for _, t := range topology.Topics() {
		if !t.Single {
			topics++
		}
	}
	busier := max(p.LogBits+p.CopyBits, p.FetchBits+p.CopyBits)
	p.Brokers, p.Bound = int(s.Copies), "copies"
	for _, need := range []struct {
		name   string
		amount float64
	}{
		{"cores", p.BrokerCores / (s.Headroom * s.Cores)}, {"disk", p.Disk / (s.Headroom * s.Disk)}, {"network", busier / (s.Headroom * s.Network)},
		{"partitions", topics * float64(p.Partitions) * s.Copies / s.Replicas},
	} {
		if n := int(math.Ceil(need.amount)) + 1; n > p.Brokers {
			p.Brokers, p.Bound = n, need.name
		}
	}
}

// Assumptions are what the plans take for granted.
func (s Sizing) Assumptions() []string {
	percent := 100 * s.Headroom
	return []string{
		fmt.Sprintf("Machines have %.0f cores like these, %.0f TB and %.0f Gb/s each way; of anything %.0f %% is used, and one edge, detector and broker may be lost.", s.Cores, s.Disk/1e12, s.Network/1e9, percent),
		"A stage's cores are a line through the steps that were sustained: a part that grows with partitions (transactions, markers, ticks) and one with streams. One step alone gives no first part.",
		fmt.Sprintf("Brokers keep %.0f copies, each of which costs as much as the one that was measured. The measured one had a single node, no TLS and the page cache of this machine.", s.Copies),
		fmt.Sprintf("A partition has as many streams as one core folds the lookback of (%v) in %v; there are 24 partitions or twice as many and so on, enough for %.0f times the streams.", s.Lookback, s.Rebuild, s.Growth),
		"The notifier is one process at a time and tells of the faults at the rate that was played; calmer streams cost it less.",
		"The edge's cores are decoding and measuring of one clip as fast as it goes, and publishing with the bench's own watching; fetching over networks is not in them, nor is what evidence costs.",
		fmt.Sprintf("Topics are kept for a day: health and defects, kept for longer, are small. Evidence is %.0f defects a stream and day, %v each at the clip's bit rate, for %.0f days.", s.Defects, s.Clip, s.EvidenceDays),
		"Everything was on one machine over loopback: caches, memory and interrupts were shared, which costs each stage more; networks between machines cost more than loopback.",
	}
}
