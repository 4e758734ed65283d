package main

import (
	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

// judgement is the detector offline: it folds the records of one input as they come, and keeps the latest event of each defect.
type judgement struct {
	stream    string
	partition *detector.Partition
	offset    int64
	// first is the instant of the first picture since the first unit of any track, once pictured.
	first    int64
	pictured bool
	order    []string
	events   map[string]*schemas.DefectEvent
}

// newJudgement judges the stream of a setting, by that.
func newJudgement(setting *schemas.Setting) *judgement {
	j := &judgement{stream: setting.Stream, partition: detector.New(detector.Config{}), events: map[string]*schemas.DefectEvent{}}
	j.fold(&schemas.Feature{Setting: setting})
	return j
}

// judge takes the next record. Offline, media time is the only clock: each second of it is a tick.
func (j *judgement) judge(f *schemas.Feature) {
	if v := f.VideoFrame; v != nil && !j.pictured {
		j.first, j.pictured = v.Session+v.At, true
	}
	j.fold(f)
	if s := f.StreamSecond; s != nil {
		j.fold(&schemas.Feature{Tick: &schemas.Tick{Time: s.Session + s.At, Generation: 1}})
	}
}

// end says that the input is over: what is still going on lasts to its end.
func (j *judgement) end() {
	for _, e := range j.partition.Firing() {
		j.note(&e)
	}
}

// fold takes one record of the log.
func (j *judgement) fold(f *schemas.Feature) {
	key := j.stream
	if f.Tick != nil || f.Setting != nil {
		key = ""
	}
	j.partition.Fold(detector.Input{Stream: key, Offset: j.offset, Feature: f}, func(out detector.Output) {
		if out.Defect != nil {
			j.note(out.Defect)
		}
	})
	j.offset++
}

// note keeps the latest event of a defect.
func (j *judgement) note(e *schemas.DefectEvent) {
	if _, known := j.events[e.ID]; !known {
		j.order = append(j.order, e.ID)
	}
	j.events[e.ID] = e
}

// defects are the latest events in the order of their detection.
func (j *judgement) defects() []*schemas.DefectEvent {
	list := make([]*schemas.DefectEvent, 0, len(j.order))
	for _, id := range j.order {
		list = append(list, j.events[id])
	}
	return list
}

// seconds since the first picture, or the first sound without pictures; what began before it is negative.
func (j *judgement) seconds(us int64) float64 { return float64(us-j.first) / 1e6 }
