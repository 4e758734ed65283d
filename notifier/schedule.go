package notifier

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/framewatch/framewatch/internal/clocks"
)

// Schedule is a window of time that comes back on days of the week or of the month, from one time of the day to another, as the clocks of its zone show them: where they are put back in
// it, it is an hour longer, where they are put forward, an hour shorter.
type Schedule struct {
	// Days on which it begins: mon, tue, wed, thu, fri, sat, sun. Either these are set or MonthDays.
	Days []string `json:"days,omitempty"`
	// MonthDays on which it begins: 1 to 31, or -1 for the last day of the month to -31. A month without the day is passed over.
	MonthDays []int `json:"month_days,omitempty"`
	// From and To are times of the day, hh:mm; To may be 24:00. When To is not later, it is that of the next day.
	From string `json:"from"`
	To   string `json:"to"`
	// Zone is the name of a time zone, e.g. Europe/Berlin.
	Zone string `json:"zone"`
	// First and Last are the first and the last day on which it may begin, YYYY-MM-DD; empty: any.
	First string `json:"first,omitempty"`
	Last  string `json:"last,omitempty"`
}

// Window is one occurrence of a Schedule: from Start up to End.
type Window struct{ Start, End time.Time }

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

const (
	day = 24 * time.Hour
	// searched is how many days are looked through for the next window: a month without a 31st stands between two with one.
	searched = 100
)

// ParseSchedule reads what Schedule.String writes: days, times and zone, such as "tue,fri 02:00-04:00 Europe/Berlin", "1,-1 23:00-01:30 UTC" or "daily 02:00-03:00 UTC".
func ParseSchedule(text string) (s Schedule, err error) {
	days, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	times, zone, ok := strings.Cut(strings.TrimSpace(rest), " ")
	from, to, both := strings.Cut(times, "-")
	if !ok || !both {
		return s, fmt.Errorf(`%.100q is not days, times and a zone, such as "tue,fri 02:00-04:00 Europe/Berlin"`, text)
	}
	s = Schedule{From: from, To: to, Zone: strings.TrimSpace(zone)}
	for _, d := range strings.Split(strings.ToLower(days), ",") {
		if n, err := strconv.Atoi(d); err == nil {
			s.MonthDays = append(s.MonthDays, n)
		} else if d == "daily" {
			s.Days = append(s.Days, weekdays...)
		} else {
			s.Days = append(s.Days, d)
		}
	}
	_, err = s.timetable()
	return s, err
}

// String is the schedule in a line.
func (s Schedule) String() string {
	days := slices.Clone(s.Days)
	if len(days) == len(weekdays) {
		days = []string{"daily"}
	}
	for _, d := range s.MonthDays {
		days = append(days, strconv.Itoa(d))
	}
	text := fmt.Sprintf("%s %s-%s %s", strings.Join(days, ","), s.From, s.To, s.Zone)
	if s.First != "" {
		text += " from " + s.First
	}
	if s.Last != "" {
		text += " until " + s.Last
	}
	return text
}

// Next is the first window that ends after an instant, and false when there is none any more.
func (s Schedule) Next(after time.Time) (Window, bool) {
	t, err := s.timetable()
	if err != nil {
		return Window{}, false
	}
	for w := range t.windows(after) {
		return w, true
	}
	return Window{}, false
}

// Validate tells what is wrong with the schedule.
func (s Schedule) Validate() error {
	_, err := s.timetable()
	return err
}

// timetable is a Schedule that has been read.
type timetable struct {
	schedule    Schedule
	from, to    time.Duration // after midnight; to is later than from, by a day at most
	first, last time.Time     // midnights; zero: none
	zone        *time.Location
}

func (s Schedule) timetable() (t timetable, err error) {
	t.schedule = s
	if (len(s.Days) == 0) == (len(s.MonthDays) == 0) {
		return t, errors.New("name either days of the week or days of the month")
	}
	for i, d := range s.Days {
		if !slices.Contains(weekdays, d) || slices.Contains(s.Days[:i], d) {
			return t, fmt.Errorf("days: %.20q is none of mon, tue, wed, thu, fri, sat, sun, or stands there twice", d)
		}
	}
	for i, d := range s.MonthDays {
		if d == 0 || d < -31 || d > 31 || slices.Contains(s.MonthDays[:i], d) {
			return t, fmt.Errorf("month_days: %d is not from 1 to 31 or, from the end, -1 to -31, or stands there twice", d)
		}
	}
	if t.from, err = timeOfDay(s.From); err != nil || t.from == day {
		return t, fmt.Errorf("from: %.20q is no time of the day such as 02:00", s.From)
	}
	if t.to, err = timeOfDay(s.To); err != nil {
		return t, fmt.Errorf("to: %.20q is no time of the day such as 04:00", s.To)
	}
	if t.to <= t.from {
		t.to += day
	}
	// time.LoadLocation takes Local and nothing for a zone, which are others elsewhere.
	if t.zone, err = time.LoadLocation(s.Zone); err != nil || s.Zone == "" || s.Zone == "Local" {
		return t, fmt.Errorf("zone: %.60q is no time zone such as Europe/Berlin", s.Zone)
	}
	if t.first, err = dayNamed(s.First); err != nil {
		return t, fmt.Errorf("first: %w", err)
	}
	if t.last, err = dayNamed(s.Last); err != nil {
		return t, fmt.Errorf("last: %w", err)
	}
	if !t.last.IsZero() && t.last.Before(t.first) {
		return t, errors.New("last: it lies before first")
	}
	return t, nil
}

// dayNamed is a day's midnight; zero: none is named.
func dayNamed(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, fmt.Errorf("%.20q is no day such as 2026-12-31", text)
	}
	return t, nil
}

func timeOfDay(text string) (time.Duration, error) {
	if text == "24:00" {
		return day, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, errors.New("no time of the day")
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// windows are those that end after an instant, in order, for about three months.
func (t timetable) windows(after time.Time) func(yield func(Window) bool) {
	return func(yield func(Window) bool) {
		date := midnight(after.In(t.zone)).Add(-2 * day)
		if date.Before(t.first) {
			date = t.first
		}
		for range searched {
			if !t.last.IsZero() && date.After(t.last) {
				return
			}
			if t.begins(date) {
				w := Window{clocks.Begin(date.Add(t.from), t.zone), clocks.End(date.Add(t.to), t.zone)}
				if w.End.After(after) && w.End.After(w.Start) && !yield(w) {
					return
				}
			}
			date = date.Add(day)
		}
	}
}

// midnight is the beginning of a day as a reading of clocks: readings are kept as if they were of UTC.
func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

func (t timetable) begins(date time.Time) bool {
	if slices.Contains(t.schedule.Days, weekdays[date.Weekday()]) {
		return true
	}
	left := date.AddDate(0, 1, 1-date.Day()).Sub(date) / day // days up to the first of the next month
	return slices.Contains(t.schedule.MonthDays, date.Day()) || slices.Contains(t.schedule.MonthDays, -int(left))
}
