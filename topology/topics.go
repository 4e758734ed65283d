package topology

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const day = 24 * time.Hour

// Compatibility levels of the schema registry.
const (
	backward = "BACKWARD_TRANSITIVE"
	full     = "FULL_TRANSITIVE"
)

// The topics.
var (
	Streams = topic(schemas.StreamSpecs, Spec{Name: "streams", Key: "stream id", Doc: "What is to be monitored: URL (secrets by reference), labels, profile.",
		Values: []string{"StreamSpec"}, Compact: true, Control: true, WrittenBy: []string{"api", "streams apply", "run"}})
	Features = topic(schemas.Features, Spec{Name: "features", Key: "stream id", Doc: "What was measured, one record a picture, 100 ms of sound and second; the owner's ticks and settings.",
		Values: []string{"VideoFrame", "AudioBlock", "StreamSecond", "Inventory", "Tick", "Setting"}, Delete: true, Retention: day, WrittenBy: []string{"ingest", "detector (Tick, Setting)"},
		Promise: featuresPromise})
	Health = topic(schemas.Healths, Spec{Name: "health", Key: "stream id", Doc: "One roll-up per stream and 10 s, and at once when its lamp changes.",
		Values: []string{"Health"}, Delete: true, Retention: 30 * day, WrittenBy: []string{"detector"}, Promise: healthPromise})
	Defects = topic(schemas.DefectEvents, Spec{Name: "defects", Key: "stream id", Doc: "Every event in the life of every defect: the public contract.",
		Values: []string{"DefectEvent"}, Compatibility: full, Delete: true, Retention: 90 * day, WrittenBy: []string{"detector"},
		Headers: eventHeaders(), Promise: defectsPromise})
	DefectsLatest = topic(schemas.DefectEvents, Spec{Name: "defects.latest", Key: "defect id", Doc: "The last event of each defect, written in the same transaction.",
		Values: []string{"DefectEvent"}, Compatibility: full, Compact: true, Delete: true, Retention: 14 * day, WrittenBy: []string{"detector"},
		Headers: eventHeaders(), Promise: latestPromise})
	Evidence = topic(schemas.Evidences, Spec{Name: "evidence", Key: "defect id", Doc: "What was kept for a defect: URI, type, span, sha256.",
		Values: []string{"Evidence"}, Compact: true, Control: true, WrittenBy: []string{"ingest", "evidence keep and drop"}, Promise: evidencePromise})
	Verdicts = topic(schemas.Verdicts, Spec{Name: "verdicts", Key: "stream id", Doc: "A person's label: confirmed, false alarm or missed.",
		Values: []string{"Verdict"}, Delete: true, Retention: 365 * day, Control: true, WrittenBy: []string{"api", "verdicts import"}, Promise: verdictsPromise})
	DefectsShadow = topic(schemas.DefectEvents, Spec{Name: "defects.shadow", Key: "stream id", Doc: "What a candidate rule set or model would have told.",
		Values: []string{"DefectEvent"}, Compatibility: full, Delete: true, Retention: 14 * day, WrittenBy: []string{"shadow detector"},
		Headers: eventHeaders()})
	Profiles = topic(schemas.Profiles, Spec{Name: "profiles", Key: "profile name", Doc: "Rule profiles and the labels that they apply to.",
		Values: []string{"Profile"}, Compact: true, Single: true, Control: true, WrittenBy: []string{"api", "run"}})
	Models = topic(schemas.Models, Spec{Name: "models", Key: "model name", Doc: "Model card and weights, versioned.",
		Values: []string{"Model"}, Compact: true, Single: true, Control: true, WrittenBy: []string{"model publish"}})
	Notifications = topic(schemas.Notifications, Spec{Name: "notifications", Key: "defect id", Doc: "Every attempt to deliver and its outcome.",
		Values: []string{"Notification"}, Delete: true, Retention: 30 * day, WrittenBy: []string{"notifier"}})
	NotifierState = topic(schemas.NotifierStates, Spec{Name: "notifier.state", Key: "entry key", Doc: "What each target knows, silences, acknowledgements.",
		Values: []string{"NotifierState"}, Compact: true, Single: true, Control: true, WrittenBy: []string{"notifier", "api"}})
	Audit = topic(schemas.Audits, Spec{Name: "audit", Key: "actor", Doc: "Every change made by a person or token.",
		Values: []string{"Audit"}, Delete: true, Retention: 365 * day, Single: true, Control: true, WrittenBy: []string{"api"}})
	DeadLetter = topic(schemas.DeadLetters, Spec{Name: "deadletter", Key: "original key", Doc: "Records that could not be read, with the reason and where they stood.",
		Values: []string{"DeadLetter"}, Delete: true, Retention: 14 * day, WrittenBy: []string{"all"}})
	Schemas = topic(schemas.WriterSchemas, Spec{Name: "schemas", Key: "schema id", Doc: "The schemas of all versions that write, unless there is a registry.",
		Values: []string{"WriterSchema"}, Compact: true, Single: true, WrittenBy: []string{"all"}})
)

// Topics lists all topics in the order of the data's way.
func Topics() []*Spec {
	return []*Spec{
		&Streams.Spec, &Features.Spec, &Health.Spec, &Defects.Spec, &DefectsLatest.Spec, &Evidence.Spec, &Verdicts.Spec, &DefectsShadow.Spec,
		&Profiles.Spec, &Models.Spec, &Notifications.Spec, &NotifierState.Spec, &Audit.Spec, &DeadLetter.Spec, &Schemas.Spec,
	}
}

// DefectsNamed is a topic of another name, beside all others, that holds events of defects as Defects does: what is told again.
func DefectsNamed(name string) *Topic[schemas.DefectEvent] {
	t := *Defects
	t.Name, t.Doc, t.Promise, t.WrittenBy = name, "What a replay has told again.", "", []string{"replay"}
	return &t
}

func topic[T any](value *schemas.Schema[T], s Spec) *Topic[T] {
	s.Schema, s.Type = value.Text(), value.Name
	s.ID = func(c *schemas.Contract) uint32 { return schemas.ID(c, value) }
	if s.Compatibility == "" {
		s.Compatibility = backward
	}
	return &Topic[T]{Spec: s, Value: value}
}
