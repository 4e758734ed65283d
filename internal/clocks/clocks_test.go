package clocks_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the same clocks wherever the test runs

	"github.com/framewatch/framewatch/internal/clocks"
)

func TestClocksThatArePutForwardAndBack(t *testing.T) {
	cases := []struct{ zone, reading, begin, end string }{
		{"UTC", "2026-03-29T02:30:00Z", "2026-03-29T02:30:00Z", "2026-03-29T02:30:00Z"},
		{"Europe/Berlin", "2026-07-01T02:30:00Z", "2026-07-01T00:30:00Z", "2026-07-01T00:30:00Z"},
		// Put forward from 02:00 to 03:00 at 01:00 UTC.
		{"Europe/Berlin", "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "2026-03-29T02:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "2026-03-29T03:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z"},
		// Put back from 03:00 to 02:00 at 01:00 UTC.
		{"Europe/Berlin", "2026-10-25T02:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T00:00:00Z"},
		{"Europe/Berlin", "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
		{"Europe/Berlin", "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
		// Half an hour, at 15:30 and 15:00 UTC.
		{"Australia/Lord_Howe", "2026-10-04T02:15:00Z", "2026-10-03T15:30:00Z", "2026-10-03T15:30:00Z"},
		{"Australia/Lord_Howe", "2026-04-05T01:45:00Z", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"},
		// Put forward over midnight, at 04:00 UTC.
		{"America/Santiago", "2026-09-06T00:00:00Z", "2026-09-06T04:00:00Z", "2026-09-06T04:00:00Z"},
		// The whole of 30 December 2011 was skipped, at 10:00 UTC.
		{"Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
	}
	for _, c := range cases {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		reading, err := time.Parse(time.RFC3339, c.reading)
		if err != nil {
			t.Fatal(err)
		}
		begin, end := clocks.Begin(reading, zone).Format(time.RFC3339), clocks.End(reading, zone).Format(time.RFC3339)
		if begin != c.begin || end != c.end {
			t.Errorf("%s %s: begins at %s and ends at %s, want %s and %s", c.zone, c.reading, begin, end, c.begin, c.end)
		}
	}
}
