package console

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Pipeline is how the installation does, as the brokers and the log tell it.
type Pipeline struct {
	// Partitions of the topics that have more than one.
	Partitions int32 `json:"partitions"`
	// Self is the console that answers. Others are in no group, and not known to it.
	Self   Process         `json:"self"`
	Stages []PipelineStage `json:"stages"`
	Lags   []PartitionLag  `json:"lags"`
	Edges  []Edge          `json:"edges"`
	Delays []Delay         `json:"delays"`
}

// Process is what a process says of itself.
type Process struct {
	// ID is the same for all that one process takes part in.
	ID      string `json:"id"`
	Version string `json:"version"`
	// Config is the hash of what it has read of its configuration at start, without secrets.
	Config string `json:"config"`
	// Started is in microseconds since the Unix epoch.
	Started int64 `json:"started"`
}

// PipelineStage is a stage with the members of its group.
type PipelineStage struct {
	Name    string           `json:"name"`
	Doc     string           `json:"doc"`
	Members []PipelineMember `json:"members"`
}

// PipelineMember is a process that takes part in a stage. Of the notifiers the one that has the partition tells people.
type PipelineMember struct {
	ID string `json:"id"`
	// Host is the address that it speaks to the brokers from, Instance its configured name; may be empty.
	Host     string `json:"host"`
	Instance string `json:"instance"`
	// Process is null where it says nothing of itself.
	Process    *Process `json:"process"`
	Partitions []int32  `json:"partitions"`
}

// PartitionLag is how far behind one partition is.
type PartitionLag struct {
	Partition int32 `json:"partition"`
	// Detector is for how many seconds the oldest record of the features waits that is not folded; null: not known.
	Detector *float64 `json:"detector"`
	// Trip is how many seconds the last canary took, Heard when it came in microseconds since the Unix epoch; null: none has come.
	Trip  *float64 `json:"trip"`
	Heard *int64   `json:"heard"`
}

// Edge is a supervisor, by the last second of each of its streams.
type Edge struct {
	URL     string `json:"url"`
	Streams int    `json:"streams"`
	// States are how many streams are up, down, starting or in a fault of ours.
	States map[string]int `json:"states"`
	// Decoded, Analysed and Passed are pictures a second, Dropped records and datagrams that we lost, Bytes what came.
	Decoded  int64 `json:"decoded"`
	Analysed int64 `json:"analysed"`
	Passed   int64 `json:"passed"`
	Dropped  int64 `json:"dropped"`
	Bytes    int64 `json:"bytes"`
	// MediaSeconds is how much media was decoded in the second, of the Timed streams that are up and whose pictures say how long they last.
	MediaSeconds float64 `json:"media_seconds"`
	Timed        int     `json:"timed"`
	// Thinned are streams of which one picture in up to MostThinned is measured, KeyOnly those with key pictures only.
	Thinned     int   `json:"thinned"`
	MostThinned int32 `json:"most_thinned"`
	KeyOnly     int   `json:"key_only"`
}

// Delay sums up delays of the last hour: detected is from the onset of a defect to the instant at which its rule was sure, which has the rule's own for in it; written from there until the
// event stands on the log; delivered from there to the first delivery.
type Delay struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	// P50 and P99 are in seconds; null: there was none.
	P50 *float64 `json:"p50"`
	P99 *float64 `json:"p99"`
}

const (
	// pipelineFor is how long an answer is given again: it costs the brokers something.
	pipelineFor = 4 * time.Second
	// tripLate is how long no canary may come of a partition: one comes each 10 s of each stream that is up.
	tripLate = 25 * time.Second
	// lagLate is how far behind is too far, seconds.
	lagLate = 5.0
)

// trips are the canaries: the last roll-up of each partition whose streams are up. It was made of an edge's heartbeat, that went over the log to the detector and from there over the log
// to here, so that it has gone the whole way of a defect up to the notifier.
type trips struct {
	mu sync.Mutex
	by map[int32]trip
	// of are the partitions of the streams that they were of.
	of map[string]int32
}

// trip is when a roll-up was made and when it was heard of; microseconds since the Unix epoch.
type trip struct{ made, heard int64 }

// Trip tells that a regular roll-up of a stream that is up, of a partition, made at an instant of the log's clock, was heard of at another; microseconds since the Unix epoch.
func (c *Console) Trip(stream string, partition int32, made, heard int64) {
	c.trips.mu.Lock()
	defer c.trips.mu.Unlock()
	if c.trips.by == nil || len(c.trips.of) > mostStrips {
		c.trips.by, c.trips.of = map[int32]trip{}, map[string]int32{}
	}
	c.trips.of[stream] = partition
	if c.trips.by[partition].made <= made && len(c.trips.by) < 10_000 {
		c.trips.by[partition] = trip{made, heard}
	}
}

// told keeps the last answer for a moment.
type told struct {
	mu   sync.Mutex
	at   time.Time
	last Pipeline
}

