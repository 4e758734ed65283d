package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// otherRules are the profiles of a configuration file that is tried on what was recorded.
type otherRules struct {
	selectors selectors
	// rules of each profile, as they travel in a Setting.
	rules map[string]string
	// named are the profiles that streams name in the file, by stream, and now those that they name on the log now, for Settings that do not say.
	named, now map[string]string
}

// otherRules reads a file's profiles. A stream's own profile is as the file says, else as its Settings do, else as the log does now.
func (a *app) otherRules(ctx context.Context, path string) (*otherRules, error) {
	config, err := loadConfig(path)
	if err != nil {
		return nil, usage(err)
	}
	if len(config.Profiles) == 0 {
		return nil, usage(fmt.Errorf("--rules: %s has no profiles: that is where its rules would be", path))
	}
	o := &otherRules{rules: map[string]string{}, named: map[string]string{}, now: map[string]string{}}
	if o.selectors, _, err = config.selectors(); err != nil {
		return nil, usage(err)
	}
	for name := range config.Profiles {
		if o.rules[name], err = config.rules(name); err != nil {
			return nil, usage(err)
		}
	}
	if a.cluster != nil {
		streams, err := current(ctx, a.cluster, topology.Streams)
		if err != nil {
			return nil, err
		}
		for id, spec := range streams {
			o.now[id] = spec.Profile
		}
	}
	if config.Streams != nil {
		for _, s := range *config.Streams {
			o.named[s.ID] = s.Profile
		}
	}
	return o, nil
}

// change lays the file's rules onto a Setting. A profile that the file does not have stays as it was recorded.
func (o *otherRules) change(s *schemas.Setting) {
	if s.Removed {
		return
	}
	profile := o.profile(s)
	rules, has := o.rules[profile]
	switch {
	case has:
	case profile == s.Profile || profile != defaultProfile:
		return
	default:
		rules = "{}"
	}
	s.Profile, s.Rules = profile, rules
}

// profile is which profile a stream has by the file.
func (o *otherRules) profile(s *schemas.Setting) string {
	named, fixed := o.named[s.Stream]
	switch {
	case fixed:
	case s.Named != nil:
		named = *s.Named
	default:
		named = o.now[s.Stream]
	}
	c := o.selectors.choose(&schemas.StreamSpec{Labels: s.Labels, Profile: named})
	_, known := o.rules[s.Profile]
	switch {
	case c.named || len(c.by.matchers) > 0:
		return c.profile
	case !known || len(o.selectors[s.Profile].matchers) == 0:
		return s.Profile // the file knows nothing of it, or it applies by its name alone
	}
	return defaultProfile // what selected it does not do so any more
}

// changedLife is one line of what other rules change. Times are microseconds since the Unix epoch.
type changedLife struct {
	// Change is added, removed or moved.
	Change string       `json:"change"`
	Stream string       `json:"stream"`
	Kind   string       `json:"kind"`
	Part   string       `json:"part,omitempty"`
	Before *lifeInstant `json:"before"`
	After  *lifeInstant `json:"after"`
	// Verdict is what people say of the defect: confirmed, false_alarm, disputed; empty: nothing. An added one is confirmed where a fault was missed.
	Verdict string `json:"verdict,omitempty"`
}

// lifeInstant is when a defect was, and how bad.
type lifeInstant struct {
	Defect   string `json:"defect"`
	Onset    int64  `json:"onset"`
	End      int64  `json:"end"`
	Open     bool   `json:"open,omitempty"`
	Severity string `json:"severity"`
}

func newLifeInstant(l replay.Life) *lifeInstant {
	return &lifeInstant{Defect: l.ID, Onset: l.Onset.UnixMicro(), End: l.End.UnixMicro(), Open: l.Open, Severity: l.Severity}
}

// changedLives are the lines of a difference: what is added, removed, moved. before and after are what is said of the defects of either list.
func changedLives(d *replay.Difference, before, after map[string]string) (all []changedLife) {
	for _, l := range d.Added {
		all = append(all, changedLife{"added", l.Stream, l.Kind, l.Part, nil, newLifeInstant(l), after[l.ID]})
	}
	for _, l := range d.Removed {
		all = append(all, changedLife{"removed", l.Stream, l.Kind, l.Part, newLifeInstant(l), nil, before[l.ID]})
	}
	for _, m := range d.Moved {
		all = append(all, changedLife{"moved", m.Before.Stream, m.Before.Kind, m.Before.Part, newLifeInstant(m.Before), newLifeInstant(m.After), before[m.Before.ID]})
	}
	return all
}

// tryOthers tells what other rules and models would have told. Exit code 3 says that there is a difference.
func (x *replaying) tryOthers(ctx context.Context, w io.Writer, a *app, d replay.Detection, p *part) (folded replay.Folded, err error) {
	change, err := x.change(ctx, a)
	if err != nil {
		return folded, err
	}
	recorded, verdicts, err := a.recorded(ctx, &d, p)
	if err != nil {
		return folded, err
	}
	d.Change = change
	again, folded, err := replay.Redetect(ctx, d)
	if err != nil {
		return folded, err
	}
	difference := again.Compare(recorded, d.Range)
	return folded, tellDifference(w, difference, recorded, again.Lives, verdicts, d.Range, x.output)
}

