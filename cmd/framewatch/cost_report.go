package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/replay/report"
)

// costIntroduction says what is compared.
const costIntroduction = "The other design cuts each second of each stream into pictures and a piece of sound, puts them into an object store, and has an orchestrator run functions on " +
	"them. It is built and measured by bench baseline next to ours, on the same streams with the same faults; this makes bills of both."

// costEdge says why there is another figure for the same thing.
const costEdge = "The CPU of ingest is that of all its processes, with publishing, on the demo's live clips in real time. docs/capacity.md works with another figure for the edge: one clip of " +
	"720p is decoded and measured there as fast as it goes, or the figure is given. Which is nearer depends on the pictures; the line of twice the CPU measured of ours tells what a dearer edge comes to."

// write prints the report for people, or as docs/cost.md.
func (r *costReport) write(w io.Writer, markdown bool) error {
	d := report.New("")
	if markdown {
		d.Heading("What it costs")
		d.Line("This page is what framewatch cost --output markdown prints; make cost measures anew and writes it.")
	}
	d.Line(costIntroduction)
	d.Line(fmt.Sprintf("%d streams; the other design stores %s. Prices: %s.", r.Streams, rateName(r.Rate), r.About))
	r.bills(d)
	r.wallRows(d)
	r.sensitivityRows(d)
	r.measuredRows(d)
	r.inputRows(d)
	if markdown {
		return d.Markdown(w, nil)
	}
	return d.Text(w)
}

