package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

const (
	// longestSeries is the longest stretch that one request may ask for, closeSeries the longest of which each record is looked at: longer ones are of roll-ups.
	longestSeries, closeSeries = 24 * time.Hour, 10 * time.Minute
	// mostPoints bounds the points of one figure, usualPoints is how many they are where nothing is asked.
	mostPoints, usualPoints = 2000, 600
	// shortestStep is that of points, so that each holds a picture as a rule.
	shortestStep = 40 * time.Millisecond
	// aroundDefect is how much is shown before and after a defect.
	aroundDefect = 10 * time.Second
	// seriesWait bounds the reading of the log for one request.
	seriesWait = time.Minute
)

// Sample is a figure at an instant, microseconds since the Unix epoch; of a roll-up its least and largest value in the span that ends there. Of what is not
// known Min and Max are no numbers.
type Sample struct {
	At       int64
	Min, Max float64
}

// Series is one figure over time. A point is where there are samples in its step; between points that are further apart than samples ever are stands one without value.
type Series struct {
	Name string `json:"name"`
	Part string `json:"part,omitempty"`
	Unit string `json:"unit"`
	// At are the beginnings of the steps, microseconds since the Unix epoch, Min and Max the least and the largest sample in them; null: nothing is known.
	At  []int64    `json:"at"`
	Min []*float64 `json:"min"`
	Max []*float64 `json:"max"`

	last int64
}

// Traced is what a defect was made of.
type Traced struct {
	// Raise and Clear are the levels of the rule.
	Raise, Clear float64
	Unit         string
}

// stretch of time, in microseconds since the Unix epoch, in steps.
type stretch struct{ from, to, step int64 }

// add puts in the next sample. Samples come in the order of time, each within the stretch.
func (s *Series) add(in stretch, x Sample, apart time.Duration) {
	at := in.from + (x.At-in.from)/in.step*in.step
	value := func(v float64) *float64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return &v
	}
	low, high := value(x.Min), value(x.Max)
	n := len(s.At)
	switch {
	case n > 0 && s.At[n-1] >= at:
		if low != nil && (s.Min[n-1] == nil || *low < *s.Min[n-1]) {
			s.Min[n-1] = low
		}
		if high != nil && (s.Max[n-1] == nil || *high > *s.Max[n-1]) {
			s.Max[n-1] = high
		}
	default:
		if n > 0 && x.At-s.last > max(apart.Microseconds(), 2*in.step) {
			s.At, s.Min, s.Max = append(s.At, s.At[n-1]+in.step), append(s.Min, nil), append(s.Max, nil)
		}
		s.At, s.Min, s.Max = append(s.At, at), append(s.Min, low), append(s.Max, high)
	}
	s.last = x.At
}

// getSeries shows the main figures of a stream over time: GET /api/v1/streams/{id}/series?from=&to=&points=, in microseconds since the Unix epoch; without them
// the last five minutes. Of up to ten minutes each picture and each 100 ms of sound counts, of longer stretches, up to a day, the roll-ups of 10 s do.
func (c *Console) getSeries(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if _, _, ok := c.board.one(id); !ok {
		writeError(w, http.StatusNotFound, "no such stream")
		return
	}
	in, err := stretchOf(r, time.Now())
	if err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}
	close := time.Duration(in.to-in.from)*time.Microsecond <= closeSeries
	apart := 1500 * time.Millisecond
	if !close {
		apart = 25 * time.Second
	}
	all := map[string]*Series{}
	series := []*Series{}
	err = c.readLog(r.Context(), func(ctx context.Context) error {
		return c.deps.Series(ctx, id, c.board.lane(id), in.from, in.to, close, func(name, unit string, x Sample) {
			s := all[name]
			if s == nil {
				s = &Series{Name: name, Unit: unit}
				all[name], series = s, append(series, s)
			}
			if x.At >= in.from && x.At < in.to {
				s.add(in, x, apart)
			}
		})
	})
	if err != nil {
		c.failed(w, "read a stream's figures", err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Now    int64     `json:"now"`
		From   int64     `json:"from"`
		To     int64     `json:"to"`
		Series []*Series `json:"series"`
	}{time.Now().UnixMicro(), in.from, in.to, series})
}

// getTrace shows what a defect was made of: GET /api/v1/defects/{id}/trace. It is the rule's figure from ten seconds before the defect, for five minutes at most.
func (c *Console) getTrace(w http.ResponseWriter, r *http.Request) {
	ev, err := c.eventOf(r.Context(), r.PathValue("id"))
	if err != nil {
		c.failed(w, "trace a defect", err)
		return
	}
	from, now := begin(ev)-aroundDefect.Microseconds(), time.Now().UnixMicro()
	to := min(max(ev.End, ev.Detected)+aroundDefect.Microseconds(), from+(5*time.Minute).Microseconds(), now)
	in := stretch{from, to, max((to-from)/usualPoints, shortestStep.Microseconds())}
	s := &Series{Name: ev.Kind, Part: ev.Part, At: []int64{}, Min: []*float64{}, Max: []*float64{}}
	var traced Traced
	err = c.readLog(r.Context(), func(ctx context.Context) (err error) {
		traced, err = c.deps.Trace(ctx, ev, c.board.lane(ev.Stream), in.from, in.to, func(x Sample) {
			if x.At >= in.from && x.At < in.to {
				s.add(in, x, 2500*time.Millisecond)
			}
		})
		return err
	})
	if err != nil {
		c.failed(w, "trace a defect", err)
		return
	}
	s.Unit = traced.Unit
	writeJSON(w, http.StatusOK, struct {
		Now    int64   `json:"now"`
		From   int64   `json:"from"`
		To     int64   `json:"to"`
		Raise  float64 `json:"raise"`
		Clear  float64 `json:"clear"`
		Series *Series `json:"series"`
	}{now, in.from, in.to, traced.Raise, traced.Clear, s})
}

// readLog has the log read for one request at a time.
func (c *Console) readLog(ctx context.Context, read func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, seriesWait)
	defer cancel()
	select {
	case c.plotting <- struct{}{}:
		defer func() { <-c.plotting }()
		return read(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stretchOf is what a request asks for.
func stretchOf(r *http.Request, now time.Time) (in stretch, err error) {
	number := func(name string, otherwise int64) int64 {
		text := r.FormValue(name)
		if text == "" {
			return otherwise
		}
		n, wrong := strconv.ParseInt(text, 10, 64)
		if wrong != nil || n < 0 || n > math.MaxInt64/2 {
			err = cmp.Or(err, fmt.Errorf("%s is to be a whole number from 0", name))
		}
		return n
	}
	to := number("to", now.UnixMicro())
	from, points := number("from", to-(5*time.Minute).Microseconds()), number("points", usualPoints)
	switch {
	case err != nil:
	case from >= to:
		err = errors.New("from is to be before to")
	case to-from > longestSeries.Microseconds():
		err = fmt.Errorf("from and to are to be %v apart at most", longestSeries)
	case points < 1 || points > mostPoints:
		err = fmt.Errorf("points is to be from 1 to %d", mostPoints)
	}
	if err != nil {
		return in, err
	}
	return stretch{from, to, max((to-from)/points, shortestStep.Microseconds())}, nil
}

// lane of a stream; empty: its own, or it is not monitored any more.
func (b *board) lane(id string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if spec := b.specs[id]; spec != nil {
		return spec.Lane
	}
	return ""
}
