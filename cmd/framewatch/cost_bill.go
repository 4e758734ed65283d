package main

import (
	"math"
	"strings"

	"github.com/framewatch/framewatch/internal/lab"
)

// bill is what a design costs in a month.
type bill struct {
	// Compute is machines; of ours with the broker's under Log.
	Compute        float64 `json:"compute"`
	Functions      float64 `json:"functions"`
	Orchestration  float64 `json:"orchestration"`
	ObjectRequests float64 `json:"object_requests"`
	ObjectStorage  float64 `json:"object_storage"`
	Log            float64 `json:"log"`
	Transfer       float64 `json:"transfer"`
	Notifications  float64 `json:"notifications"`
}

func (b bill) total() float64 {
	return b.Compute + b.Functions + b.Orchestration + b.ObjectRequests + b.ObjectStorage + b.Log + b.Transfer + b.Notifications
}

// costing is all that a bill is made of. It is a value: a sensitivity is a copy with something changed.
type costing struct {
	streams  float64
	measured baselineBench
	prices   map[string]float64
	assumed  map[string]float64
	// oldCPU scales the CPU that was measured of the other design.
	oldCPU float64
}

const (
	gibibyte = 1 << 30
	mebibyte = 1 << 20
)

// month is the stream-seconds of a month.
func (c costing) month() float64 { return c.streams * c.assumed["hours_per_month"] * 3600 }

// functionSteps are the steps that are functions; the converter is a service on machines.
var functionSteps = []lab.Step{lab.StepVideo, lab.StepAudio, lab.StepAggregate, lab.StepNotify}

// functionSeconds are vCPU-seconds of functions per stream and second: at least what they are there for.
func (c costing) functionSeconds() (sum float64) {
	for _, step := range functionSteps {
		sum += c.measured.Old.CPU[string(step)]
	}
	return sum * c.oldCPU
}

// defects per stream and second.
func (c costing) defects() float64 { return c.assumed["defects_per_stream_day"] / (24 * 3600) }

// transitions per stream and second: those of each second as measured, without those of the faults that the bench injects, and those of the assumed defects.
func (c costing) transitions() float64 { return c.measured.calmTransitions() + c.defects() }

// calmTransitions are those of the other design per stream and second without those that tell of a defect, each of which is one.
func (r baselineBench) calmTransitions() float64 {
	return r.Old.Transitions - float64(r.Old.Notifications)/(r.Seconds*float64(r.Streams))
}

// machines that carry so many vCPU-seconds per stream and second, and so many MiB per stream; whole ones.
func (c costing) machines(cpu, memory float64) float64 {
	byCPU := c.streams * cpu / (c.prices["machine_vcpus"] * c.assumed["utilisation"])
	byMemory := c.streams * memory / (c.prices["machine_memory_gib"] * 1024 * c.assumed["memory_share"])
	return math.Ceil(max(byCPU, byMemory))
}

// old is the other design's bill with Standard Workflows.
func (c costing) old() bill {
	m, s := c.measured.Old, c.month()
	convert := m.CPU[string(lab.StepConvert)] * c.oldCPU
	invocations := float64(len(functionSteps)-1) + c.defects()
	stored := m.StoredBytes * c.streams * c.assumed["object_retention_hours"] * 3600 / gibibyte
	return bill{
		Compute:        c.machines(convert, m.WorkerMemory) * c.prices["machine_hour"] * c.assumed["hours_per_month"],
		Functions:      s * (c.functionSeconds()*c.prices["function_gb_per_vcpu"]*c.prices["function_gb_second"] + invocations*c.prices["function_request"]),
		Orchestration:  s * c.transitions() * c.prices["transition"],
		ObjectRequests: s * (m.Puts*c.prices["object_put"] + m.Gets*c.prices["object_get"]),
		ObjectStorage:  stored * c.prices["object_gb_month"],
		Transfer:       s * m.MovedBytes / gibibyte * c.prices["object_transfer_gb"],
		Notifications:  s * c.defects() * c.prices["notification"],
	}
}

// expressSeconds is what an execution of a second of a stream is charged: the CPU of its functions, one after the other, in whole tenths of a second.
func (c costing) expressSeconds() float64 { return max(0.1, math.Ceil(c.functionSeconds()*10)/10) }

// express is the other design's bill with Express Workflows, an execution for each second of a stream.
func (c costing) express() bill {
	b := c.old()
	b.Orchestration = c.month() * (c.prices["express_request"] + c.expressSeconds()*c.assumed["express_gb"]*c.prices["express_gb_second"])
	return b
}

// ours is our bill.
func (c costing) ours() bill {
	m, s := c.measured.Ours, c.month()
	cpu := m.CPU["ingest"] + m.CPU["detector"] + m.CPU["notifier"]
	machines := c.machines(cpu, m.WorkerMemory) + c.assumed["spare_machines"]
	copies := c.assumed["log_replication"]
	written := m.LogBytes * c.streams // bytes a second
	byBytes := written * copies / (c.assumed["broker_mb_per_second"] * 1e6)
	byCPU := c.streams * m.CPU[brokerTarget] * copies / (c.prices["broker_vcpus"] * c.assumed["utilisation"])
	brokers := max(c.assumed["broker_least"], math.Ceil(max(byBytes, byCPU)))
	disk := written * copies * c.assumed["log_retention_hours"] * 3600 / c.assumed["log_fill"] / gibibyte
	evidence := c.assumed["evidence_mb_per_defect"] * mebibyte * c.streams * c.assumed["defects_per_stream_day"] * c.assumed["evidence_retention_days"] / gibibyte
	const objectsPerDefect, toldPerDefect = 2, 2
	return bill{
		Compute:        machines * c.prices["machine_hour"] * c.assumed["hours_per_month"],
		ObjectRequests: s * c.defects() * objectsPerDefect * (c.prices["object_put"] + c.prices["object_get"]),
		ObjectStorage:  evidence * c.prices["object_gb_month"],
		Log:            brokers*c.prices["broker_hour"]*c.assumed["hours_per_month"] + disk*c.prices["disk_gb_month"],
		Transfer:       s * m.LogBytes / gibibyte * c.assumed["cross_zone_crossings"] * c.prices["cross_zone_gb"],
		Notifications:  s * c.defects() * toldPerDefect * c.prices["notification"],
	}
}

