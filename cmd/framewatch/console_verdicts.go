package main

import (
	"context"
	"errors"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/replay"
)

// judgeFor puts the verdict of a user of the console on the log.
func (a *app) judgeFor(ctx context.Context, by console.Actor, said console.Opinion) (console.Verdict, error) {
	o := opinion{Label: said.Label, Defect: said.Defect, Stream: said.Stream, Kind: said.Kind, Author: by.Name, Note: said.Note}
	for _, t := range []struct {
		micros int64
		at     *time.Time
	}{{said.Start, &o.Start}, {said.End, &o.End}} {
		if t.micros != 0 {
			*t.at = time.UnixMicro(t.micros)
		}
	}
	v, err := console.Verdict{}, o.checkTexts()
	if err == nil {
		v, err = a.judge(ctx, o, by.Place())
	}
	var wrong *fieldError
	if errors.As(err, &wrong) {
		return v, console.Refusal{Reason: wrong.Error()}
	}
	return v, err
}

// verdictsFor reads the verdicts that hold for a user of the console.
func (a *app) verdictsFor(ctx context.Context, q console.VerdictQuery) (all []console.Verdict, err error) {
	filter := verdictFilter{Range: replay.Range{From: q.From, To: q.To}}
	if q.Stream != "" {
		filter.Streams = []string{q.Stream}
	}
	if q.Kind != "" {
		filter.Kinds = []string{q.Kind}
	}
	if err := filter.check(); err != nil {
		return nil, console.Refusal{Reason: err.Error()}
	}
	verdicts, err := a.verdicts(ctx, filter)
	if err != nil {
		return nil, err
	}
	for _, v := range replay.Standing(verdicts) {
		if filter.Holds(v.Start) {
			all = append(all, shownVerdict(v))
		}
	}
	return all, nil
}
