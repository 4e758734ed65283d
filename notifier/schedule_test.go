package notifier_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/notifier"
)

func schedule(t *testing.T, text string) notifier.Schedule {
	t.Helper()
	s, err := notifier.ParseSchedule(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

// TestSchedule: windows around the days on which clocks are changed, in UTC, each worked out by hand.
func TestSchedule(t *testing.T) {
	for _, test := range []struct{ text, after, want string }{
		{"tue 02:00-04:00 Europe/Berlin", "2026-11-26T00:00Z", "2026-12-01T01:00Z 2026-12-01T03:00Z"},
		{"tue 02:00-04:00 Europe/Berlin", "2026-12-01T02:59Z", "2026-12-01T01:00Z 2026-12-01T03:00Z"},
		{"tue 02:00-04:00 Europe/Berlin", "2026-12-01T03:00Z", "2026-12-08T01:00Z 2026-12-08T03:00Z"},
		{"tue 02:00-04:00 Europe/Berlin", "2026-06-30T00:00Z", "2026-06-30T00:00Z 2026-06-30T02:00Z"},
		// 2026-03-29: from 02:00 CET the clocks go to 03:00 CEST, at 01:00 UTC.
		{"sun 02:00-04:00 Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:00Z 2026-03-29T02:00Z"},
		{"sun 01:00-02:30 Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T00:00Z 2026-03-29T01:00Z"},
		{"sun 02:30-05:00 Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:00Z 2026-03-29T03:00Z"},
		{"sun 02:10-02:50 Europe/Berlin", "2026-03-28T12:00Z", "2026-04-05T00:10Z 2026-04-05T00:50Z"}, // that day it is skipped whole
		{"sat 23:00-03:00 Europe/Berlin", "2026-03-28T12:00Z", "2026-03-28T22:00Z 2026-03-29T01:00Z"},
		// 2026-10-25: from 03:00 CEST the clocks go back to 02:00 CET, at 01:00 UTC.
		{"sun 02:00-04:00 Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T00:00Z 2026-10-25T03:00Z"},
		{"sun 01:00-02:00 Europe/Berlin", "2026-10-24T12:00Z", "2026-10-24T23:00Z 2026-10-25T00:00Z"},
		{"sun 01:00-02:30 Europe/Berlin", "2026-10-24T12:00Z", "2026-10-24T23:00Z 2026-10-25T01:30Z"},
		{"sun 03:00-04:00 Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T02:00Z 2026-10-25T03:00Z"},
		{"daily 00:00-24:00 Europe/Berlin", "2026-10-25T12:00Z", "2026-10-24T22:00Z 2026-10-25T23:00Z"},
		{"sun 02:00-04:00 America/New_York", "2026-03-07T12:00Z", "2026-03-08T07:00Z 2026-03-08T08:00Z"},
		{"sun 01:30-02:30 Australia/Lord_Howe", "2026-04-04T00:00Z", "2026-04-04T14:30Z 2026-04-04T16:00Z"}, // half an hour back at 02:00, 15:00 UTC
		{"31 10:00-11:00 UTC", "2026-08-31T11:00Z", "2026-10-31T10:00Z 2026-10-31T11:00Z"},
		{"-1 22:00-02:00 UTC", "2028-02-01T02:00Z", "2028-02-29T22:00Z 2028-03-01T02:00Z"},
		{"1,15 10:00-11:00 UTC", "2026-11-02T00:00Z", "2026-11-15T10:00Z 2026-11-15T11:00Z"},
	} {
		after, err := time.Parse("2006-01-02T15:04Z", test.after)
		if err != nil {
			t.Fatal(err)
		}
		w, ok := schedule(t, test.text).Next(after)
		if got := w.Start.UTC().Format("2006-01-02T15:04Z") + " " + w.End.UTC().Format("2006-01-02T15:04Z"); !ok || got != test.want {
			t.Errorf("%s after %s is %s, %v, want %s", test.text, test.after, got, ok, test.want)
		}
	}
}

// TestScheduleIsByTheClock: through two years, minute by minute, a window is open where the clocks show a time in it, with what lies between when they are put back.
func TestScheduleIsByTheClock(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/St_Johns", "Africa/Casablanca", "Australia/Lord_Howe", "UTC"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		s := schedule(t, "daily 01:40-03:20 "+name)
		end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		w, _ := s.Next(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))
		for at := time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC); at.Before(end); at = at.Add(10 * time.Minute) {
			if !w.End.After(at) {
				w, _ = s.Next(at)
			}
			local := at.In(zone)
			minute := local.Hour()*60 + local.Minute()
			shown := minute >= 100 && minute < 200
			if open := !at.Before(w.Start); open != shown && (shown || w.End.Sub(w.Start) <= 100*time.Minute) {
				t.Fatalf("%s: at %s the clocks show %s, open is %v", name, at, local.Format("Mon 15:04"), open)
			}
		}
	}
}

func TestScheduleIsBounded(t *testing.T) {
	s := schedule(t, "mon,tue 02:00-04:00 UTC")
	s.First, s.Last = "2026-12-01", "2026-12-01"
	if w, ok := s.Next(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)); !ok || w.Start.Day() != 1 || w.Start.Month() != time.December {
		t.Errorf("the first is %v, %v", w, ok)
	}
	if w, ok := s.Next(time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)); ok {
		t.Errorf("after the last day there is %v", w)
	}
	if got, want := s.String(), "mon,tue 02:00-04:00 UTC from 2026-12-01 until 2026-12-01"; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
	if got := schedule(t, "daily 00:00-24:00 UTC").String(); got != "daily 00:00-24:00 UTC" {
		t.Errorf("every day is %q", got)
	}
	for text, want := range map[string]string{
		"":                              "days, times and a zone",
		"tue 02:00-04:00":               "days, times and a zone",
		"tue 0200-0400 UTC":             "from",
		"tue 24:00-01:00 UTC":           "from",
		"tue 02:00-24:01 UTC":           "to",
		"tue 2:00-04:00 UTC":            "from",
		"tues 02:00-04:00 UTC":          "days",
		"tue,tue 02:00-04:00 UTC":       "days",
		"tue,1 02:00-04:00 UTC":         "either",
		"0 02:00-04:00 UTC":             "month_days",
		"32 02:00-04:00 UTC":            "month_days",
		"tue 02:00-04:00 Local":         "zone",
		"tue 02:00-04:00 ../etc/passwd": "zone",
		"tue 02:00-04:00 Europe/Bonn":   "zone",
	} {
		if _, err := notifier.ParseSchedule(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for _, days := range [][2]string{{"2026-12-02", "2026-12-01"}, {"tomorrow", ""}, {"", "2026-13-01"}} {
		s.First, s.Last = days[0], days[1]
		if s.Validate() == nil {
			t.Errorf("%s is taken", fmt.Sprint(days))
		}
	}
}