// rateName says how many pictures are stored.
func rateName(rate int) string {
	switch rate {
	case 1:
		return "one picture a second"
	case lab.FrameRate:
		return "every picture"
	}
	return fmt.Sprintf("%d pictures a second", rate)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func (r *costReport) bills(d *report.Document) {
	d.Heading("A month")
	var rows [][]string
	line := func(name string, of func(bill) float64) {
		rows = append(rows, []string{name, fmt.Sprintf("%.0f", of(r.Old)), fmt.Sprintf("%.0f", of(r.Express)), fmt.Sprintf("%.0f", of(r.Ours))})
	}
	line("machines", func(b bill) float64 { return b.Compute })
	line("functions", func(b bill) float64 { return b.Functions })
	line("orchestration", func(b bill) float64 { return b.Orchestration })
	line("requests to the object store", func(b bill) float64 { return b.ObjectRequests })
	line("objects stored", func(b bill) float64 { return b.ObjectStorage })
	line("log: brokers and disks", func(b bill) float64 { return b.Log })
	line("transfer", func(b bill) float64 { return b.Transfer })
	line("notifications", func(b bill) float64 { return b.Notifications })
	line("sum", bill.total)
	rows = append(rows, []string{"per stream and hour", fmt.Sprintf("%.5f", r.OldStreamHour), fmt.Sprintf("%.5f", r.ExpressStreamHour), fmt.Sprintf("%.5f", r.OursStreamHour)},
		[]string{"saved by ours", percent(r.Saving), percent(r.SavingExpress), ""})
	d.Table([]string{r.Currency, "other design, Standard", "other design, Express", "ours"}, rows)
	d.Line("Standard Workflows are charged by state transition, as in the story; Express Workflows, a sensitivity, by execution and time, and have no quota of transitions " +
		"but keep no durable history and may run a step twice.")
}

func (r *costReport) wallRows(d *report.Document) {
	d.Heading("The wall")
	if len(r.Walls) == 0 {
		d.Line("There are no quotas in this set of prices.")
		return
	}
	var rows [][]string
	for _, w := range r.Walls {
		rows = append(rows, []string{w.Name, fmt.Sprintf("%.0f", w.Quota), fmt.Sprintf("%.0f", w.Streams), percent(w.Share)})
	}
	d.Table([]string{"quota of an account", "is", "streams", fmt.Sprintf("of %d", r.Streams)}, rows)
	d.Line(fmt.Sprintf("Each second of a stream is %.4f transitions and %.2f requests to the object store. Quotas can be raised on request.",
		r.TransitionsPerStreamSecond, r.RequestsPerStreamSecond))
}

func (r *costReport) sensitivityRows(d *report.Document) {
	d.Heading("What it hangs on")
	var rows [][]string
	for _, s := range r.Sensitivities {
		rows = append(rows, []string{s.What, fmt.Sprintf("%.0f", s.Old), fmt.Sprintf("%.0f", s.Express), fmt.Sprintf("%.0f", s.Ours), percent(s.Saving), percent(s.SavingExpress)})
	}
	d.Table([]string{"", "Standard", "Express", "ours", "saved", "saved over Express"}, rows)
	b := r.BreakEven
	if b.EverySeconds != nil {
		d.Line(fmt.Sprintf("The other design would cost as much as ours if it looked at one second in %.3g with Standard, or in %.3g with Express Workflows, its converters running on.",
			*b.EverySeconds, *b.ExpressEverySeconds))
	}
	if b.TransitionPrice == nil {
		d.Line("There is no price of a transition at which both cost the same: the rest of the other design is dearer than ours even if its orchestration were free.")
		return
	}
	text := fmt.Sprintf("Break-even: the other design would cost as much as ours at %.3g %s a transition, or %.3g %[2]s an execution of Express", *b.TransitionPrice, r.Currency, *b.ExpressRequestPrice)
	if b.Transitions != nil {
		text += fmt.Sprintf("; at today's price with %.3f transitions per stream and second", *b.Transitions)
	}
	d.Line(text + ".")
}

func (r *costReport) measuredRows(d *report.Document) {
	d.Heading("Measured")
	m := r.Measured
	d.Line(fmt.Sprintf("By bench baseline on %s (%s): %d streams for %.0f s. Per stream and second:", m.Measured, m.Machine, m.Streams, m.Seconds))
	rows := [][]string{}
	row := func(name, format string, old, ours float64) {
		rows = append(rows, []string{name, fmt.Sprintf(format, old), fmt.Sprintf(format, ours)})
	}
	row("state transitions, those of the injected faults included", "%.2f", m.Old.Transitions, m.Ours.Transitions)
	row("PUT", "%.2f", m.Old.Puts, m.Ours.Puts)
	row("GET", "%.2f", m.Old.Gets, m.Ours.Gets)
	row("bytes stored as objects", "%.0f", m.Old.StoredBytes, m.Ours.StoredBytes)
	row("bytes on the log, one copy", "%.0f", m.Old.LogBytes, m.Ours.LogBytes)
	row("bytes moved behind the edge", "%.0f", m.Old.MovedBytes, m.Ours.MovedBytes)
	row("share of all pictures analysed", "%.3f", float64(m.Rate)/lab.FrameRate, m.Ours.Analysed)
	row("memory of a decoding process, MiB", "%.0f", m.Old.WorkerMemory, m.Ours.WorkerMemory)
	for _, stage := range slices.Sorted(maps.Keys(m.Old.CPU)) {
		rows = append(rows, []string{"CPU seconds: " + stage, fmt.Sprintf("%.4f", m.Old.CPU[stage]), ""})
	}
	for _, stage := range slices.Sorted(maps.Keys(m.Ours.CPU)) {
		rows = append(rows, []string{"CPU seconds: " + stage, "", fmt.Sprintf("%.4f", m.Ours.CPU[stage])})
	}
	d.Table([]string{"", "other design", "ours"}, rows)
	d.Table([]string{"faults", "", "injected", "found", "missed", "not injected", "onset error", "event after", "alert after"},
		append(foundRows("other design", m.OldFound), foundRows("ours", m.OursFound)...))
	d.Line(costEdge)
	d.Line(strings.ReplaceAll(strings.ReplaceAll(baselineNotes, "\n", " "), "`", ""))
}

func (r *costReport) inputRows(d *report.Document) {
	d.Heading("Assumed")
	var rows [][]string
	for _, key := range r.order.assumed {
		rows = append(rows, []string{key, plain(*r.Assumed[key].Value), r.Assumed[key].Why})
	}
	d.Table([]string{"", "is", "why"}, append(rows, []string{"duration of a function", "its CPU", "at least that is charged: waiting for objects is not counted, in favour of the other design"},
		[]string{"duration of an Express execution", "as that", "in whole tenths of a second, in favour of the other design"},
		[]string{"CPU of a broker", "as measured", "each copy takes what the one copy of the embedded broker takes, which stands in for Kafka's; what a broker takes at rest is divided by the few streams measured"}))
	d.Heading("Prices and quotas")
	rows = nil
	add := func(name string, f price) {
		rows = append(rows, []string{name, plain(*f.Value), f.Source, f.AsOf, map[bool]string{true: "yes", false: "no"}[f.Checked]})
	}
	for _, key := range r.order.prices {
		add(key, r.Prices[key])
	}
	for _, q := range r.quotas {
		add(q.Name, q.price)
	}
	d.Table([]string{r.Currency, "is", "source", "as of", "looked up"}, rows)
}

// plain is a figure as people write it.
func plain(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }
