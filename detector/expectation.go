package detector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/internal/clocks"
)

// Expectations are what is known of one stream beforehand: what would be a defect of another and is none of it, and what it must have.
// While one of them covers a kind, that kind is neither bad nor good but unknown; what is open of it closes with reason expected.
type Expectations struct {
	// AdBreaks are those that SCTE-35 tells of; nil: nothing is expected of them.
	AdBreaks *AdBreaks `yaml:"ad_breaks,omitempty"`
	// Planned are times at which something is expected: slates, maintenance, off air.
	Planned []Planned `yaml:"planned,omitempty"`
	// SilentTracks are the indices of audio tracks that are silent by design.
	SilentTracks []int `yaml:"silent_tracks,omitempty"`
	rule.Wanted  `yaml:",inline"`
}

// AdBreaks are what is expected while the stream is out of network, as its SCTE-35 cues say.
type AdBreaks struct {
	// Kinds of defects that are none then; empty: black, silence, av_offset and content_mismatch, with what these explain.
	Kinds []string `yaml:"kinds,omitempty"`
	// PreRoll is how long before the break it begins to be expected, where the cue tells so early, and PostRoll how long after it; at most 10 s each.
	// Nothing: 1 s and 2 s.
	PreRoll  *time.Duration `yaml:"pre_roll,omitempty"`
	PostRoll *time.Duration `yaml:"post_roll,omitempty"`
}

// Planned is something that is expected at some times.
type Planned struct {
	// Kinds of defects that are none then; all stands for all but no_monitor.
	Kinds []string `yaml:"kinds"`
	// From and To are instants, RFC 3339; From belongs to it.
	From *time.Time `yaml:"from,omitempty"`
	To   *time.Time `yaml:"to,omitempty"`
	// Weekly is in place of From and To.
	Weekly *Weekly `yaml:"weekly,omitempty"`
}

// Weekly is a time that comes back every week, by the clocks of its zone: an hour longer when they go back within it, and none at all where they are put
// forward over all of it.
type Weekly struct {
	// Days on which it begins: mon, tue, wed, thu, fri, sat, sun; empty: all.
	Days []string `yaml:"days,omitempty"`
	// From and To are times of the day, hh:mm. When To is not later, it is that of the next day.
	From string `yaml:"from"`
	To   string `yaml:"to"`
	// Zone is the name of a time zone, e.g. Europe/Berlin; empty: UTC.
	Zone string `yaml:"zone,omitempty"`
}

const (
	// allKinds stands for all kinds but no_monitor.
	allKinds = "all"
	// maxRoll bounds AdBreaks.PreRoll and PostRoll: less than a rule may remember.
	maxRoll = 10 * time.Second
	// maxPlanned bounds Planned, maxSilent SilentTracks.
	maxPlanned, maxSilent = 100, 64
)

var (
	breakKinds = []string{"black", "silence", "av_offset", "content_mismatch"}
	// silentKinds are defects of sound that silence by design would have.
	silentKinds = []string{"silence", "audio_dropout", "loudness"}
	weekdays    = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

// ParseExpectations reads what a StreamSpec or Setting holds, YAML or JSON; an empty text is nothing.
func ParseExpectations(text string) (Expectations, error) {
	var e Expectations
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&e); err != nil && !errors.Is(err, io.EOF) {
		return e, fmt.Errorf("expectations: %w", catalogue.Explain(err, &e))
	}
	if err := e.Validate(); err != nil {
		return e, fmt.Errorf("expectations: %w", err)
	}
	return e, nil
}

