package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

const (
	// longestProfileName bounds a profile's name, bytes; mostMatchers its conditions.
	longestProfileName, mostMatchers = 100, 50
	// longestDetail bounds what an audit record says of a change, bytes.
	longestDetail = 1000
)

// publishProfileFor puts a profile on the log for a user of the console. One of the configuration file is changed in the file and nowhere else: `run` would take the
// change back. Two consoles that publish one profile in the same instant may both be told that it stands; the later one does, and the audit records name both.
func (a *app) publishProfileFor(ctx context.Context, book *rulebook, by console.Actor, name string, version int64, text console.ProfileText) (shown console.Profile, err error) {
	record, err := profileRecord(name, text)
	if err != nil {
		return shown, console.Refusal{Reason: err.Error()}
	}
	f, err := a.changeable(ctx, book, name, version)
	if err != nil {
		return shown, err
	}
	if err := f.with(name, record).conflict(name); err != nil {
		return shown, console.Refusal{Reason: err.Error(), Status: http.StatusConflict}
	}
	if err := a.cluster.Publish(ctx, 0, topology.Profiles.Message(name, record)); err != nil {
		return shown, err
	}
	detail := record.Rules
	if len(text.Matchers) > 0 {
		detail = fmt.Sprintf("{%s} priority %d: %s", strings.Join(text.Matchers, ", "), text.Priority, detail)
	}
	if err := a.audit(ctx, by.Name, "profile publish", name, strings.ToValidUTF8(detail[:min(len(detail), longestDetail)], ""), by.Place()); err != nil {
		return shown, err
	}
	if err := a.readProfiles(ctx, book); err != nil {
		return shown, err
	}
	all := book.shownProfiles()
	if i := slices.IndexFunc(all, func(p console.Profile) bool { return p.Name == name }); i >= 0 {
		return all[i], nil
	}
	return shown, console.Refusal{Reason: "somebody else has taken the profile away meanwhile", Status: http.StatusConflict}
}

// deleteProfileFor takes a profile away for a user of the console.
func (a *app) deleteProfileFor(ctx context.Context, book *rulebook, by console.Actor, name string, version int64) error {
	f, err := a.changeable(ctx, book, name, version)
	if err != nil {
		return err
	}
	if _, there := f.profiles[name]; !there {
		return console.Refusal{Reason: "there is no such profile", Status: http.StatusNotFound}
	}
	for _, id := range slices.Sorted(maps.Keys(f.streams)) {
		if f.streams[id].Profile == name {
			return console.Refusal{Reason: fmt.Sprintf("the stream %q names it: give that one another profile first", id), Status: http.StatusConflict}
		}
	}
	if err := a.cluster.Publish(ctx, 0, topology.Profiles.Tombstone(name)); err != nil {
		return err
	}
	if err := a.audit(ctx, by.Name, "profile delete", name, "", by.Place()); err != nil {
		return err
	}
	return a.readProfiles(ctx, book)
}

// changeable is what is in force, by the log as it is now, if the profile may be changed by who has seen that version of it.
func (a *app) changeable(ctx context.Context, book *rulebook, name string, version int64) (*ruling, error) {
	if err := a.readProfiles(ctx, book); err != nil {
		return nil, err
	}
	f := book.now()
	had := f.profiles[name]
	switch {
	case had.Profile != nil && had.Origin == fromFile:
		return nil, console.Refusal{Reason: "it is of the configuration file: change it there and have it read again (SIGHUP), or publish under another name", Status: http.StatusConflict}
	case had.version != version:
		return nil, console.Refusal{Reason: "somebody has changed it since: look at it again first", Status: http.StatusConflict}
	}
	return f, nil
}

// readProfiles reads the profiles as they are on the log now.
func (a *app) readProfiles(ctx context.Context, book *rulebook) error {
	return kafka.Read(ctx, a.cluster, topology.Profiles, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.Profile]) error {
		book.profile(r)
		return nil
	})
}

// profileRecord is what people write of a profile as it stands on the log, checked as the configuration file is.
func profileRecord(name string, text console.ProfileText) (*schemas.Profile, error) {
	switch {
	case name == "" || len(name) > longestProfileName || name == "." || name == ".." || strings.ContainsFunc(name, unicode.IsControl):
		return nil, fmt.Errorf("name: up to %d bytes without control characters name a profile", longestProfileName)
	case name == defaultProfile && len(text.Matchers) > 0:
		return nil, errors.New("matchers: the profile called default is that of the streams that no other fits: give the conditions to one of another name")
	case text.Rules == nil:
		return nil, errors.New("rules: give all that are not as documented; {}: none")
	case len(text.Matchers) > mostMatchers:
		return nil, fmt.Errorf("matchers: there are %d, more than %d", len(text.Matchers), mostMatchers)
	}
	p := ProfileConfig{Matchers: text.Matchers, Priority: text.Priority, Rules: map[string]any{}}
	for kind, options := range text.Rules {
		if len(options) > 0 {
			p.Rules[kind] = options
		}
	}
	if err := p.validate(); err != nil {
		return nil, err
	}
	record, err := p.record()
	if err == nil {
		record.Origin = fromAPI
	}
	return record, err
}

// conflict is an error where it is not clear which profile is a stream's, and this one is among them.
func (f *ruling) conflict(name string) error {
	for _, id := range slices.Sorted(maps.Keys(f.streams)) {
		c := f.selectors.choose(f.streams[id])
		if err := c.conflict(); err != nil && (c.profile == name || slices.Contains(c.tied, name)) {
			return fmt.Errorf("stream %q: %w", id, err)
		}
	}
	return nil
}
