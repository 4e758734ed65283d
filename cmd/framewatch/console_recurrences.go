package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/notifier"
)

// extendSilenceFor lets a silence end at another time for a user of the console.
func (a *app) extendSilenceFor(ctx context.Context, by console.Actor, id string, end time.Time) (console.Silence, error) {
	s, err := a.extendSilence(ctx, by.Name, id, end, by.Place())
	if err != nil {
		return console.Silence{}, err
	}
	return *shownSilence(s), nil
}

// recurFor adds a recurring silence for a user of the console.
func (a *app) recurFor(ctx context.Context, by console.Actor, wanted console.Recurrence) (console.Recurrence, error) {
	r := notifier.Recurrence{Matchers: wanted.Matchers, By: by.Name, Comment: wanted.Comment, Schedule: notifier.Schedule(wanted.Schedule), Made: time.Now()}
	r, entry, err := newRecurrence(r)
	if err != nil {
		return console.Recurrence{}, err
	}
	return *shownRecurrence(&r), a.addRecurrence(ctx, r, entry, by.Place())
}

// endRecurrenceFor lets a silence come back no longer for a user of the console.
func (a *app) endRecurrenceFor(ctx context.Context, by console.Actor, id string) (console.Recurrence, error) {
	r, err := a.endRecurrence(ctx, by.Name, id, by.Place())
	if err != nil {
		return console.Recurrence{}, err
	}
	return *shownRecurrence(r), nil
}

// shownRecurrence is as the API has it; nil is nil.
func shownRecurrence(r *notifier.Recurrence) *console.Recurrence {
	if r == nil {
		return nil
	}
	return &console.Recurrence{ID: r.ID, Matchers: append([]string{}, r.Matchers...), By: r.By, Comment: r.Comment, Schedule: console.Schedule(r.Schedule)}
}

// nextWindow is the first window of a schedule that ends after an instant.
func nextWindow(s console.Schedule, after time.Time) (start, end time.Time, ok bool) {
	w, ok := notifier.Schedule(s).Next(after)
	return w.Start, w.End, ok
}

// scopeOf is what matchers match.
func scopeOf(matchers []string) (*console.Scope, error) {
	scope, err := notifier.NewScope(matchers)
	if err != nil {
		return nil, err
	}
	return &console.Scope{Stream: scope.Stream, Defect: scope.Defect}, nil
}

// newRecurrence is a recurring silence that is to be, as an entry of the state.
func newRecurrence(r notifier.Recurrence) (notifier.Recurrence, notifier.Entry, error) {
	if err := checkSilence(r.Matchers, r.By, r.Comment); err != nil {
		return r, notifier.Entry{}, err
	}
	r, entry, err := notifier.NewRecurrence(r)
	if err != nil {
		return r, entry, console.Refusal{Reason: err.Error()}
	}
	if _, ok := r.Schedule.Next(time.Now()); !ok {
		return r, entry, console.Refusal{Reason: "there is no such time to come in the next three months"}
	}
	return r, entry, nil
}

// addRecurrence puts a recurring silence on the log.
func (a *app) addRecurrence(ctx context.Context, r notifier.Recurrence, entry notifier.Entry, place string) error {
	if err := a.mutes(); err != nil {
		return err
	}
	standing, err := a.recurrences(ctx)
	if err != nil {
		return err
	}
	if len(standing) >= notifier.RecurrenceLimit {
		return console.Refusal{Reason: fmt.Sprintf("there are %d recurring silences already: remove one first", len(standing)), Status: http.StatusConflict}
	}
	return a.changeState(ctx, r.By, "silence recur", fmt.Sprint(r.Matchers), r.ID+" "+r.Schedule.String(), place, entry)
}

// endRecurrence lets a silence come back no longer, ends what is in force or near of it, and tells what it was.
func (a *app) endRecurrence(ctx context.Context, by, id, place string) (*notifier.Recurrence, error) {
	recurrences, err := a.recurrences(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(recurrences, func(r notifier.Recurrence) bool { return r.ID == id })
	if i < 0 {
		return nil, console.Refusal{Reason: fmt.Sprintf("there is no recurring silence %.64q", id), Status: http.StatusNotFound}
	}
	silences, err := a.silences(ctx)
	if err != nil {
		return nil, err
	}
	entries := []notifier.Entry{notifier.RemovedRecurrence(id)}
	for _, s := range silences {
		if s.Recurrence != id || !s.End.After(time.Now()) {
			continue
		}
		ended, err := notifier.EndSilence(s.ID, s.state)
		if err != nil {
			return nil, fmt.Errorf("silence %s: %w", s.ID, err)
		}
		entries = append(entries, ended)
	}
	return &recurrences[i], a.changeState(ctx, by, "silence recur no more", id, recurrences[i].Schedule.String(), place, entries...)
}

// recurrences are all recurring silences on the log, in order of id.
func (a *app) recurrences(ctx context.Context) (list []notifier.Recurrence, err error) {
	state, err := a.notifierState(ctx)
	if err != nil {
		return nil, err
	}
	for key, v := range state {
		id, r, err := notifier.ReadRecurrence(notifier.Entry{Key: key, Value: v})
		if err != nil {
			a.log.Warn("a recurring silence on the log cannot be read", "key", key, "error", err)
		} else if id != "" && r != nil {
			list = append(list, *r)
		}
	}
	slices.SortFunc(list, func(x, y notifier.Recurrence) int { return strings.Compare(x.ID, y.ID) })
	return list, nil
}
