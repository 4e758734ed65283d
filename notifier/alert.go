package notifier

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"

	"github.com/framewatch/framewatch/schemas"
)

// Labels of an alert beside those of its stream, which may not have these names: they are its identity, so that a figure that changes makes no new alert.
const (
	labelDefect     = "defect"
	labelStream     = "stream"
	labelKind       = "kind"
	labelPart       = "part"
	labelSeverity   = "severity"
	labelEscalation = "escalation"
)

// ownLabels are those names.
var ownLabels = []string{model.AlertNameLabel, labelDefect, labelStream, labelKind, labelPart, labelSeverity, labelEscalation}

// over says that the event is a defect's last.
func over(ev *schemas.DefectEvent) bool { return ev.State == "closed" || ev.State == "retracted" }

// subject is what a target is told of: a defect, or one of its escalations.
func subject(defect string, escalation int) string {
	if escalation == 0 {
		return defect
	}
	return defect + "/" + strconv.Itoa(escalation)
}

// of is the defect of a subject.
func of(subject string) string {
	defect, _, _ := strings.Cut(subject, "/")
	return defect
}

// levelOf is the escalation of a subject.
func levelOf(subject string) int {
	_, level, _ := strings.Cut(subject, "/")
	n, _ := strconv.Atoi(level)
	return n
}

// escalationOf is how many times the defect of an alert has been told on.
func escalationOf(a *alert.Alert) int {
	n, _ := strconv.Atoi(string(a.Labels[labelEscalation]))
	return n
}

// labelsOf is the identity of a defect's alert. A label of the stream that has the name of one of ours is told as stream_NAME.
func labelsOf(ev *schemas.DefectEvent, escalation int) model.LabelSet {
	set := model.LabelSet{
		model.AlertNameLabel: model.LabelValue(ev.Kind), labelDefect: model.LabelValue(ev.ID), labelStream: model.LabelValue(ev.Stream),
		labelKind: model.LabelValue(ev.Kind), labelSeverity: model.LabelValue(ev.Severity),
	}
	if ev.Part != "" {
		set[labelPart] = model.LabelValue(ev.Part)
	}
	if escalation > 0 {
		set[labelEscalation] = model.LabelValue(strconv.Itoa(escalation))
	}
	for _, l := range ev.Labels {
		name := model.LabelName(l.Name)
		if slices.Contains(ownLabels, l.Name) {
			name = "stream_" + name
		}
		if l.Value != "" {
			set[name] = model.LabelValue(l.Value)
		}
	}
	return set
}

// annotationsOf is what else is to be said of a defect.
func annotationsOf(ev *schemas.DefectEvent) model.LabelSet {
	set := model.LabelSet{"summary": model.LabelValue(ev.Summary)}
	if ev.Unit != "" || ev.Value != 0 {
		set["value"] = model.LabelValue(fmt.Sprintf("%.4g %s", ev.Value, ev.Unit))
		set["threshold"] = model.LabelValue(fmt.Sprintf("%.4g %s", ev.Threshold, ev.Unit))
	}
	if over(ev) && ev.Reason != "" {
		set["reason"] = model.LabelValue(ev.Reason)
	}
	return set
}

// alertOf is a defect as an alert. It fires until resolved: silence about a defect says nothing of it, so it has no end by itself.
func alertOf(ev *schemas.DefectEvent, labels model.LabelSet, link string, resolved bool, now time.Time) *alert.Alert {
	a := &alert.Alert{UpdatedAt: now}
	a.Labels, a.Annotations, a.GeneratorURL = labels, annotationsOf(ev), link
	a.StartsAt = earlier(time.UnixMicro(ev.Onset).UTC(), now)
	if resolved {
		a.EndsAt = later(earlier(time.UnixMicro(ev.End).UTC(), now), a.StartsAt)
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
