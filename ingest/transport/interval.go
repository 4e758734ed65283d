package transport

// The longest intervals that are right: of PAT and PMT (TR 101 290, 1.3a and 1.5a), of PCR (2.3a) and of PTS (2.5), in ticks.
const (
	tableMost = ticksPerSecond / 2
	pcrMost   = ticksPerSecond / 10
	ptsMost   = ticksPerSecond * 7 / 10
)

// interval is the time from one event to the next.
type interval struct {
	// limit is the longest that is right.
	limit int64
	// began is when the running one did, in which era; told how often it was counted as an error. It runs once running.
	began   int64
	era     int32
	running bool
	told    int64

	// Of the second: the longest, -1 when there was none, and the errors: each whole limit that passed in one.
	max    int64
	errors int64
}

// end ends the running interval at t and begins the next. One of another era was never measured.
func (i *interval) end(t int64, era int32) {
	if i.running && i.era == era {
		i.lasts(t - i.began)
	}
	i.begin(t, era)
}

// begin begins the next interval at t, whatever was before.
func (i *interval) begin(t int64, era int32) {
	i.running, i.began, i.era, i.told = true, t, era, 0
}

// lasts takes how long the running interval is by now.
func (i *interval) lasts(long int64) {
	if long <= 0 {
		return
	}
	i.max = max(i.max, long)
	if n := (long - 1) / i.limit; n > i.told {
		i.errors += n - i.told
		i.told = n
	}
}

// take hands out the second's figures, with what the running interval lasts at now. One is running from then on: what has never come is late as well.
func (i *interval) take(now int64, era int32) (longest, errors int64) {
	if i.running && i.era == era {
		i.lasts(now - i.began)
	} else {
		i.begin(now, era)
	}
	longest, errors = i.max, i.errors
	i.max, i.errors = -1, 0
	return longest, errors
}
