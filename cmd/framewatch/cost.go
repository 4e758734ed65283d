package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/internal/lab"
)

// costOptions are the command's flags.
type costOptions struct {
	streams  int
	prices   string
	set      string
	measured string
	rate     string
	output   string
}

const mostCostStreams = 10_000_000

func costCommand() *cobra.Command {
	var o costOptions
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "A month's bill of Framewatch, next to the design of an object store, an orchestrator and functions",
		Long: "A month's bill of Framewatch, next to the design of an object store, an orchestrator and functions (`bench baseline` builds it), where the\n" +
			"orchestrator's quotas stop that design, and what the result hangs on. What the designs take is measured, prices and quotas are dated inputs\n" +
			"with their sources in a file, and so is what is assumed.",
		Args: noArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if !slices.Contains([]string{"table", "json", "markdown"}, o.output) {
				return usage(fmt.Errorf("--output: %q is none of table, json and markdown", o.output))
			}
			if o.streams < 1 || o.streams > mostCostStreams {
				return usage(fmt.Errorf("--streams is from 1 to %d", mostCostStreams))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := o.report()
			if err != nil {
				return usage(err)
			}
			if o.output == "json" {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(report)
			}
			return report.write(cmd.OutOrStdout(), o.output == "markdown")
		},
	}
	cmd.Flags().IntVar(&o.streams, "streams", 5000, "number of streams")
	cmd.Flags().StringVar(&o.prices, "region-prices", "deploy/prices.yaml", "file of prices, quotas and assumptions")
	cmd.Flags().StringVar(&o.set, "prices-of", "", "which set of the file (default: the one it names)")
	cmd.Flags().StringVar(&o.measured, "measured", "deploy/measured.ndjson", "file of results of `bench baseline --output json`, one a line: one for each rate")
	cmd.Flags().StringVar(&o.rate, "rate", "1", rateDoc)
	cmd.Flags().StringVarP(&o.output, "output", "o", "table", "table, json or markdown")
	return cmd
}

// costReport is what the command tells.
type costReport struct {
	Streams  int    `json:"streams"`
	Rate     int    `json:"pictures_per_second"`
	Set      string `json:"prices_of"`
	About    string `json:"about"`
	Currency string `json:"currency"`
	// The bills of a month, with Standard and with Express Workflows, and ours; and each per stream and hour.
	Old               bill    `json:"old"`
	Express           bill    `json:"old_express"`
	Ours              bill    `json:"ours"`
	OldStreamHour     float64 `json:"old_per_stream_hour"`
	ExpressStreamHour float64 `json:"old_express_per_stream_hour"`
	OursStreamHour    float64 `json:"ours_per_stream_hour"`
	// Saving is the share of the other design's bill that ours leaves out.
	Saving        float64 `json:"saving"`
	SavingExpress float64 `json:"saving_express"`
	// As billed: without the faults that the bench injects.
	TransitionsPerStreamSecond float64 `json:"transitions_per_stream_second"`
	RequestsPerStreamSecond    float64 `json:"requests_per_stream_second"`

	Walls         []wall        `json:"walls"`
	BreakEven     breakEven     `json:"break_even"`
	Sensitivities []sensitivity `json:"sensitivity"`

	Measured baselineBench         `json:"measured"`
	Assumed  map[string]assumption `json:"assumed"`
	Prices   map[string]price      `json:"prices"`
	quotas   []quota
	order    struct{ prices, assumed []string }
}

// report reads the inputs and does the arithmetic.
func (o costOptions) report() (*costReport, error) {
	rate, err := pictureRate(o.rate)
	if err != nil {
		return nil, err
	}
	file, name, err := readPrices(o.prices, o.set)
	if err != nil {
		return nil, fmt.Errorf("--region-prices: %w", err)
	}
	runs, err := readMeasured(o.measured)
	if err != nil {
		return nil, fmt.Errorf("--measured: %w", err)
	}
	i := slices.IndexFunc(runs, func(r baselineBench) bool { return r.Rate == rate })
	if i < 0 {
		return nil, fmt.Errorf("--measured: %s has no result at the rate %s: bench baseline --rate %s --output json >> %[1]s", o.measured, o.rate, o.rate)
	}
	r := &costReport{Streams: o.streams, Rate: rate, Set: name, About: file.Sets[name].About, Currency: file.Sets[name].Currency, Measured: runs[i],
		Assumed: map[string]assumption{}, Prices: map[string]price{}, quotas: file.Sets[name].Walls}
	c := costing{streams: float64(o.streams), measured: runs[i], prices: map[string]float64{}, assumed: map[string]float64{}, oldCPU: 1}
	eachFigure(file.Sets[name].Prices, func(key string, v reflect.Value) error {
		r.Prices[key] = v.Interface().(price)
		c.prices[key] = *r.Prices[key].Value
		r.order.prices = append(r.order.prices, key)
		return nil
	})
	eachFigure(file.Assumed, func(key string, v reflect.Value) error {
		r.Assumed[key] = v.Interface().(assumption)
		c.assumed[key] = *r.Assumed[key].Value
		r.order.assumed = append(r.order.assumed, key)
		return nil
	})
	r.fill(c, slices.Delete(slices.Clone(runs), i, i+1))
	return r, nil
}

