package main

import (
	"context"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/notifier"
)

// acknowledgeFor acknowledges a defect for a user of the console.
func (a *app) acknowledgeFor(ctx context.Context, by console.Actor, defect, note string) (console.Acknowledgement, error) {
	ack, err := a.acknowledge(ctx, by.Name, defect, note, by.Place())
	return *shownAcknowledgement(&ack), err
}

// silenceFor adds a silence for a user of the console.
func (a *app) silenceFor(ctx context.Context, by console.Actor, wanted console.Silence) (console.Silence, error) {
	s := notifier.Silence{Matchers: wanted.Matchers, By: by.Name, Comment: wanted.Comment, Start: time.UnixMicro(wanted.Start), End: time.UnixMicro(wanted.End)}
	entry, err := newSilence(s)
	if err != nil {
		return console.Silence{}, err
	}
	if _, err := a.addSilence(ctx, s, entry, by.Place()); err != nil {
		return console.Silence{}, err
	}
	added, err := notifier.ReadSilence(entry.Value)
	if err != nil {
		return console.Silence{}, err
	}
	return *shownSilence(added), nil
}

// endSilenceFor ends a silence for a user of the console.
func (a *app) endSilenceFor(ctx context.Context, by console.Actor, id string) (console.Silence, error) {
	s, err := a.endSilence(ctx, by.Name, id, by.Place())
	if err != nil {
		return console.Silence{}, err
	}
	return *shownSilence(s), nil
}

// showState hands the page what an entry of the notifier's state says to people.
func (a *app) showState(page *console.Console, e notifier.Entry) {
	defect, ack, err := notifier.ReadAcknowledgement(e)
	if err == nil && defect != "" {
		page.Acknowledged(defect, shownAcknowledgement(ack))
		return
	}
	if err == nil {
		var recurrence string
		var r *notifier.Recurrence
		if recurrence, r, err = notifier.ReadRecurrence(e); err == nil && recurrence != "" {
			page.Recurring(recurrence, shownRecurrence(r))
			return
		}
	}
	id := notifier.SilenceID(e.Key)
	if err == nil && id != "" {
		var s *notifier.Silence
		if s, err = notifier.ReadSilence(e.Value); err == nil {
			page.Silenced(id, shownSilence(s))
			return
		}
	}
	if err != nil {
		a.log.Warn("an entry of the notifier's state cannot be shown", "key", e.Key, "error", err)
	}
}

// shownAcknowledgement and shownSilence are as the API has them; nil is nil.
func shownAcknowledgement(ack *notifier.Acknowledgement) *console.Acknowledgement {
	if ack == nil {
		return nil
	}
	return &console.Acknowledgement{By: ack.By, Note: ack.Note, Time: ack.Time.UnixMicro()}
}

func shownSilence(s *notifier.Silence) *console.Silence {
	if s == nil {
		return nil
	}
	return &console.Silence{ID: s.ID, Matchers: append([]string{}, s.Matchers...), By: s.By, Comment: s.Comment, Start: s.Start.UnixMicro(), End: s.End.UnixMicro(), Recurrence: s.Recurrence}
}
