package topology

// What those who read a topic from outside may rely on. The words are the contract: what they say is tested where it is done.
const (
	defectsPromise = "Each event exactly once under `isolation.level=read_committed`: defects, the roll-ups of `health` and the position in `features` " +
		"are committed in one transaction. A reader at `read_uncommitted`, or one whose library does not drop aborted records, sees events that " +
		"were taken back and come again.\n\n" +
		"The events of a stream stand in one partition, in order. A defect is `opened` once, with revision 1; `updated`, with the next revision, when " +
		"its severity changes and each 10 s; and at last either `closed`, when `end` and `reason` are final, or `retracted`, when it turned out to be " +
		"no defect of its own: count it nowhere. Nothing comes after that. `id` and `onset` never change, and a defect that is detected again, as by a " +
		"replay of the features, has the same id, so id and revision name an event for good.\n\n" +
		"`kind`, `severity` and `reason` are text, since values may be added: pass over what is not known to you.\n\n" +
		"Each record is a CloudEvent in binary content mode."
	latestPromise = "As `defects`, in the same transaction, under the defect's id: read from the start of the topic, the last record of each key says what is " +
		"open now. There are no tombstones: ended defects leave after the retention."
	healthPromise = "Each roll-up exactly once under `isolation.level=read_committed`, in the transaction of the defects of the same records. One with a " +
		"`span_ms` of 0 was made by a change of the lamp. A lamp that is `unknown` is not a good one, and neither is the last that came when none has " +
		"come for 15 s."
	evidencePromise = "At least once, and the last record of a key holds; one without a value says that nothing is kept any more. Evidence comes some " +
		"seconds after its defect has opened, or never: it does not delay anything."
	featuresPromise = "Each record once or not at all, in the order of its session: the edge drops rather than lags behind the stream, and counts in " +
		"`StreamSecond.dropped` what it did. All records of a stream stand in one partition, and the partitions of `defects` and `health` have the same " +
		"numbers. `Tick` and `Setting`, which the partition's detector appends, have no key.\n\n" +
		"Branches are only ever appended to the union: pass over those that are not known to you."
	verdictsPromise = "What people say, at least once, in the partition of the stream. Of the verdicts of one author on the same `defect`, or where that is null " +
		"on the same stream, kind and span, the one with the latest `time` holds, and of those with the same time the last. A `missed` fault is " +
		"one of which no defect told. The span of a verdict on a defect is the defect's own, as it was then, unless the author has corrected it.\n\n" +
		"A verdict comes any time after what it is about, and may come before the defect has ended. `label` is text, since values may be added: pass over " +
		"what is not known to you."
)
