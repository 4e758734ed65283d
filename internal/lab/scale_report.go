package lab

import "cmp"

// ScaleReport is what `bench scale` measured. Its keys in JSON are a contract.
type ScaleReport struct {
	// Streams is the largest number that was sustained, 0 when none was.
	Streams int `json:"streams"`
	// Cores, Processor and Load are the machine's: its cores, their name, and its load average over a minute when the measuring began.
	Cores     int     `json:"cores"`
	Processor string  `json:"processor"`
	Load      float64 `json:"load_before"`
	// At is when it was measured, RFC 3339.
	At string `json:"at"`
	// Broker is what kept the log, with one copy of everything on one node.
	Broker string `json:"broker"`
	// Partitions of each topic, Detectors that shared them.
	Partitions int `json:"partitions"`
	Detectors  int `json:"detectors"`
	// FaultyStreams is the share of the streams of which a fault begins every FaultEvery seconds.
	FaultyStreams float64 `json:"faulty_streams"`
	FaultEvery    float64 `json:"fault_every_seconds"`
	// Steps are all numbers of streams that were tried, in that order.
	Steps []ScaleStep `json:"steps"`
	// Recovery is what happened when one of the detectors was killed at Recovery.Streams; absent when it was not tried.
	Recovery *ScaleRecovery `json:"recovery,omitempty"`
	// Edge is what a stream takes there.
	Edge EdgeCost `json:"edge"`
	// Costs are what the steps come to, and Plans what follows for other numbers of streams, on the assumptions.
	Costs       Costs          `json:"costs"`
	Assumptions []string       `json:"assumptions"`
	Plans       []CapacityPlan `json:"plans"`
}

// ScaleStep is what a number of streams took, all over the Seconds in which it was measured, but for the Defects, which are of all the time that the streams were played.
type ScaleStep struct {
	Streams int     `json:"streams"`
	Seconds float64 `json:"seconds"`
	// Sustained: nothing was behind by more than a second at the 99th percentile, the streams were sent in time and every defect was found and told once. Why says what was not so.
	Sustained bool   `json:"sustained"`
	Why       string `json:"why,omitempty"`
	// Records and Pictures that were sent, a second.
	Records  float64 `json:"records_per_second"`
	Pictures float64 `json:"frames_per_second"`
	// Lag is the time from when a record stood on the log until it was folded and committed, seen ten times a second.
	Lag50 float64 `json:"lag_p50_seconds"`
	Lag99 float64 `json:"lag_p99_seconds"`
	// Markers is how many ends of transactions the defects topics and the roll-ups' were given, a second.
	Markers float64      `json:"markers_per_second"`
	Stages  []ScaleStage `json:"stages"`
	Topics  []ScaleTopic `json:"topics"`
	Defects ScaleDefects `json:"defects"`
}

// ScaleStage is what the processes of a stage took.
type ScaleStage struct {
	Name      string `json:"name"`
	Processes int    `json:"processes"`
	// Cores is CPU-seconds a second, StreamsPerCore how many of the streams that is for each.
	Cores          float64 `json:"cores"`
	StreamsPerCore float64 `json:"streams_per_core"`
	// Memory is the resident set at the end, of all of them.
	Memory float64 `json:"memory_mib"`
	// Read and Written are bytes a stream and second by all reads and writes; nearly all of a detector's are of its connections to the broker.
	Read    float64 `json:"read_bytes_per_stream_second"`
	Written float64 `json:"written_bytes_per_stream_second"`
}

// ScaleTopic is what a topic took on the broker's disk, compressed as it was written, one copy.
type ScaleTopic struct {
	Name  string  `json:"name"`
	Bytes float64 `json:"bytes_per_stream_second"`
	// Records are those that the topic grew by, a second, with its markers.
	Records float64 `json:"records_per_second"`
}

// ScaleDefects are the faults that were played against the defects that were told.
type ScaleDefects struct {
	// Expected faults could be judged, of which Found were found.
	Expected int `json:"expected"`
	Found    int `json:"found"`
	// Unexpected defects were of no fault, by kind: a fault has companions, as a black picture its bit rate, and so has the jump of a recording that begins anew.
	Unexpected map[string]int `json:"unexpected"`
	// Events were told of defects, Doubled of them more than once.
	Events  int `json:"events"`
	Doubled int `json:"doubled"`
	// Told is how many of those found came to the webhook, ToldTwice how many did so more than once.
	Told      int `json:"told"`
	ToldTwice int `json:"told_twice"`
	// Event and Webhook are the time from a fault's start until its event was read from the log, and until its webhook was there; Beyond is the first without what the rule waits by itself.
	Event   Percentiles `json:"onset_to_event_seconds"`
	Beyond  Percentiles `json:"beyond_for_seconds"`
	Webhook Percentiles `json:"onset_to_webhook_seconds"`
}

// Percentiles of times, seconds.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// ScaleRecovery is what happened when one of the detectors was killed (SIGKILL).
type ScaleRecovery struct {
	Streams int `json:"streams"`
	Moved   int `json:"partitions_moved"`
	// FirstKill and AllKill are seconds from the kill until the first of the dead detector's partitions was folded on, and until all were; First and All the same from
	// their assignment to the other. Outage is from the kill until nothing was behind by a second any more.
	FirstKill float64 `json:"kill_to_first_seconds"`
	AllKill   float64 `json:"kill_to_all_seconds"`
	First     float64 `json:"assigned_to_first_seconds"`
	All       float64 `json:"assigned_to_all_seconds"`
	Outage    float64 `json:"outage_seconds"`
	// Lags are the 99th percentiles before the kill and after the outage.
	LagBefore float64 `json:"lag_before_seconds"`
	LagAfter  float64 `json:"lag_after_seconds"`
	// Memory of the detector that was left, MiB, when it had caught up.
	Memory  float64      `json:"memory_mib"`
	Defects ScaleDefects `json:"defects"`
}

// Stage finds a stage of the step; nil: there was none.
func (s *ScaleStep) Stage(name string) *ScaleStage {
	for i := range s.Stages {
		if s.Stages[i].Name == name {
			return &s.Stages[i]
		}
	}
	return nil
}

// Best is the sustained step of the most streams; nil: none was.
func (r *ScaleReport) Best() (best *ScaleStep) {
	for i := range r.Steps {
		if s := &r.Steps[i]; s.Sustained && (best == nil || s.Streams > best.Streams) {
			best = s
		}
	}
	return best
}

// Least is the sustained step of the fewest streams; nil: none was.
func (r *ScaleReport) Least() (least *ScaleStep) {
	for i := range r.Steps {
		if s := &r.Steps[i]; s.Sustained && (least == nil || s.Streams < least.Streams) {
			least = s
		}
	}
	return least
}

// Limit is the step of the fewest streams above those that were sustained that was not; nil: no limit was reached.
func (r *ScaleReport) Limit() (limit *ScaleStep) {
	for i := range r.Steps {
		if s := &r.Steps[i]; !s.Sustained && s.Streams > r.Streams && (limit == nil || s.Streams < limit.Streams) {
			limit = s
		}
	}
	return limit
}

// StageOf is what processes took over a time, for so many streams.
func StageOf(name string, processes int, use ProcessUse, seconds float64, streams int) ScaleStage {
	each := seconds * float64(streams)
	s := ScaleStage{Name: name, Processes: processes, Cores: use.CPU / seconds, Memory: float64(use.Memory) / 1024, Read: float64(use.Read) / each, Written: float64(use.Written) / each}
	s.StreamsPerCore = float64(streams) / cmp.Or(s.Cores, 1/float64(1<<20))
	return s
}