// fill does the arithmetic; others are results at other rates.
func (r *costReport) fill(c costing, others []baselineBench) {
	hours := c.streams * c.assumed["hours_per_month"]
	r.Old, r.Express, r.Ours = c.old(), c.express(), c.ours()
	r.OldStreamHour, r.ExpressStreamHour, r.OursStreamHour = r.Old.total()/hours, r.Express.total()/hours, r.Ours.total()/hours
	r.Saving, r.SavingExpress = saving(r.Old, r.Ours), saving(r.Express, r.Ours)
	r.TransitionsPerStreamSecond, r.RequestsPerStreamSecond = c.transitions(), c.measured.Old.Puts+c.measured.Old.Gets
	r.Walls, r.BreakEven, r.Sensitivities = c.walls(r.quotas), c.breakEven(), c.sensitivities(others)
}

// largestMeasuredFile bounds what is read, bytes.
const largestMeasuredFile = 1 << 20

// readMeasured reads results of bench baseline; of several at one rate the last counts.
func readMeasured(file string) (runs []baselineBench, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoder := json.NewDecoder(io.LimitReader(f, largestMeasuredFile))
	for {
		var r baselineBench
		if err := decoder.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := r.usable(); err != nil {
			return nil, fmt.Errorf("%s: result %d: %w", file, len(runs)+1, err)
		}
		runs = append(slices.DeleteFunc(runs, func(other baselineBench) bool { return other.Rate == r.Rate }), r)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s has no result", file)
	}
	return runs, nil
}

// leastAnalysed is the least share of the pictures that ours must have analysed.
const leastAnalysed = 0.98

// errOtherBench says what a file of another command's results lacks.
var errOtherBench = errors.New("it is no result of bench baseline, which alone measures both designs from decoding on; bench scale, of which docs/capacity.json is a result, simulates the edge and has no other " +
	"design. Make one: framewatch bench baseline --rate 1 --output json > measured.ndjson")

// usable tells what is missing for a bill: nothing is taken for 0 because it was not measured.
func (r baselineBench) usable() error {
	if reflect.ValueOf(r.Old).IsZero() && reflect.ValueOf(r.Ours).IsZero() {
		return errOtherBench
	}
	needed := map[string]float64{"streams": float64(r.Streams), "seconds": r.Seconds, "old.transitions": r.Old.Transitions, "old.execution_seconds": r.Old.Execution, "old.puts": r.Old.Puts, "old.gets": r.Old.Gets,
		"old.stored_bytes": r.Old.StoredBytes, "old.moved_bytes": r.Old.MovedBytes, "old.worker_memory_mib": r.Old.WorkerMemory,
		"ours.log_bytes": r.Ours.LogBytes, "ours.worker_memory_mib": r.Ours.WorkerMemory, "pictures_per_second": float64(r.Rate)}
	for _, step := range []lab.Step{lab.StepConvert, lab.StepVideo, lab.StepAudio, lab.StepAggregate} {
		needed["old.cpu_seconds."+string(step)] = r.Old.CPU[string(step)]
	}
	for _, target := range []string{brokerTarget, "ingest", "detector", "notifier"} {
		needed["ours.cpu_seconds."+target] = r.Ours.CPU[target]
	}
	var missing []string
	for key, value := range needed {
		if !(value > 0) {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 && !(r.calmTransitions() > 0) {
		return fmt.Errorf("old.notifications are %d, but of old.transitions there are fewer", r.Old.Notifications)
	}
	if r.Ours.Analysed < leastAnalysed && len(missing) == 0 {
		return fmt.Errorf("ours analysed only %s of the pictures, so its CPU says too little: measure on a machine that is less busy", percent(r.Ours.Analysed))
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return fmt.Errorf("%s is not above 0: is it a result of bench baseline?", strings.Join(missing, ", "))
	}
	return nil
}