// tellDifference writes how two lists of defects differ and what people say of it.
func tellDifference(w io.Writer, d *replay.Difference, before, after []replay.Life, verdicts []replay.Verdict, within replay.Range, output string) error {
	said := func(lives []replay.Life) map[string]string {
		return replay.Judge(lives, verdicts, within, verdictTolerance).Said
	}
	if err := writeDifference(w, d, changedLives(d, said(before), said(after)), within, output); err != nil {
		return err
	}
	if d.None() {
		return nil
	}
	return exitError{exitDefects, nil}
}

// recorded are the defects that were told of what a detection is about, and what people say of them: those on the log, up to when the live detector
// must have told of them; where there is no log, what the same rules tell again, and nothing is said.
func (a *app) recorded(ctx context.Context, d *replay.Detection, p *part) (lives []replay.Life, verdicts []replay.Verdict, err error) {
	if a.cluster == nil {
		same, _, err := replay.Redetect(ctx, *d)
		if err != nil {
			return nil, nil, err
		}
		return same.Lives, nil, nil
	}
	d.Past = nil // it is of the rules that were in force
	if latest := time.Now().Add(-replay.Settle()); d.Range.To.IsZero() || d.Range.To.After(latest) {
		d.Range.To = latest
	}
	if !d.Range.From.Before(d.Range.To) {
		return nil, nil, usage(fmt.Errorf("--from: %s is not before the end, %s: what began in the last %v the detector may not have told of yet",
			utc(d.Range.From), utc(d.Range.To), replay.Settle()))
	}
	filter := verdictFilter{Range: d.Range}
	if lives, err = a.lives(ctx, filter); err != nil {
		return nil, nil, err
	}
	sieve := replay.NewSieve(d.Selection, &topology.Defects.Spec, a.contract)
	lives = slices.DeleteFunc(lives, func(l replay.Life) bool {
		return !sieve.Chooses(l.Stream) || len(p.partitions) > 0 && !slices.Contains(p.partitions, l.Partition)
	})
	verdicts, err = a.verdicts(ctx, filter)
	return lives, verdicts, err
}

func writeDifference(w io.Writer, d *replay.Difference, changes []changedLife, within replay.Range, output string) error {
	if output == "json" {
		encoder := json.NewEncoder(w)
		for _, c := range changes {
			if err := encoder.Encode(c); err != nil {
				return err
			}
		}
		return encoder.Encode(map[string]any{"same": d.Same, "added": len(d.Added), "removed": len(d.Removed), "moved": len(d.Moved), "left_out": d.LeftOut,
			"from": given(within.From), "to": given(within.To)})
	}
	t := tables{w: w}
	t.line(fmt.Sprintf("Of the defects that began %s, %d would be the same, %d added, %d removed, %d moved.", spanWords(given(within.From), given(within.To)),
		d.Same, len(d.Added), len(d.Removed), len(d.Moved)))
	if d.LeftOut > 0 {
		t.line(fmt.Sprintf("%d more are left out: the features that they were told by were not on the log any more.", d.LeftOut))
	}
	if d.None() {
		return t.err
	}
	if line := judgedChanges(changes); line != "" {
		t.line(line)
	}
	var rows [][]string
	for _, c := range changes {
		rows = append(rows, []string{c.Change, printable(c.Stream), printable(c.Kind), printable(c.Part), c.Before.String(), c.After.String(), c.Verdict})
	}
	t.table([]string{"change", "stream", "kind", "part", "before", "after", "verdict"}, rows)
	return t.err
}

// judgedChanges sums up what people say of what is added and removed; empty: nothing.
func judgedChanges(changes []changedLife) string {
	counts, judged := map[string]int{}, false
	for _, c := range changes {
		counts[c.Change+c.Verdict]++
		judged = judged || c.Verdict != "" && c.Change != "moved"
	}
	if !judged {
		return ""
	}
	return fmt.Sprintf("By the verdicts: of the added %d are right and %d false alarms, of the removed %d were right and %d false alarms.",
		counts["added"+replay.Confirmed], counts["added"+replay.FalseAlarm], counts["removed"+replay.Confirmed], counts["removed"+replay.FalseAlarm])
}

// String is for people; of nil it is a dash.
func (l *lifeInstant) String() string {
	if l == nil {
		return "-"
	}
	lasted := figure(float64(l.End-l.Onset)/1e6, 1) + " s"
	if l.Open {
		lasted += " so far"
	}
	return fmt.Sprintf("%s, %s, %s", utc(time.UnixMicro(l.Onset)), lasted, printable(l.Severity))
}

// checkTry refuses flags that do not go together.
func checkTry(tries bool, output string, changed bool) error {
	switch {
	case !tries && changed:
		return usage(errors.New("--output: it is for --rules and --model; the events are printed as JSON, one a line"))
	case output != "json" && output != "table":
		return usage(fmt.Errorf("--output: %q is neither json nor table", output))
	}
	return nil
}