// Text is the expectations as JSON, empty when there are none. The same ones have the same text.
func (e Expectations) Text() (string, error) {
	text, err := yaml.Marshal(e)
	if err != nil {
		return "", err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil || len(tree) == 0 {
		return "", err
	}
	text, err = json.Marshal(tree)
	return string(text), err
}

// Validate tells what is wrong with them.
func (e Expectations) Validate() error {
	if e.AdBreaks != nil {
		if err := e.AdBreaks.validate(); err != nil {
			return fmt.Errorf("ad_breaks: %w", err)
		}
	}
	if len(e.Planned) > maxPlanned {
		return fmt.Errorf("planned: %d are more than %d", len(e.Planned), maxPlanned)
	}
	for i, p := range e.Planned {
		if err := p.validate(); err != nil {
			return fmt.Errorf("planned[%d]: %w", i, err)
		}
	}
	if len(e.SilentTracks) > maxSilent || slices.ContainsFunc(e.SilentTracks, func(track int) bool { return track < 0 }) {
		return fmt.Errorf("silent_tracks: %v are not up to %d indices from 0", e.SilentTracks, maxSilent)
	}
	return e.Wanted.Validate()
}

func (b AdBreaks) validate() error {
	if err := knownKinds(b.Kinds); err != nil {
		return err
	}
	for name, roll := range map[string]*time.Duration{"pre_roll": b.PreRoll, "post_roll": b.PostRoll} {
		if roll != nil && (*roll < 0 || *roll > maxRoll) {
			return fmt.Errorf("%s %v is not within 0s and %v", name, *roll, maxRoll)
		}
	}
	return nil
}

func (p Planned) validate() error {
	switch {
	case len(p.Kinds) == 0:
		return fmt.Errorf("kinds is missing: name the kinds that are expected then, or %s", allKinds)
	case p.Weekly != nil && (p.From != nil || p.To != nil):
		return errors.New("it has both weekly and from or to: write two entries")
	case p.Weekly == nil && (p.From == nil || p.To == nil):
		return errors.New("it has neither weekly nor both from and to")
	case p.Weekly == nil && !p.From.Before(*p.To):
		return fmt.Errorf("from %s is not before to %s", p.From.Format(time.RFC3339), p.To.Format(time.RFC3339))
	}
	if p.Weekly != nil {
		if _, err := p.Weekly.around(time.Unix(0, 0)); err != nil {
			return fmt.Errorf("weekly: %w", err)
		}
	}
	if slices.Equal(p.Kinds, []string{allKinds}) {
		return nil
	}
	return knownKinds(p.Kinds)
}

func knownKinds(kinds []string) error {
	known := rule.Catalogue.Names()
	for _, kind := range kinds {
		if !slices.Contains(known, kind) {
			return fmt.Errorf("kinds: %q is unknown%s", kind, catalogue.Suggest(kind, known))
		}
	}
	return nil
}

// At is e with each time of the week as instants, from the day before now to the day after it: what a Setting holds.
func (e Expectations) At(now time.Time) (Expectations, error) {
	var planned []Planned
	for _, p := range e.Planned {
		if p.Weekly == nil {
			planned = append(planned, p)
			continue
		}
		times, err := p.Weekly.around(now)
		if err != nil {
			return e, err
		}
		for _, t := range times {
			planned = append(planned, Planned{Kinds: p.Kinds, From: &t[0], To: &t[1]})
		}
	}
	e.Planned = planned
	return e, nil
}

// around are the times that begin on the day before now, on that of now and on the next, in UTC.
func (w Weekly) around(now time.Time) ([][2]time.Time, error) {
	for _, day := range w.Days {
		if !slices.Contains(weekdays, strings.ToLower(day)) {
			return nil, fmt.Errorf("days: %q is unknown%s", day, catalogue.Suggest(day, weekdays))
		}
	}
	from, err := time.Parse("15:04", w.From)
	if err != nil {
		return nil, fmt.Errorf("from: %q is no time of the day such as 02:30", w.From)
	}
	to, err := time.Parse("15:04", w.To)
	if err != nil {
		return nil, fmt.Errorf("to: %q is no time of the day such as 02:30", w.To)
	}
	zone, err := time.LoadLocation(w.Zone)
	if err != nil {
		return nil, fmt.Errorf("zone: %q is no time zone such as Europe/Berlin", w.Zone)
	}
	var times [][2]time.Time
	year, month, day := now.In(zone).Date()
	for d := day - 1; d <= day+1; d++ {
		date := time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
		if len(w.Days) > 0 && !slices.ContainsFunc(w.Days, func(day string) bool { return strings.EqualFold(day, weekdays[date.Weekday()]) }) {
			continue
		}
		last := date
		if !to.After(from) {
			last = date.AddDate(0, 0, 1)
		}
		begin, end := clocks.Begin(onDay(date, from), zone), clocks.End(onDay(last, to), zone)
		if begin.Before(end) {
			times = append(times, [2]time.Time{begin, end})
		}
	}
	return times, nil
}

// onDay is a time of the day on a date, as clocks show it. What clocks show is kept as if it were of UTC.
func onDay(date, clock time.Time) time.Time {
	return time.Date(date.Year(), date.Month(), date.Day(), clock.Hour(), clock.Minute(), 0, 0, time.UTC)
}
