package feature

// #include "kernel.h"
import "C"

import "time"

// Account is what parts of measuring pictures have cost, by name: an extractor's own ("hash") and those of the pass over luma that
// serves them all ("scan hash"). Taking the time itself costs some per cent.
type Account map[string]time.Duration

// partNames are the parts of the pass over luma: copy brings samples to 8 bits; lines are sums of rows, steps between them and the
// difference to the picture before the last; columns are sums and steps of columns, their squares, the pools and the difference to the last.
var partNames = [C.FW_PARTS]string{
	C.FW_PART_COPY: "copy", C.FW_PART_HASH: "hash", C.FW_PART_LUMA: "luma", C.FW_PART_LINES: "lines", C.FW_PART_FIELD: "field",
	C.FW_PART_MACROBLOCK: "macroblock", C.FW_PART_DETAIL: "detail", C.FW_PART_COLUMNS: "columns",
}

// lap books the time since began under a name, and gives the time now.
func (a Account) lap(began time.Time, name string) time.Time {
	if a == nil {
		return began
	}
	now := time.Now()
	a[name] += now.Sub(began)
	return now
}

// parts books what the pass has spent.
func (a Account) parts(s *scan) {
	if a == nil {
		return
	}
	for i, name := range partNames {
		a["scan "+name] += time.Duration(s.spent[i])
		s.spent[i] = 0
	}
}
