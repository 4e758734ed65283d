package console

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// pageLimit is how long a page may be.
	pageLimit = 1000
	// longestCursor bounds what is taken for a cursor, bytes; longestFilter each other parameter.
	longestCursor = 1000
	longestFilter = 1000
)

// listing is what a request wants of a list.
type listing struct {
	values url.Values
	// limit is how many at most; 0: all.
	limit int
	// after is the last one of the page before; nil: from the beginning.
	after *place
	// labels that each must have.
	labels map[string]string
	// from and to bound the onset: not before from, before to. Zero bounds nothing.
	from, to time.Time
}

// place is where a page ends: what never changes of its last one. A cursor is its text.
type place struct {
	Onset int64  `json:"o,omitempty"`
	ID    string `json:"i"`
}

func (p place) String() string {
	text, _ := json.Marshal(p) // two plain fields
	return base64.RawURLEncoding.EncodeToString(text)
}

// readListing reads the parameters limit, cursor, label.NAME, from, to and those that are named. Others are mistakes, which would show more than is meant.
func readListing(w http.ResponseWriter, r *http.Request, names ...string) (q listing, ok bool) {
	q = listing{values: r.URL.Query(), labels: map[string]string{}}
	if problem := q.read(names); problem != "" {
		writeError(w, http.StatusBadRequest, problem)
		return q, false
	}
	return q, readInstants(w, r, map[string]*time.Time{"from": &q.from, "to": &q.to})
}

func (q *listing) read(names []string) (problem string) {
	for name, values := range q.values {
		label, isLabel := strings.CutPrefix(name, "label.")
		switch {
		case len(values) > 1:
			return fmt.Sprintf("%.40q is given more than once", name)
		case len(values[0]) > longestFilter:
			return fmt.Sprintf("%.40q has more than %d bytes", name, longestFilter)
		case isLabel:
			q.labels[label] = values[0]
		case name != "limit" && name != "cursor" && !slices.Contains(names, name):
			return fmt.Sprintf("%.40q is no parameter of this: limit, cursor, label.NAME, %s", name, strings.Join(names, ", "))
		}
	}
	if text := q.values.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > pageLimit {
			return fmt.Sprintf("limit is to be from 1 to %d", pageLimit)
		}
		q.limit = n
	}
	if text := q.values.Get("cursor"); text != "" {
		decoded, err := base64.RawURLEncoding.DecodeString(text[:min(len(text), longestCursor)])
		if err != nil || json.Unmarshal(decoded, &q.after) != nil || q.after == nil || q.after.ID == "" {
			return "cursor is none that this list has given as next: begin without one"
		}
	}
	return ""
}

// paged tells whether pages are asked for.
func (q *listing) paged() bool { return q.limit > 0 || q.after != nil }

// is tells whether a value is the one that is asked for, if one is.
func (q *listing) is(name, value string) bool {
	want := q.values.Get(name)
	return want == "" || want == value
}

// wants tells whether a defect is asked for.
func (q *listing) wants(d Defect) bool {
	onset := time.UnixMicro(d.Onset)
	return q.is("stream", d.Stream) && q.is("kind", d.Kind) && q.is("severity", d.Severity) && q.labelled(labelsOf(d.Labels)) &&
		!onset.Before(q.from) && (q.to.IsZero() || onset.Before(q.to))
}

func (q *listing) labelled(labels map[string]string) bool {
	for name, value := range q.labels {
		if had, ok := labels[name]; !ok || had != value {
			return false
		}
	}
	return true
}

func labelsOf(list []schemas.Label) map[string]string {
	labels := make(map[string]string, len(list))
	for _, l := range list {
		labels[l.Name] = l.Value
	}
	return labels
}

// byOnset orders defects by what never changes: the latest onset first, then by id.
func byOnset(x, y place) int { return cmp.Or(cmp.Compare(y.Onset, x.Onset), cmp.Compare(x.ID, y.ID)) }

// byID orders streams.
func byID(x, y place) int { return cmp.Compare(x.ID, y.ID) }

// cut is the page of a list, which is in order, and the cursor of the next one; empty: it is the last.
func cut[T any](q listing, list []T, where func(T) place, order func(x, y place) int) (page []T, next string) {
	if q.after != nil {
		if i := slices.IndexFunc(list, func(v T) bool { return order(where(v), *q.after) > 0 }); i >= 0 {
			list = list[i:]
		} else {
			list = list[:0]
		}
	}
	if q.limit == 0 || len(list) <= q.limit {
		return list, ""
	}
	return list[:q.limit], where(list[q.limit-1]).String()
}
