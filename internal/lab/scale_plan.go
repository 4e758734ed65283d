package lab

import (
	"fmt"
	"math"
	"time"

	"github.com/framewatch/framewatch/detector"
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
	// Defects of a stream and day whose evidence is kept, Clip that each takes at EvidenceBits a second, for EvidenceDays.
	Defects      float64       `json:"defects_per_stream_day"`
	Clip         time.Duration `json:"clip_ns"`
	EvidenceBits float64       `json:"evidence_bits_per_second"`
	EvidenceDays float64       `json:"evidence_days"`
}

// DefaultSizing is for machines of 16 cores with 4 TB and 10 Gb/s.
func DefaultSizing() Sizing {
	return Sizing{Headroom: 0.6, Cores: 16, Disk: 4e12, Network: 10e9, DetectorCores: 2, Copies: 3, Growth: 2, Lookback: new(detector.Partition).Lookback(), Rebuild: 2 * time.Second,
		Replicas: 4000, Defects: 10, Clip: 15 * time.Second, EvidenceBits: 3e6, EvidenceDays: 30}
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
	// EdgePartitions is how many partitions an edge has at most when one is lost, EdgeStreams how many streams the fullest edge then has.
	EdgePartitions int     `json:"edge_partitions"`
	EdgeStreams    float64 `json:"edge_streams"`
	// EdgeMemory is of the fullest edge, DetectorMemory of one detector, bytes.
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
	n, each := float64(streams), e.Cores+c.Publish.PerStream
	p := CapacityPlan{Streams: streams, Partitions: s.partitions(streams, c, each)}
	p.EdgeCores = each * n
	p.DetectorCores = c.Detector.At(streams, p.Partitions, c.Partitions)
	p.NotifierCores = c.Notifier.At(streams, c.Partitions, c.Partitions)
	p.BrokerCores = s.Copies * c.Broker.At(streams, p.Partitions, c.Partitions)

	p.SourceBits, p.LogBits, p.FetchBits = e.Bits*n, 8*c.In*n, 8*c.Out*n
	p.CopyBits = (s.Copies - 1) * p.LogBits
	p.Disk = s.Copies * (c.Features + c.Others) * n * 24 * 3600
	p.Evidence = n * s.Defects * s.EvidenceDays * s.EvidenceBytes()

	share := s.edges(streams, p.Partitions, each)
	p.Edges, p.EdgePartitions, p.EdgeStreams = share.edges+1, share.partitions, share.fullest
	p.Detectors = s.machines(p.DetectorCores, s.DetectorCores) + 1
	p.EdgeMemory = e.Memory * math.Ceil(p.EdgeStreams) * (1 << 20)
	p.DetectorMemory = c.DetectorMemory.At(streams, p.Partitions, c.Partitions) / float64(p.Detectors-1) * (1 << 20)
	p.brokers(s)
	switch {
	case !share.fits:
		p.Warnings = append(p.Warnings, fmt.Sprintf("the streams of one of %d partitions are more than an edge of %.0f cores carries: take edges with more cores", p.Partitions, s.Cores))
	case partitionsPerEdge*p.Edges > p.Partitions:
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d edges share %d partitions: some have none or twice what others have; take edges with more cores", p.Edges, p.Partitions))
	}
	if p.Detectors > p.Partitions {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d detectors share %d partitions: some have none; give each more cores", p.Detectors, p.Partitions))
	}
	if p.NotifierCores > s.Headroom {
		p.Warnings = append(p.Warnings, fmt.Sprintf("one notifier tells at a time, and needs %.1f cores for the faults of the measurement: more than one may have", p.NotifierCores))
	}
	return p
}

// EvidenceBytes is what is kept of one defect.
func (s Sizing) EvidenceBytes() float64 { return s.Clip.Seconds() * s.EvidenceBits / 8 }

// partitionsPerEdge is how many partitions there are for an edge at least: with fewer some edges have twice what others have, or none.
const partitionsPerEdge = 2

