//lint:file-ignore SA1019 the classic form of a dashboard is what provisioning and import read in every Grafana; its successor is for the API of Grafana 12 and newer only

package main

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// board is a dashboard: what somebody on call asks about one part, the worst first.
type board struct {
	uid, title, about string
	perInstance       string // the metric whose instances the variable instance has; empty: there is no such variable
	rows              []row
}

// row is a question of a kind. A repeated one is there once for each value of the variable, folded.
type row struct {
	title, repeat string
	panels        []panel
}

// panel answers one question.
type panel struct {
	title, about string // about says what is right and what to look at when it is not
	shape        shape
	width        uint32 // of 24
	unit         string // as Grafana names it
	most         float64
	steps        []step // where it gets worse
	queries      []query
}

type shape int

const (
	series shape = iota // lines over time
	stacked
	number // the newest value
	list   // the newest value of each series, and its labels
)

// step is a value from which on the colour is another.
type step struct {
	from  float64
	color string
}

// query is PromQL, in which {$} is the selector of the variables and {$,x="y"} that and more.
type query struct{ expr, legend string }

const (
	warn, bad = "orange", "red"
	// selector picks what the variables at the top of a dashboard choose.
	selector = installation + `,job=~"$job"`
	// installation picks an installation: of several releases in a namespace by the service that Prometheus asks.
	installation = `{cluster=~"$cluster",namespace=~"$namespace",service=~"$service"`
	// height is that of a graph; a number has half of it.
	height = 8
)

func (q query) promQL() string { return strings.ReplaceAll(q.expr, "{$", selector) }

// source is the variable that holds the data source.
var source = common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}

// build lays the board out.
func (b board) build() (dashboard.Dashboard, error) {
	d := dashboard.NewDashboardBuilder(b.title).Uid(b.uid).Description(b.about).Tags([]string{"framewatch"}).
		Readonly().Refresh("10s").Time("now-1h", "now").Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Link(dashboard.NewDashboardLinkBuilder("Framewatch").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{"framewatch"}).AsDropdown(true).KeepTime(true).IncludeVars(true)).
		Annotation(firing())
	for _, v := range b.variables() {
		d = d.WithVariable(v)
	}
	id := uint32(0)
	next := func() uint32 { id++; return id }
	for _, r := range b.rows {
		header := dashboard.NewRowBuilder(r.title).Id(next())
		if r.repeat != "" {
			header = header.Repeat(r.repeat)
			for _, p := range r.panels {
				header = header.WithPanel(p.build(next()))
			}
			d = d.WithRow(header)
			continue
		}
		d = d.WithRow(header)
		for _, p := range r.panels {
			d = d.WithPanel(p.build(next()))
		}
	}
	return d.Build()
}

// firing marks when an alert of ours began to fire.
func firing() cog.Builder[dashboard.AnnotationQuery] {
	return dashboard.NewAnnotationQueryBuilder().Name("Alerts").Datasource(source).Enable(true).IconColor(bad).
		Expr(`ALERTS` + installation + `,alertname=~"Framewatch.*",alertstate="firing"}`).TitleFormat("{{alertname}}").TextFormat("{{job}} {{instance}}")
}

func (b board) variables() []cog.Builder[dashboard.VariableModel] {
	ask := func(name, label, query string) cog.Builder[dashboard.VariableModel] {
		return dashboard.NewQueryVariableBuilder(name).Label(label).Datasource(source).Query(dashboard.StringOrMap{String: &query}).
			Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortAlphabeticalAsc).Multi(true).IncludeAll(true).AllValue(".*").
			Current(dashboard.VariableOption{Text: dashboard.StringOrArrayOfString{String: cog.ToPtr("All")}, Value: dashboard.StringOrArrayOfString{String: cog.ToPtr("$__all")}})
	}
	all := []cog.Builder[dashboard.VariableModel]{
		dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus"),
		ask("cluster", "Cluster", `label_values(framewatch_build_info, cluster)`),
		ask("namespace", "Namespace", `label_values(framewatch_build_info{cluster=~"$cluster"}, namespace)`),
		ask("service", "Release", `label_values(framewatch_build_info{cluster=~"$cluster",namespace=~"$namespace"}, service)`),
		ask("job", "Job", `label_values(framewatch_build_info`+installation+`}, job)`),
	}
	if b.perInstance != "" {
		all = append(all, ask("instance", "Instance", `label_values(`+b.perInstance+selector+`}, instance)`))
	}
	return all
}

func (p panel) build(id uint32) cog.Builder[dashboard.Panel] {
	switch p.shape {
	case number:
		b := stat.NewPanelBuilder().Id(id).Title(p.title).Description(p.about).Datasource(source).Span(p.width).Height(height / 2).Unit(p.unit).Thresholds(p.thresholds()).
			ColorMode(common.BigValueColorModeBackground).GraphMode(common.BigValueGraphModeArea).NoValue("none").
			ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
		for i, q := range p.queries {
			b = b.WithTarget(q.target(i).Range())
		}
		return b
	case list:
		b := table.NewPanelBuilder().Id(id).Title(p.title).Description(p.about).Datasource(source).Span(p.width).Height(height).Unit(p.unit).Thresholds(p.thresholds())
		for i, q := range p.queries {
			b = b.WithTarget(q.target(i).Instant().Format(prometheus.PromQueryFormatTable))
		}
		return b
	default:
		return p.graph(id)
	}
}

func (p panel) graph(id uint32) cog.Builder[dashboard.Panel] {
	b := timeseries.NewPanelBuilder().Id(id).Title(p.title).Description(p.about).Datasource(source).Span(p.width).Height(height).Unit(p.unit).Min(0).Thresholds(p.thresholds()).
		LineWidth(1).FillOpacity(10).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeTable).Placement(common.LegendPlacementBottom).Calcs([]string{"lastNotNull", "max"})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	if p.most > 0 {
		b = b.Max(p.most)
	}
	if len(p.steps) > 0 {
		b = b.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	}
	if p.shape == stacked {
		b = b.Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal)).FillOpacity(40)
	}
	for i, q := range p.queries {
		b = b.WithTarget(q.target(i).Range())
	}
	return b
}

func (p panel) thresholds() cog.Builder[dashboard.ThresholdsConfig] {
	steps := []dashboard.Threshold{{Color: "green"}}
	for _, s := range p.steps {
		steps = append(steps, dashboard.Threshold{Value: &s.from, Color: s.color})
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps)
}

// target names its queries A, B, C.
func (q query) target(i int) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().RefId(string(rune('A' + i))).Datasource(source).Expr(q.promQL()).LegendFormat(q.legend)
}

// quantiles are how long the middle one and the slowest but one in a hundred of a histogram took.
func quantiles(histogram string) (list []query) {
	for _, q := range []struct{ value, name string }{{"0.5", "median"}, {"0.99", "99 of 100"}} {
		list = append(list, query{"histogram_quantile(" + q.value + ", sum by (le) (rate(" + histogram + "_bucket{$}[$__rate_interval])))", q.name})
	}
	return list
}
