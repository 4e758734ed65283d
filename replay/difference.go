package replay

import "time"

// Difference is how two lists of defects differ.
type Difference struct {
	// Same is how many are in both lists with the same onset, end and severity.
	Same int
	// Added are in the second list only, Removed in the first only.
	Added, Removed []Life
	// Moved are in both, with another onset, end or severity.
	Moved []Move
	// LeftOut is how many could not be compared.
	LeftOut int
}

// Move is a defect that is told otherwise.
type Move struct{ Before, After Life }

// None tells that there is no difference.
func (d *Difference) None() bool { return len(d.Added)+len(d.Removed)+len(d.Moved) == 0 }

// Differ compares two lists, each in order of onset. Two defects are the same when their ids are; of the others each of the first list is
// matched with the one of the same stream, kind and part that it overlaps most and that none before it has.
func Differ(before, after []Life) *Difference {
	d := &Difference{}
	matches, taken := pairs(before, after)
	for i, b := range before {
		switch m := matches[i]; {
		case m < 0:
			d.Removed = append(d.Removed, b)
		case moved(b, after[m]):
			d.Moved = append(d.Moved, Move{b, after[m]})
		default:
			d.Same++
		}
	}
	for j, a := range after {
		if !taken[j] {
			d.Added = append(d.Added, a)
		}
	}
	return d
}

// pairs gives each of the first list its index in the second, or -1, and tells which of the second are taken.
func pairs(before, after []Life) (matches []int, taken []bool) {
	byID, like := map[string]int{}, map[thing][]int{}
	for j, a := range after {
		byID[a.ID] = j
		at := thing{a.Stream, a.Kind, a.Part}
		like[at] = append(like[at], j)
	}
	matches, taken = make([]int, len(before)), make([]bool, len(after))
	for i, b := range before {
		matches[i] = -1
		if j, there := byID[b.ID]; there {
			matches[i], taken[j] = j, true
		}
	}
	for i, b := range before {
		if matches[i] >= 0 {
			continue
		}
		most := time.Duration(-1)
		for _, j := range like[thing{b.Stream, b.Kind, b.Part}] {
			if common := shared(b, after[j]); !taken[j] && common > most {
				matches[i], most = j, common
			}
		}
		if matches[i] >= 0 {
			taken[matches[i]] = true
		}
	}
	return matches, taken
}

// shared is how long two defects last together; negative: they do not meet.
func shared(a, b Life) time.Duration {
	from, to := a.Onset, lasts(a)
	if b.Onset.After(from) {
		from = b.Onset
	}
	if end := lasts(b); end.Before(to) {
		to = end
	}
	if to.Before(from) {
		return -1
	}
	return to.Sub(from)
}

// moved tells whether a defect is told otherwise. Where one of them is open, reading ended before it did.
func moved(a, b Life) bool {
	return !a.Onset.Equal(b.Onset) || a.Severity != b.Severity || !a.Open && !b.Open && !a.End.Equal(b.End)
}