// saving is the share of before that after leaves out.
func saving(before, after bill) float64 { return 1 - after.total()/before.total() }

// quotaOf is what one stream needs of each thing that a quota can be of, a second or at once.
var quotaOf = map[string]func(costing) float64{
	"transitions":        costing.transitions,
	"executions":         func(costing) float64 { return 1 },
	"executions_at_once": func(c costing) float64 { return c.measured.Old.Execution }, // one begins each second
	"function_seconds":   costing.functionSeconds,
}

// wall is how many streams a quota lets through.
type wall struct {
	Name    string  `json:"name"`
	Quota   float64 `json:"quota"`
	Streams float64 `json:"streams"`
	// Share of the streams that are wanted; above 1 it does not stop them.
	Share float64 `json:"share"`
}

func (c costing) walls(quotas []quota) []wall {
	walls := []wall{}
	for _, q := range quotas {
		streams := math.Floor(*q.Value / quotaOf[q.Of](c))
		walls = append(walls, wall{q.Name, *q.Value, streams, streams / c.streams})
	}
	return walls
}

// breakEven is what would have to be for the other design to cost as much as ours, all else as it is; nil: it is dearer even with none.
type breakEven struct {
	// TransitionPrice of one transition, Transitions per stream and second at the price that there is.
	TransitionPrice *float64 `json:"transition_price"`
	Transitions     *float64 `json:"transitions_per_stream_second"`
	// ExpressRequestPrice of one execution, its duration included.
	ExpressRequestPrice *float64 `json:"express_execution_price"`
	// EverySeconds is how seldom the other design would have to look at a second of a stream, with Standard and with Express Workflows, its converters
	// running on; nil: those alone are dearer.
	EverySeconds        *float64 `json:"every_seconds"`
	ExpressEverySeconds *float64 `json:"express_every_seconds"`
}

func (c costing) breakEven() (b breakEven) {
	rest, express, ours := c.old(), c.express(), c.ours().total()
	if left := ours - rest.Compute; left > 0 {
		standard, quick := (rest.total()-rest.Compute)/left, (express.total()-express.Compute)/left
		b.EverySeconds, b.ExpressEverySeconds = &standard, &quick
	}
	rest.Orchestration = 0
	left := ours - rest.total()
	if left < 0 {
		return b
	}
	price, request := left/(c.month()*c.transitions()), left/c.month()
	b.TransitionPrice, b.ExpressRequestPrice = &price, &request
	if c.prices["transition"] > 0 {
		transitions := left / (c.month() * c.prices["transition"])
		b.Transitions = &transitions
	}
	return b
}

// sensitivity is what becomes of the bills when something is otherwise.
type sensitivity struct {
	What    string  `json:"what"`
	Old     float64 `json:"old"`
	Express float64 `json:"express"`
	Ours    float64 `json:"ours"`
	// Saving over Standard, SavingExpress over Express Workflows.
	Saving        float64 `json:"saving"`
	SavingExpress float64 `json:"saving_express"`
}

func (c costing) sensitivity(what string) sensitivity {
	old, express, ours := c.old(), c.express(), c.ours()
	return sensitivity{what, old.total(), express.total(), ours.total(), saving(old, ours), saving(express, ours)}
}

// with is a copy with some figures of one of the two tables changed.
func with(table map[string]float64, change func(map[string]float64)) map[string]float64 {
	changed := make(map[string]float64, len(table))
	for key, value := range table {
		changed[key] = value
	}
	change(changed)
	return changed
}

// sensitivities change one thing at a time. others are measurements at other rates.
func (c costing) sensitivities(others []baselineBench) []sensitivity {
	vary := func(what string, change func(*costing)) sensitivity {
		v := c
		change(&v)
		return v.sensitivity(what)
	}
	all := []sensitivity{c.sensitivity("as measured and assumed")}
	for _, other := range others {
		all = append(all, vary(rateName(other.Rate)+" stored by the other design", func(v *costing) {
			v.measured = other
			v.measured.Ours = c.measured.Ours
		}))
	}
	assume := func(what, key string, value float64) {
		all = append(all, vary(what, func(v *costing) { v.assumed = with(c.assumed, func(t map[string]float64) { t[key] = value }) }))
	}
	assume("objects kept for 1 hour", "object_retention_hours", 1)
	assume("objects kept for 7 days", "object_retention_hours", 7*24)
	assume("machines used to 30 %", "utilisation", 0.3)
	assume("log kept for 7 days", "log_retention_hours", 7*24)
	return append(all,
		vary("machines and functions twice as dear", func(v *costing) {
			v.prices = with(c.prices, func(t map[string]float64) {
				for key := range t {
					if strings.HasSuffix(key, "_hour") || key == "function_gb_second" {
						t[key] *= 2
					}
				}
			})
		}),
		vary("half the CPU measured of the other design", func(v *costing) { v.oldCPU = 0.5 }),
		vary("twice the CPU measured of ours", func(v *costing) {
			v.measured.Ours.CPU = with(c.measured.Ours.CPU, func(t map[string]float64) {
				for key := range t {
					t[key] *= 2
				}
			})
		}),
	)
}
