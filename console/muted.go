package console

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// mutedShown is how many streams and how many defects of what matchers match are named.
	mutedShown = 200
	// labelNames and labelValues bound what is suggested for matchers.
	labelNames, labelValues = 200, 2000
)

// getMuted tells what a silence would mute now: GET /api/v1/silences/preview?matcher=, once for each matcher.
func (c *Console) getMuted(w http.ResponseWriter, r *http.Request) {
	matchers := r.URL.Query()["matcher"]
	if len(matchers) == 0 || len(matchers) > matcherLimit || slices.ContainsFunc(matchers, func(m string) bool { return len(m) > longestFilter }) {
		writeError(w, http.StatusBadRequest, `matcher: give 1 to 50 of at most 1,000 bytes, such as stream="news-hd"`)
		return
	}
	scope, err := c.deps.Scope(matchers)
	if err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}
	streams, defects := c.board.inScope(*scope)
	writeJSON(w, http.StatusOK, struct {
		Now   int64 `json:"now"`
		Mutes Muted `json:"mutes"`
		// Streams and Defects are the first of them.
		Streams []string `json:"streams"`
		Defects []Defect `json:"defects"`
	}{time.Now().UnixMicro(), Muted{len(streams), len(defects)}, streams[:min(len(streams), mutedShown)], defects[:min(len(defects), mutedShown)]})
}

// inScope are the streams, in order of id, and the open defects that are in a scope, the most severe first.
func (b *board) inScope(scope Scope) (streams []string, defects []Defect) {
	_, things := b.mutable()
	streams, events := things.matched(scope)
	slices.Sort(streams)
	slices.SortFunc(events, worstFirst)
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, streams...), b.shownAll(events)
}

// getLabels lists what matchers can name, with the values that there are: GET /api/v1/labels.
func (c *Console) getLabels(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Now    int64               `json:"now"`
		Labels map[string][]string `json:"labels"`
	}{time.Now().UnixMicro(), c.board.allLabels(c.deps.Kinds)})
}

// ofDefects are labels that only a defect has, which those of streams may not have for a name.
var ofDefects = []string{"stream", "kind", "severity", "part", "defect", "escalation", "alertname"}

// allLabels are the names that matchers may have and values of each, both in order and bounded.
func (b *board) allLabels(kinds []string) map[string][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := map[string]map[string]bool{"stream": {}}
	add := func(name, value string) {
		if found[name] == nil {
			if len(found) >= labelNames {
				return
			}
			found[name] = map[string]bool{}
		}
		if len(found[name]) < labelValues {
			found[name][value] = true
		}
	}
	for id, spec := range b.specs {
		add("stream", id)
		for name, value := range spec.Labels {
			if slices.Contains(ofDefects, name) {
				name = "stream_" + name
			}
			if value != "" && strings.TrimSpace(name) == name {
				add(name, value)
			}
		}
	}
	for _, ev := range b.open {
		if ev.Part != "" {
			add("part", ev.Part)
		}
	}
	labels := map[string][]string{"kind": append([]string{}, kinds...), "severity": {"critical", "info", "warning"}}
	for name, values := range found {
		labels[name] = slices.Sorted(maps.Keys(values))
	}
	return labels
}
