package console

import (
	"cmp"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// lite is the page without script: the same facts as tables.
var lite = template.Must(template.New("lite.tmpl").Funcs(template.FuncMap{
	"instant": func(micros int64) string { return time.UnixMicro(micros).UTC().Format("2006-01-02 15:04:05") },
}).ParseFS(web, "web/lite.tmpl"))

// liteRecent is how many of the ended defects it shows.
const liteRecent = 50

// liteDefect is a defect with whether it is open.
type liteDefect struct {
	Defect
	Open bool
}

// liteLabel is a label by which the page can be narrowed: its name, its values in order, and the one that is chosen; empty: any.
type liteLabel struct {
	Name, Chosen string
	Values       []string
}

// liteAddress is the page with the labels that are chosen.
type liteAddress map[string]string

// Again is its address when it loads itself each so many seconds; 0: it does not.
func (a liteAddress) Again(seconds int) string {
	query := url.Values{}
	for name, value := range a {
		query.Set("label."+name, value)
	}
	if seconds > 0 {
		query.Set("refresh", strconv.Itoa(seconds))
	}
	return "lite?" + query.Encode()
}

// liteValues is how many values of a label are offered.
const liteValues = 100

// getLite shows what is wrong, without script: GET /lite, narrowed by ?label.NAME=, where an empty value narrows nothing. With ?refresh= the page loads itself again each so many
// seconds, from 5 to 3600: it does not unasked, since that takes away what somebody reads.
func (c *Console) getLite(w http.ResponseWriter, r *http.Request) {
	q, ok := readListing(w, r, "refresh")
	if !ok {
		return
	}
	refresh, err := strconv.Atoi(cmp.Or(r.FormValue("refresh"), "5"))
	if err != nil || refresh < 5 || refresh > 3600 {
		writeError(w, http.StatusBadRequest, "refresh is from 5 to 3600 seconds")
		return
	}
	maps.DeleteFunc(q.labels, func(_, value string) bool { return value == "" })
	shown := struct {
		Refresh     string
		Here        liteAddress
		Now, Firing int64
		Labels      []liteLabel
		Bad, Well   []Stream
		Open, Ended []liteDefect
		Silences    []Silence
	}{Refresh: r.FormValue("refresh"), Here: q.labels, Now: time.Now().UnixMicro()}
	for _, s := range c.board.allSilences(shown.Now, false, "") {
		if s.Start <= shown.Now {
			shown.Silences = append(shown.Silences, s)
		}
	}
	streams := c.board.streams()
	shown.Labels = liteLabels(streams, q.labels)
	mine := map[string]bool{}
	for _, s := range streams {
		if !q.labelled(s.Labels) {
			continue
		}
		mine[s.ID] = true
		if s.Lamp == Firing {
			shown.Firing++
		}
		if s.Lamp == OK {
			shown.Well = append(shown.Well, s)
		} else {
			shown.Bad = append(shown.Bad, s)
		}
	}
	// Without a choice defects of streams that are gone are shown too.
	others := func(d Defect) bool { return len(q.labels) > 0 && !mine[d.Stream] }
	open, ended := c.board.defects()
	for _, d := range slices.DeleteFunc(open, others) {
		shown.Open = append(shown.Open, liteDefect{d, true})
	}
	ended = slices.DeleteFunc(ended, others)
	for _, d := range ended[:min(len(ended), liteRecent)] {
		shown.Ended = append(shown.Ended, liteDefect{d, false})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := lite.Execute(w, shown); err != nil {
		c.deps.Log.Debug("send /lite", "error", err)
	}
}

// liteLabels are all labels of streams, and what is chosen even when no stream has it.
func liteLabels(streams []Stream, chosen map[string]string) (list []liteLabel) {
	values := map[string]map[string]bool{}
	add := func(labels map[string]string) {
		for name, value := range labels {
			if values[name] == nil {
				values[name] = map[string]bool{}
			}
			values[name][value] = true
		}
	}
	add(chosen)
	for _, s := range streams {
		add(s.Labels)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		sorted := slices.Sorted(maps.Keys(values[name]))
		list = append(list, liteLabel{name, chosen[name], sorted[:min(len(sorted), liteValues)]})
	}
	return list
}
