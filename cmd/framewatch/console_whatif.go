package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/topology"
)

const (
	// mostStreamHours bounds what a what-if looks at: some five minutes of reading on two processors. Of more streams evenly chosen ones are looked at.
	mostStreamHours = 240
	// mostWhatIfDefects bounds how many defects it may tell of, mostWhatIfChanges how many are told of one piece.
	mostWhatIfDefects, mostWhatIfChanges = 20_000, 2_000
	// longestPattern bounds a pattern of streams, bytes.
	longestPattern = 200
	// progressEvery is how often it is told how far it is.
	progressEvery = time.Second
)

// whatIfFor tells a user of the console what the last hours would have been had a profile been another: what `replay --rules` tells with all profiles as they are
// now and this one as given, and the newest of it first.
func (a *app) whatIfFor(ctx context.Context, book *rulebook, q console.WhatIf, tell func(console.WhatIfLine) error) error {
	proposed, err := profileRecord(q.Profile, q.ProfileText)
	if err != nil {
		return console.Refusal{Reason: err.Error()}
	}
	now := book.now()
	then := now.with(q.Profile, proposed)
	if err := then.conflict(q.Profile); err != nil {
		return console.Refusal{Reason: err.Error(), Status: http.StatusConflict}
	}
	streams, left, err := lookedAt(now, then, q)
	if err != nil {
		return err
	}
	w := replay.WhatIf{Most: mostWhatIfDefects}
	if w.Detection, err = a.detectionOf(ctx, then, streams, q.Hours); err != nil {
		return err
	}
	filter := verdictFilter{Range: w.Range}
	if w.Recorded, err = a.lives(ctx, filter); err != nil {
		return err
	}
	w.Recorded = slices.DeleteFunc(w.Recorded, func(l replay.Life) bool {
		_, chosen := slices.BinarySearch(streams, l.Stream)
		return !chosen
	})
	verdicts, err := a.verdicts(ctx, filter)
	if err != nil {
		return err
	}
	began := &console.WhatIfBegan{From: w.Range.From.UnixMicro(), To: w.Range.To.UnixMicro(), Streams: streams, StreamsLeftOff: left}
	if err := tell(console.WhatIfLine{Began: began}); err != nil {
		return err
	}
	w.Progress = progressing(tell)
	err = w.Run(ctx, func(p replay.Piece) error {
		shown := shownPiece(p, w.Recorded, verdicts)
		if p.Whole {
			return tell(console.WhatIfLine{Whole: shown})
		}
		return tell(console.WhatIfLine{Piece: shown})
	})
	if errors.Is(err, replay.ErrTooMany) {
		return console.Refusal{Reason: fmt.Sprintf("there would be more than %d defects: ask for fewer hours or streams, or think of another level", mostWhatIfDefects)}
	}
	return err
}

// lookedAt are the streams that a what-if is about, in order, and how many more there are: those that have the profile, or would.
func lookedAt(now, then *ruling, q console.WhatIf) (streams []string, left int, err error) {
	for _, pattern := range q.Streams {
		if pattern == "" || len(pattern) > longestPattern {
			return nil, 0, console.Refusal{Reason: fmt.Sprintf("streams: a pattern has 1 to %d bytes", longestPattern)}
		}
	}
	all := now.governed(q.Profile)
	maps.Copy(all, then.governed(q.Profile))
	sieve := replay.NewSieve(replay.Selection{Streams: q.Streams}, &topology.Defects.Spec, nil)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if sieve.Chooses(id) {
			streams = append(streams, id)
		}
	}
	if len(streams) == 0 {
		return nil, 0, console.Refusal{Reason: "there is no such stream that the profile governs, or would"}
	}
	most := max(1, mostStreamHours/q.Hours)
	if len(streams) <= most {
		return streams, 0, nil
	}
	chosen := make([]string, most)
	for i := range chosen {
		chosen[i] = streams[i*len(streams)/most]
	}
	return chosen, len(streams) - most, nil
}

// detectionOf detects again what was recorded of streams in the last hours, by the profiles of an instant. It ends where the live detector must have told of what
// began before.
func (a *app) detectionOf(ctx context.Context, by *ruling, streams []string, hours int) (d replay.Detection, err error) {
	features, err := a.source(topology.Features.Name)
	if err != nil {
		return d, err
	}
	for _, id := range streams {
		if p := a.cluster.Partition(lane(id, by.streams[id])); !slices.Contains(features.Partitions, p) {
			features.Partitions = append(features.Partitions, p)
		}
	}
	slices.Sort(features.Partitions)
	rules := &otherRules{selectors: by.selectors, rules: map[string]string{}, named: map[string]string{}}
	for name, p := range by.profiles {
		rules.rules[name] = p.Rules
	}
	for id, spec := range by.streams {
		rules.named[id] = spec.Profile
	}
	end := time.Now().Add(-replay.Settle())
	return replay.Detection{Records: features, Range: replay.Range{From: end.Add(-time.Duration(hours) * time.Hour), To: end}, Selection: replay.Selection{Among: streams},
		Contract: a.contract, Log: a.log, Model: a.modelFinder(ctx), Change: rules.change}, nil
}

// progressing tells how far a reading is, about once a second.
func progressing(tell func(console.WhatIfLine) error) func(replay.Progress) {
	begun, last := time.Now(), time.Now()
	return func(p replay.Progress) {
		if time.Since(last) < progressEvery {
			return
		}
		last = time.Now()
		// Who has gone away is noticed by the request's end.
		_ = tell(console.WhatIfLine{Progress: &console.WhatIfProgress{Whole: p.Whole, Share: p.Share, Records: p.Records, PerSecond: float64(p.Records) / last.Sub(begun).Seconds()}})
	}
}

// shownPiece is a piece as the API has it.
func shownPiece(p replay.Piece, recorded []replay.Life, verdicts []replay.Verdict) *console.WhatIfPiece {
	after := slices.Clone(p.Unchanged)
	after = append(after, p.Added...)
	said := func(lives []replay.Life) map[string]string {
		return replay.Judge(lives, verdicts, p.Range, verdictTolerance).Said
	}
	before := said(recorded)
	changes := changedLives(p.Difference, before, said(after))
	for _, l := range p.Unchanged {
		changes = append(changes, changedLife{"same", l.Stream, l.Kind, l.Part, newLifeInstant(l), newLifeInstant(l), before[l.ID]})
	}
	shown := &console.WhatIfPiece{From: p.Range.From.UnixMicro(), To: p.Range.To.UnixMicro(), Same: p.Same, Added: len(p.Added), Removed: len(p.Removed), Moved: len(p.Moved),
		LeftOut: p.LeftOut, Changes: []console.WhatIfChange{}, ChangesLeftOff: max(len(changes)-mostWhatIfChanges, 0)}
	for _, c := range changes[:len(changes)-shown.ChangesLeftOff] {
		shown.Changes = append(shown.Changes, console.WhatIfChange{Change: c.Change, Stream: c.Stream, Kind: c.Kind, Part: c.Part, Before: shownSpan(c.Before), After: shownSpan(c.After), Verdict: c.Verdict})
	}
	return shown
}

func shownSpan(l *lifeInstant) *console.WhatIfSpan {
	if l == nil {
		return nil
	}
	return &console.WhatIfSpan{Defect: l.Defect, Onset: l.Onset, End: l.End, Open: l.Open, Severity: l.Severity}
}
