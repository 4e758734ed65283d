package topology

// Stage is one step of the data's way, as people should see it: what it reads and what it writes.
type Stage struct {
	// Name is the target's name on the command line.
	Name string
	// Doc is one sentence on what it does.
	Doc string
	// Group is the consumer group that its members join; empty when each member reads for itself.
	Group  string
	Reads  []*Spec
	Writes []*Spec
	// AlsoReads and AlsoWrites are topics beside the data's way: models, dead letters, what people look at and change.
	AlsoReads, AlsoWrites []*Spec
	// Transactional stages write in transactions, ExactlyOnce ones commit outputs and input offsets together.
	Transactional, ExactlyOnce bool
}

// Stages lists all stages in the order of the data's way.
func Stages() []Stage {
	return []Stage{
		{Name: "ingest", Doc: "Decodes streams, measures pictures and sound, keeps the frames at home.", Group: "framewatch.ingest",
			Reads: []*Spec{&Streams.Spec, &Defects.Spec, &Evidence.Spec}, Writes: []*Spec{&Features.Spec, &Evidence.Spec},
			AlsoReads: []*Spec{&Models.Spec}, AlsoWrites: []*Spec{&DeadLetter.Spec}},
		{Name: "detector", Doc: "Folds features into defects, exactly once.", Group: "framewatch.detector", Transactional: true, ExactlyOnce: true,
			Reads:     []*Spec{&Features.Spec, &Streams.Spec, &Profiles.Spec},
			Writes:    []*Spec{&Defects.Spec, &DefectsLatest.Spec, &Health.Spec, &Features.Spec, &DeadLetter.Spec},
			AlsoReads: []*Spec{&Models.Spec, &DefectsLatest.Spec, &Health.Spec}, AlsoWrites: []*Spec{&Models.Spec}},
		{Name: "notifier", Doc: "Tells people of defects; one member at a time does.", Group: "framewatch.notifier", Transactional: true,
			Reads: []*Spec{&Defects.Spec, &Evidence.Spec, &NotifierState.Spec}, Writes: []*Spec{&NotifierState.Spec, &Notifications.Spec, &DeadLetter.Spec}},
		{Name: "console", Doc: "Shows streams and defects on a page, over a public API.",
			Reads:     []*Spec{&Streams.Spec, &Health.Spec, &DefectsLatest.Spec, &Evidence.Spec},
			AlsoReads: Topics(), AlsoWrites: []*Spec{&Streams.Spec, &Profiles.Spec, &Verdicts.Spec, &NotifierState.Spec, &Audit.Spec, &DeadLetter.Spec}},
	}
}

// Shadow is beside the data's way: it folds the features as the detector does, by candidate rules, and nobody is told. Each candidate has a group
// of its own, whose name is that of the stage, a dot and the candidate's.
var Shadow = Stage{Name: "shadow", Doc: "Folds features into what candidate rules would tell, beside the detector.", Group: "framewatch.shadow", Transactional: true, ExactlyOnce: true,
	Reads: []*Spec{&Features.Spec, &Streams.Spec, &Health.Spec, &DefectsShadow.Spec}, Writes: []*Spec{&DefectsShadow.Spec},
	AlsoReads: []*Spec{&Profiles.Spec, &Models.Spec}}

// StageNamed finds a stage; it panics on a name that is not in the list, which is a mistake in the program.
func StageNamed(name string) Stage {
	for _, s := range Stages() {
		if s.Name == name {
			return s
		}
	}
	panic("topology: no stage is named " + name)
}