// partitions are as few of 24, 48, 96 and so on as keep a partition's lookback within what its next owner may take, and as are enough for the edges, which share the
// partitions of the topic of streams; each is what a stream takes at the edge, cores.
func (s Sizing) partitions(streams int, c Costs, each float64) int {
	n := 24
	for limit := s.PartitionStreams(c); n < 24<<8; n *= 2 {
		share := s.edges(streams, n, each)
		if s.Growth*float64(streams)/float64(n) <= limit && share.fits && partitionsPerEdge*(share.edges+1) <= n {
			break
		}
	}
	return n
}

// edgeShare is how edges share partitions: so many edges with so many partitions each at most, of which the fullest has so many streams.
type edgeShare struct {
	edges, partitions int
	fullest           float64
	// fits says that no edge has more than it carries.
	fits bool
}

// edges are as few as keep all of them within the headroom of their cores, and the fullest within its cores; they share partitions in whole ones.
func (s Sizing) edges(streams, partitions int, each float64) edgeShare {
	for n := s.machines(float64(streams)*each, s.Cores); n < partitions; n++ {
		if share := s.share(streams, partitions, n, each); share.fits {
			return share
		}
	}
	return s.share(streams, partitions, partitions, each)
}

// share is how so many edges share partitions.
func (s Sizing) share(streams, partitions, edges int, each float64) edgeShare {
	most := (partitions + edges - 1) / edges
	mean := float64(streams) * float64(most) / float64(partitions)
	largest := min(fullest(mean, edges), float64(streams))
	return edgeShare{edges, most, largest, float64(streams)*each <= float64(edges)*s.Headroom*s.Cores && largest*each <= s.Cores}
}

// fullest is how many things the fullest of n places has at most, by and large, when each thing falls somewhere by chance and a place has mean of them: of n numbers that
// scatter by √mean the largest is some √(2 ln n) times that above the mean.
func fullest(mean float64, n int) float64 { return mean + math.Sqrt(2*mean*math.Log(float64(n))) }

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

// Assumptions are what the plans take for granted, with what an edge takes.
func (s Sizing) Assumptions(e EdgeCost) []string {
	percent := 100 * s.Headroom
	edge := fmt.Sprintf("The edge's cores are decoding and measuring of one clip (%s) as fast as it goes", e.Clip)
	if e.Clip == "" {
		edge = "The edge's cores, memory and bits were given, not measured here; they stand for decoding and measuring"
	}
	return []string{
		fmt.Sprintf("Machines have %.0f cores like these, %.0f TB and %.0f Gb/s each way; of anything %.0f %% is used, and one edge, detector and broker may be lost.", s.Cores, s.Disk/1e12, s.Network/1e9, percent),
		"A stage's cores are a line through the steps that were sustained: a part that grows with partitions (transactions, markers, ticks) and one with streams. One step alone gives no first part.",
		fmt.Sprintf("Brokers keep %.0f copies, each of which costs as much as the one that was measured. The measured one had a single node, no TLS and the page cache of this machine.", s.Copies),
		fmt.Sprintf("A partition has as many streams as one core folds the lookback of (%v) in %v; there are 24 partitions or twice as many and so on, enough for %.0f times the streams.", s.Lookback, s.Rebuild, s.Growth),
		"The notifier is one process at a time and tells of the faults at the rate that was played; calmer streams cost it less.",
		edge + ". Publishing, with the bench's own watching, comes on top; fetching over networks is not in them, nor is what evidence costs.",
		"Edges share the partitions of `streams`, in whole ones, and ids fall into partitions by chance: all of them together are within the headroom, and the fullest edge is within all its cores. There are twice as many partitions as edges or more.",
		"Streams are copies of a clip a few seconds long, which the broker's disks and networks would flatter where many are compressed together: bytes a stream are those of the fewest streams that were sustained, where hardly two copies meet.",
		fmt.Sprintf("Topics are kept for a day: health and defects, kept for longer, are small. Evidence is %.0f defects a stream and day, %v each at %.0f Mb/s, for %.0f days.", s.Defects, s.Clip, s.EvidenceBits/1e6, s.EvidenceDays),
		"Everything was on one machine over loopback: caches, memory and interrupts were shared, which costs each stage more; networks between machines cost more than loopback.",
	}
}
