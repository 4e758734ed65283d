package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/topology"
)

// scaleLook is what has been used and written until a time.
type scaleLook struct {
	at       time.Time
	use      map[string]lab.ProcessUse
	counts   map[string]int
	size     map[string]int64
	ends     map[string]int64
	records  int64
	pictures int64
	// health and defects are the records that were read.
	health, defects int64
	streams         int
}

// scaleStages are in the order of the data's way.
var scaleStages = []string{lab.SimulatorStage, lab.BrokerStage, lab.DetectorStage, lab.NotifierStage, lab.ConsoleStage}

// scaleTopics are those that are written all the time.
var scaleTopics = []*topology.Spec{&topology.Features.Spec, &topology.Health.Spec, &topology.Defects.Spec, &topology.DefectsLatest.Spec, &topology.NotifierState.Spec, &topology.Notifications.Spec}

// look takes all of it.
func (s *scaleStep) look(ctx context.Context) (l scaleLook, err error) {
	l = scaleLook{use: map[string]lab.ProcessUse{}, counts: map[string]int{}, size: map[string]int64{}, ends: map[string]int64{}, streams: s.streams}
	ids := map[string][]int{lab.SimulatorStage: {os.Getpid()}, lab.BrokerStage: s.bench.broker.processes}
	for stage, processes := range s.processes {
		for _, p := range processes {
			ids[stage] = append(ids[stage], p.Process.Pid)
		}
	}
	for stage, ids := range ids {
		l.counts[stage] = len(ids)
		if l.use[stage], err = lab.UseOf(ids...); err != nil {
			return l, err
		}
	}
	l.at = time.Now()
	for _, t := range scaleTopics {
		if l.size[t.Name], err = s.cluster.Size(ctx, t); err != nil {
			return l, err
		}
		ends, err := s.cluster.Ends(ctx, t)
		if err != nil {
			return l, err
		}
		for _, end := range ends {
			l.ends[t.Name] += end
		}
	}
	s.mu.Lock()
	l.pictures = s.pictures
	s.mu.Unlock()
	l.records, l.health, l.defects = s.records.Load(), s.health.Load(), s.defects.Load()
	return l, nil
}

// since fills in what there was from an earlier look to this one.
func (l scaleLook) since(earlier scaleLook, r *lab.ScaleStep) {
	seconds := l.at.Sub(earlier.at).Seconds()
	rate := func(n int64) float64 { return float64(n) / seconds }
	r.Seconds, r.Records, r.Pictures = seconds, rate(l.records-earlier.records), rate(l.pictures-earlier.pictures)
	for _, stage := range scaleStages {
		if n := l.counts[stage]; n > 0 {
			r.Stages = append(r.Stages, lab.StageOf(stage, n, l.use[stage].Since(earlier.use[stage]), seconds, l.streams))
		}
	}
	grew := func(t *topology.Spec) int64 { return l.ends[t.Name] - earlier.ends[t.Name] }
	for _, t := range scaleTopics {
		r.Topics = append(r.Topics, lab.ScaleTopic{Name: t.Name, Bytes: rate(l.size[t.Name]-earlier.size[t.Name]) / float64(l.streams), Records: rate(grew(t))})
	}
	// A transaction that tells of a defect ends in both topics of them.
	markers := grew(&topology.Health.Spec) - (l.health - earlier.health) + 2*(grew(&topology.Defects.Spec)-(l.defects-earlier.defects))
	r.Markers = max(0, rate(markers))
}

// webhookSink is told by webhooks which defects have begun.
func webhookSink(told func(id string, now time.Time)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Type string
			Data struct{ ID string }
		}
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if body.Type == "defect.opened" {
			told(body.Data.ID, time.Now())
		}
	})
}
