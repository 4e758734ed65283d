package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

const (
	// probeLooks is how much of a source is looked at, and probeLasts how long at most: less than the console waits.
	probeLooks, probeLasts = 2 * time.Second, 14 * time.Second
	// longestURL, longestName and mostLabels bound what somebody may write of a stream.
	longestURL, longestName, mostLabels = 2000, 200, 50
)

// probeFor looks at a source for a user of the console.
func (a *app) probeFor(ctx context.Context, by console.Actor, url string) (console.Probed, error) {
	if err := a.checkSource(StreamConfig{ID: "probe", URL: url}); err != nil {
		return console.Probed{}, err
	}
	if err := a.audit(ctx, by.Name, "streams probe", source.Redact(url), "", by.Place()); err != nil {
		return console.Probed{}, err
	}
	var picture []byte
	p := probe{timeout: probeLasts, media: probeLooks, access: a.access, picture: func(jpeg []byte) { picture = jpeg }}
	found, err := p.look(ctx, a.config.Ingest.Config, url)
	if ctx.Err() != nil {
		return console.Probed{}, ctx.Err()
	}
	if err != nil {
		return console.Probed{URL: source.Redact(url), Problem: err.Error(), Tracks: []schemas.Track{}}, nil
	}
	return console.Probed{URL: found.URL, Container: found.Container, Tracks: append([]schemas.Track{}, found.Tracks...), FirstPicture: found.FirstPicture, FirstSound: found.FirstSound,
		Picture: picture}, nil
}

// saveStreamFor adds or changes a stream for a user of the console.
func (a *app) saveStreamFor(ctx context.Context, by console.Actor, s console.StreamText, change bool) (console.StreamText, error) {
	have, err := current(ctx, a.cluster, topology.Streams)
	if err != nil {
		return s, err
	}
	old := have[s.ID]
	switch {
	case change && old == nil:
		return s, noStream(s.ID)
	case change && old.Origin == fromFile:
		return s, ofFile(s.ID)
	case !change && old != nil:
		return s, console.Refusal{Reason: fmt.Sprintf("there is a stream %.200q already: change that, or choose another id", s.ID), Status: http.StatusConflict}
	}
	wanted := StreamConfig{ID: s.ID, URL: s.URL, Labels: s.Labels, Profile: s.Profile, Lane: s.Lane, Loop: s.Loop}
	if wanted.Expectations, err = detector.ParseExpectations(expectationsText(s.Expectations)); err != nil {
		return s, console.Refusal{Reason: err.Error()}
	}
	if change && s.URL == "" {
		wanted.URL = old.URL
		err = refusal(wanted.validate())
	} else {
		err = a.checkSource(wanted)
	}
	if err == nil {
		err = a.checkWritten(ctx, wanted, have)
	}
	if err != nil {
		return s, err
	}
	spec := wanted.spec(fromCommand)
	if err := a.publishSpec(ctx, s.ID, old, spec); err != nil {
		return s, err
	}
	s.URL, s.Labels = source.Redact(wanted.URL), spec.Labels
	if len(s.Expectations) == 0 || spec.Expectations == nil {
		s.Expectations = json.RawMessage("null")
	}
	action := "streams add"
	if change {
		action = "streams change"
	}
	return s, a.audit(ctx, by.Name, action, s.ID, s.URL, by.Place())
}

// removeStreamFor removes a stream for a user of the console.
func (a *app) removeStreamFor(ctx context.Context, by console.Actor, id string) error {
	have, err := current(ctx, a.cluster, topology.Streams)
	if err != nil {
		return err
	}
	spec := have[id]
	switch {
	case spec == nil:
		return noStream(id)
	case spec.Origin == fromFile:
		return ofFile(id)
	}
	if err := a.publishStream(ctx, lane(id, spec), topology.Streams.Tombstone(id)); err != nil {
		return err
	}
	return a.audit(ctx, by.Name, "streams remove", id, source.Redact(spec.URL), by.Place())
}

func noStream(id string) error {
	return console.Refusal{Reason: fmt.Sprintf("there is no stream %.200q", id), Status: http.StatusNotFound}
}

func ofFile(id string) error {
	return console.Refusal{Reason: fmt.Sprintf("stream %.200q is of the configuration file: change it there", id), Status: http.StatusConflict}
}

// refusal is an error as one whose text is for who asked; nil is nil.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	return console.Refusal{Reason: err.Error()}
}

func expectationsText(text json.RawMessage) string {
	if string(text) == "null" {
		return ""
	}
	return string(text)
}

// checkSource tells what is wrong with the URL of a stream that somebody has written in the console: beside what is wrong anywhere, secrets that are not from the directories for them.
func (a *app) checkSource(s StreamConfig) error {
	if len(s.URL) > longestURL {
		return console.Refusal{Reason: fmt.Sprintf("url: it has %d bytes, at most %d are taken", len(s.URL), longestURL)}
	}
	if strings.ContainsFunc(s.URL, unicode.IsControl) || !utf8.ValidString(s.URL) {
		return console.Refusal{Reason: "url: it has control characters or is not UTF-8"}
	}
	for _, found := range reference.FindAllStringSubmatch(s.URL, -1) {
		if found[1] != "file" || !a.isForSecrets(found[2]) {
			return console.Refusal{Reason: fmt.Sprintf("url: %.200s is not a file below a directory that console.secret_directories names: only those may be sent to an address that is written here", found[0])}
		}
	}
	if err := s.validate(); err != nil {
		return console.Refusal{Reason: strings.ReplaceAll(err.Error(), s.URL, source.Redact(s.URL))}
	}
	return nil
}

// isForSecrets tells whether a file is below a directory for secrets.
func (a *app) isForSecrets(path string) bool {
	for _, d := range a.inForce().Console.SecretDirectories {
		if rest, ok := strings.CutPrefix(path, filepath.Clean(d)+"/"); ok && filepath.Clean(path) == path && rest != "" {
			return true
		}
	}
	return false
}

// checkWritten tells what else is wrong with a stream: its labels, its profile, and what does not fit the other streams.
func (a *app) checkWritten(ctx context.Context, s StreamConfig, have map[string]*schemas.StreamSpec) error {
	texts := map[string]string{"profile": s.Profile, "lane": s.Lane}
	for name, value := range s.Labels {
		if name == "" {
			return console.Refusal{Reason: "labels: a name is empty"}
		}
		texts["labels: "+name] = value
		if err := checkText("labels: a name", name, longestName); err != nil {
			return console.Refusal{Reason: err.Error()}
		}
	}
	if len(s.Labels) > mostLabels {
		return console.Refusal{Reason: fmt.Sprintf("labels: there are %d, at most %d are taken", len(s.Labels), mostLabels)}
	}
	for field, text := range texts {
		if err := checkText(field, text, longestName); err != nil {
			return console.Refusal{Reason: err.Error()}
		}
	}
	profiles, err := current(ctx, a.cluster, topology.Profiles)
	if err != nil {
		return err
	}
	if _, known := profiles[s.Profile]; s.Profile != "" && s.Profile != defaultProfile && !known {
		return console.Refusal{Reason: fmt.Sprintf("profile: there is none called %q", s.Profile)}
	}
	if same := s.Expectations.SameAs; same == s.ID {
		return console.Refusal{Reason: "expectations: same_as names the stream itself"}
	}
	err = fitStreams([]StreamConfig{s}, have, profiles)
	if errors.As(err, new(exitError)) {
		return refusal(err)
	}
	return err
}
