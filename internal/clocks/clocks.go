// Package clocks finds the instants at which the clocks of a zone show something, where they are put back and forward too. A reading, what clocks show,
// is kept as if it were a time of UTC.
package clocks

import (
	"slices"
	"time"
)

// farthest is more than the clocks of any zone are from those of UTC, and far enough from where clocks are put forward or back to be by the others.
const farthest = 26 * time.Hour

// Begin is the first instant at which the clocks of a zone show a reading, or when they are put forward over it.
func Begin(reading time.Time, zone *time.Location) time.Time {
	if at := showing(reading, zone); len(at) > 0 {
		return at[0]
	}
	return skipping(reading, zone)
}

// End is when the clocks of a zone have shown for the last time the second before a reading, or when they are put forward over that.
func End(reading time.Time, zone *time.Location) time.Time {
	if at := showing(reading.Add(-time.Second), zone); len(at) > 0 {
		return at[len(at)-1].Add(time.Second)
	}
	return skipping(reading, zone)
}

// showing are the instants, in order, at which the clocks show a reading: none where they are put forward over it, two where they are put back behind it.
func showing(reading time.Time, zone *time.Location) (at []time.Time) {
	for _, near := range []time.Duration{-farthest, farthest} {
		instant := reading.Add(-ahead(reading.Add(near), zone))
		if ahead(instant, zone) == reading.Sub(instant) && !slices.ContainsFunc(at, instant.Equal) {
			at = append(at, instant)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	return at
}

// skipping is when the clocks are put forward over a reading.
func skipping(reading time.Time, zone *time.Location) time.Time {
	start, _ := reading.Add(-ahead(reading.Add(-farthest), zone)).In(zone).ZoneBounds()
	return start.UTC()
}

// ahead is by how much the clocks are ahead of UTC.
func ahead(instant time.Time, zone *time.Location) time.Duration {
	_, seconds := instant.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