// getPipeline shows how the installation does: GET /api/v1/pipeline.
func (c *Console) getPipeline(w http.ResponseWriter, r *http.Request) {
	c.told.mu.Lock()
	p, fresh := c.told.last, time.Since(c.told.at) < pipelineFor
	c.told.mu.Unlock()
	if !fresh {
		err := c.readLog(r.Context(), func(ctx context.Context) (err error) {
			p, err = c.deps.Pipeline(ctx)
			return err
		})
		if err != nil {
			c.failed(w, "see how the pipeline does", err)
			return
		}
		c.told.mu.Lock()
		c.told.at, c.told.last = time.Now(), p
		c.told.mu.Unlock()
	}
	now := time.Now()
	p.Lags = c.withTrips(p.Lags)
	writeJSON(w, http.StatusOK, struct {
		Now int64 `json:"now"`
		// Problems in words; none: as far as is known there are none.
		Problems []string `json:"problems"`
		Pipeline
	}{now.UnixMicro(), append([]string{}, c.problems(p, now)...), p})
}

// withTrips are lags with what is known of the canaries.
func (c *Console) withTrips(lags []PartitionLag) []PartitionLag {
	c.trips.mu.Lock()
	defer c.trips.mu.Unlock()
	lags = slices.Clone(lags)
	for i := range lags {
		if t, ok := c.trips.by[lags[i].Partition]; ok {
			took := max(0, float64(t.heard-t.made)/1e6)
			lags[i].Trip, lags[i].Heard = &took, &t.heard
		}
	}
	return lags
}

// problems says in words what is wrong.
func (c *Console) problems(p Pipeline, now time.Time) (all []string) {
	wrong := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if err := c.deps.Ready(); err != nil {
		wrong("This console is not ready: %v.", err)
	}
	if err := c.board.standstill(now); err != nil {
		wrong("All stands still: %v.", err)
	}
	for _, s := range p.Stages {
		owned, configs := map[int32]bool{}, map[string]bool{}
		for _, m := range s.Members {
			for _, n := range m.Partitions {
				owned[n] = true
			}
			if m.Process != nil {
				configs[m.Process.Config] = true
			}
		}
		switch {
		case len(s.Members) == 0:
			wrong("%s", map[string]string{"ingest": "There is no edge: no stream is watched.", "detector": "There is no detector: nothing is decided, and no defect is told of.", "notifier": "There is no notifier: nobody is told of defects."}[s.Name])
		case s.Name == "notifier" && len(owned) == 0:
			wrong("None of the notifiers leads: nobody is told of defects until one does.")
		case s.Name != "notifier" && len(owned) < int(p.Partitions):
			wrong("No %s has %s.", map[string]string{"ingest": "edge", "detector": "detector"}[s.Name], numbered(p.Partitions, func(n int32) bool { return !owned[n] })+map[string]string{"ingest": ": its streams are not watched", "detector": ": what its streams tell waits"}[s.Name])
		}
		if len(configs) > 1 { // each stage may have a file of its own
			wrong("There are %s with %d configurations that differ.", map[string]string{"ingest": "edges", "detector": "detectors", "notifier": "notifiers"}[s.Name], len(configs))
		}
	}
	late, silent := map[int32]bool{}, map[int32]bool{}
	expected := c.expected()
	for _, l := range p.Lags {
		late[l.Partition] = l.Detector != nil && *l.Detector > lagLate
		silent[l.Partition] = expected[l.Partition] && l.Heard != nil && now.Sub(time.UnixMicro(*l.Heard)) > tripLate
	}
	if list := numbered(p.Partitions, func(n int32) bool { return late[n] }); list != "" {
		wrong("The detector is more than %v s behind in %s.", lagLate, list)
	}
	if list := numbered(p.Partitions, func(n int32) bool { return silent[n] }); list != "" {
		wrong("No canary has come of %s for %v s: what its streams tell does not arrive.", list, tripLate.Seconds())
	}
	for _, e := range p.Edges {
		if e.Thinned+e.KeyOnly > 0 {
			wrong("The edge %s sheds load: %d of its %d streams are thinned, %d of them to key pictures.", e.URL, e.Thinned+e.KeyOnly, e.Streams, e.KeyOnly)
		}
		if e.Dropped > 0 {
			wrong("The edge %s has lost %d records or datagrams in the last second.", e.URL, e.Dropped)
		}
		if n := e.States["fault"]; n > 0 {
			wrong("Of the edge %s %d streams are not watched by a fault of ours.", e.URL, n)
		}
	}
	return all
}

// expected are the partitions of which canaries are to come: those with a stream that was up when it was last heard of.
func (c *Console) expected() map[int32]bool {
	c.trips.mu.Lock()
	of := maps.Clone(c.trips.of)
	c.trips.mu.Unlock()
	all := map[int32]bool{}
	c.board.mu.Lock()
	defer c.board.mu.Unlock()
	for stream, partition := range of {
		if h := c.board.healths[stream]; c.board.specs[stream] != nil && h != nil && h.State == "up" {
			all[partition] = true
		}
	}
	return all
}

// numbered names the partitions of which something is so; empty: none.
func numbered(partitions int32, is func(int32) bool) string {
	var list []string
	for n := range partitions {
		if is(n) {
			list = append(list, strconv.Itoa(int(n)))
		}
	}
	switch len(list) {
	case 0:
		return ""
	case 1:
		return "partition " + list[0]
	}
	return "each of the partitions " + strings.Join(list, ", ")
}
