package replay

import "time"

// Label is a stretch of a stream's time that is known to be bad. What the detector says is scored against labels.
type Label struct {
	Stream, Kind string
	Start, End   time.Time
	// Variant tells apart faults of one kind that are found by different means, Level how strong the fault is; both in words, and may be empty.
	Variant, Level string
	// Optional labels need not be found: it is no miss where they are not, and no false alarm where they are.
	Optional bool
	// Assumed labels begin where a detector said so: how far from there another begins is no error.
	Assumed bool
	// AssumedEnd labels end where a detector said so.
	AssumedEnd bool
}

// Defect is the stretch of a stream's time that was found to be bad.
type Defect struct {
	ID, Stream, Kind, Part string
	Onset, End             time.Time
}

// Match gives each label the first defect of its stream and kind that overlaps it, but for the tolerance, and that no earlier label has: the
// defect's index, or -1. A defect stands for one label only.
func Match(labels []Label, defects []Defect, tolerance time.Duration) []int {
	return match(labels, defects, tolerance, 0)
}

// match is Match, where a defect that begins more than early before a label does not stand for it; 0: it does, however early.
func match(labels []Label, defects []Defect, tolerance, early time.Duration) []int {
	matches := make([]int, len(labels))
	taken := make([]bool, len(defects))
	for i, l := range labels {
		matches[i] = -1
		for j, d := range defects {
			if !taken[j] && d.Stream == l.Stream && d.Kind == l.Kind && overlap(l, d, tolerance) && (early == 0 || !d.Onset.Before(l.Start.Add(-early))) {
				matches[i], taken[j] = j, true
				break
			}
		}
	}
	return matches
}

// overlap tells whether the two are at the same time, but for the tolerance.
func overlap(l Label, d Defect, tolerance time.Duration) bool {
	return !d.Onset.After(l.End.Add(tolerance)) && !d.End.Before(l.Start.Add(-tolerance))
}
