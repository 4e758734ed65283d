package lab

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Report is what was injected against what was found.
type Report struct {
	// Matches are the faults that were found, in order of injection.
	Matches []Match
	// Waiting are faults too young to be judged, Missed those that were not found.
	Waiting, Missed []Injected
	// Unexpected are defects that nobody injected.
	Unexpected []Detected
}

// OK tells that every fault that could be judged was found and told, and that nothing else was found.
func (r Report) OK() bool {
	for _, m := range r.Matches {
		if m.Alerted.IsZero() {
			return false
		}
	}
	return len(r.Missed) == 0 && len(r.Unexpected) == 0
}

// Write prints the table for people. Times are seconds since start.
func (r Report) Write(w io.Writer, start time.Time) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "stream\tfault\tat\tonset error\tevent after\talert after\t")
	for _, m := range r.Matches {
		alert := "no alert"
		if !m.Alerted.IsZero() {
			alert = seconds(m.AlertDelay())
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%+.2f s\t%s\t%s\t\n", m.Injected.Stream, m.Injected.Kind, seconds(m.Start.Sub(start)),
			m.OnsetError().Seconds(), seconds(m.EventDelay()), alert)
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
	_, err := fmt.Fprintf(w, "%d injected, %d found, %d missed, %d not injected, %d too late to judge\n",
		len(r.Matches)+len(r.Missed)+len(r.Waiting), len(r.Matches), len(r.Missed), len(r.Unexpected), len(r.Waiting))
	return err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
