package replay

import (
	"cmp"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// What a verdict says of a defect, or of a stretch of a stream.
const (
	Confirmed  = "confirmed"
	FalseAlarm = "false_alarm"
	// Missed is a fault of which no defect tells.
	Missed = "missed"
)

// VerdictLabels are all that a verdict may say.
var VerdictLabels = []string{Confirmed, FalseAlarm, Missed}

// Verdict is a person's word on a defect, or on a stretch of a stream's media time.
type Verdict struct {
	Stream, Label, Kind, Author, Note string
	// Defect is the id of the defect that it is about; empty: it is about whatever was told in the stretch.
	Defect string
	// Start and End of the fault. Those of a defect that the person has not corrected are the defect's own.
	Start, End time.Time
	// Given is when it was said.
	Given time.Time
}

// NewVerdict is a verdict as it stands on the log under the key stream.
func NewVerdict(stream string, v *schemas.Verdict) Verdict {
	out := Verdict{Stream: stream, Label: v.Label, Kind: v.Kind, Author: v.Author, Note: v.Note,
		Start: time.UnixMicro(v.Start), End: time.UnixMicro(v.End), Given: time.UnixMicro(v.Time)}
	if v.Defect != nil {
		out.Defect = *v.Defect
	}
	return out
}

// Subject is who speaks about what: of two verdicts with the same subject the one given last holds.
type Subject struct {
	Author, Defect string
	// Of a verdict about no defect in particular.
	Stream, Kind string
	Start, End   int64
}

// Subject of the verdict.
func (v Verdict) Subject() Subject {
	if v.Defect != "" {
		return Subject{Author: v.Author, Defect: v.Defect}
	}
	return Subject{Author: v.Author, Stream: v.Stream, Kind: v.Kind, Start: v.Start.UnixMicro(), End: v.End.UnixMicro()}
}

// Says tells whether the verdict says what another on the same subject does.
func (v Verdict) Says(other Verdict) bool {
	return v.Label == other.Label && v.Note == other.Note && v.Start.Equal(other.Start) && v.End.Equal(other.End)
}

// Standing leaves of the verdicts those that hold, in order of their start, stream and author. Of those with one subject that were given at the
// same time the last in the list holds.
func Standing(verdicts []Verdict) []Verdict {
	newest := map[Subject]Verdict{}
	for _, v := range verdicts {
		if had, ok := newest[v.Subject()]; !ok || !v.Given.Before(had.Given) {
			newest[v.Subject()] = v
		}
	}
	standing := make([]Verdict, 0, len(newest))
	for _, v := range newest {
		standing = append(standing, v)
	}
	slices.SortFunc(standing, func(a, b Verdict) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Author, b.Author), a.End.Compare(b.End),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Defect, b.Defect))
	})
	return standing
}
