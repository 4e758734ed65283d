package lab

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
)

// Report is what was injected against what was found.
type Report struct {
	// Found are the faults that were found, in order of injection.
	Found []Found
	// Waiting are faults too young to be judged, Missed those that were not found.
	Waiting, Missed []Injected
	// Unexpected are defects that nobody injected.
	Unexpected []Detected
}

// OK tells that there were faults, that every one that could be judged was found and told, and that nothing else was found.
func (r Report) OK() bool {
	for _, f := range r.Found {
		if f.Alerted.IsZero() {
			return false
		}
	}
	return len(r.Found)+len(r.Waiting) > 0 && len(r.Missed) == 0 && len(r.Unexpected) == 0
}

// Write prints the table for people. Times are seconds since start.
func (r Report) Write(w io.Writer, start time.Time) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "stream\tfault\tat\tonset error\tevent after\talert after\t")
	for _, f := range r.Found {
		alert := "no alert"
		if !f.Alerted.IsZero() {
			alert = seconds(f.AlertDelay())
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%+.2f s\t%s\t%s\t\n", f.Stream, f.Kind, seconds(f.Start.Sub(start)),
			f.OnsetError().Seconds(), seconds(f.EventDelay()), alert)
	}
	for _, in := range r.Missed {
		fmt.Fprintf(t, "%s\t%s\t%s\tMISSED\t\t\t\n", in.Stream, in.Kind, seconds(in.Start.Sub(start)))
	}
	for _, d := range r.Unexpected {
		fmt.Fprintf(t, "%s\t%s\t%s\tNOT INJECTED\t\t\t\n", d.Stream, d.Kind, seconds(d.Onset.Sub(start)))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%d injected, %d found, %d missed, %d not injected, %d too late to judge\n",
		len(r.Found)+len(r.Missed)+len(r.Waiting), len(r.Found), len(r.Missed), len(r.Unexpected), len(r.Waiting)); err != nil || len(r.Found) == 0 {
		return err
	}
	event, beyond := r.delays(Found.EventDelay)
	alert, _ := r.delays(Found.AlertDelay)
	_, err := fmt.Fprintf(w, "p50 and p99 from a fault's start: event after %s, which is %s beyond the rule's own for; alert after %s\n", event, beyond, alert)
	return err
}

// delays is the median and the 99th percentile of several.
type delays struct{ p50, p99 time.Duration }

// String prints both.
func (s delays) String() string {
	return fmt.Sprintf("%.2f s and %.2f s", s.p50.Seconds(), s.p99.Seconds())
}

func delaysOf(list []time.Duration) delays {
	if len(list) == 0 {
		return delays{}
	}
	slices.Sort(list)
	return delays{list[len(list)/2], list[len(list)*99/100]}
}

// delays are those of the faults that were found, and how much of each is more than the rule waits by default before it raises.
func (r Report) delays(of func(Found) time.Duration) (all, beyond delays) {
	var whole, rest []time.Duration
	for _, f := range r.Found {
		d := of(f)
		if d < 0 {
			continue
		}
		whole = append(whole, d)
		waits, err := rule.Catalogue.New(f.Kind, nil)
		if err == nil {
			d -= waits.Common().For
		}
		rest = append(rest, d)
	}
	return delaysOf(whole), delaysOf(rest)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
