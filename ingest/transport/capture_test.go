package transport_test

import (
	"os"
	"testing"
)

// capture is a file of TSDuck's tests; testdata/tsduck/README.md tells what TSDuck finds in it.
func capture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/tsduck/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestContinuityAsTSDuck(t *testing.T) {
	for _, c := range []struct {
		name                        string
		packets, errors, duplicates int32
	}{
		{"024_cc_missing.ts", 33, 2, 1},
		{"049_cc_duplicates.ts", 20, 2, 2},
	} {
		var m mux
		m.out.Write(capture(t, c.name))
		s, _ := m.watch(t)
		if s.Packets != c.packets || s.ContinuityErrors["other"] != c.errors || s.Duplicates != c.duplicates {
			t.Errorf("%s: %s, want %d packets, %d errors, %d duplicates", c.name, text(s), c.packets, c.errors, c.duplicates)
		}
	}
}

// Of the 15 sections two are heartbeats (splice_null, bandwidth_reservation) and two more splice_null.
func TestSplicesAsTSDuck(t *testing.T) {
	var m mux
	m.add(table(pidPAT, pat(0, 1, pidPMT)), table(pidPMT, pmt(1, pidPCR, nil, elementary{0x86, 200, nil})))
	m.out.Write(capture(t, "027_scte35_tables.ts"))
	m.nulls(5)
	second, s := m.watch(t)
	want := `[{"kind":"time_signal","pts":123456789,"cancelled":false},{"kind":"time_signal","cancelled":false},` +
		`{"kind":"private_command","cancelled":false},{"kind":"private_command","cancelled":false},` +
		`{"kind":"splice_insert","event_id":305419896,"cancelled":true},` +
		`{"kind":"splice_insert","event_id":305419896,"out":true,"cancelled":false},` +
		`{"kind":"splice_insert","event_id":305419896,"pts":789456,"out":true,"cancelled":false},` +
		`{"kind":"splice_insert","event_id":305419896,"out":true,"duration":456,"cancelled":false},` +
		`{"kind":"splice_schedule","cancelled":false},{"kind":"splice_schedule","cancelled":false},` +
		`{"kind":"splice_insert","event_id":1,"out":true,"duration":6750000,"cancelled":false}]`
	if s == nil || s.Count != 15 || s.Events == nil || text(*s.Events) != want || second.CRCErrors != 0 {
		t.Errorf("%s\nwant 15 and %s", text(s), want)
	}
}
