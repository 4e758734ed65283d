package console

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// silenceLimit is how many silences are kept; of more, the one that ends first is forgotten.
	silenceLimit = 10_000
	// matcherLimit is how many matchers a silence may have.
	matcherLimit = 50
	// countLimit is how many silences are shown with what they mute, those that began first.
	countLimit = 1000
	// longestSilence bounds how long a silence lasts: a mistyped year must not mute for ever.
	longestSilence = 366 * 24 * time.Hour
)

// Silence mutes the notifications of what all its matchers match. Times are microseconds since the Unix epoch.
type Silence struct {
	ID string `json:"id"`
	// Matchers are each like name="value", with = != =~ or !~.
	Matchers []string `json:"matchers"`
	By       string   `json:"by"`
	Comment  string   `json:"comment"`
	Start    int64    `json:"start"`
	End      int64    `json:"end"`
	// Recurrence is the id of the recurrence that it is one window of; empty: it stands by itself.
	Recurrence string `json:"recurrence,omitempty"`
	// Mutes is how much it matches now; nil: it was not counted.
	Mutes *Muted `json:"mutes,omitempty"`
}

// Muted is how much matchers match.
type Muted struct {
	// Streams are those of which some defect may be matched, Defects those that are open.
	Streams int `json:"streams"`
	Defects int `json:"defects"`
}

// Scope is what matchers match.
type Scope struct {
	// Stream tells whether some defect of the stream may be matched, Defect whether that one is.
	Stream func(id string, labels map[string]string) bool
	Defect func(ev *schemas.DefectEvent) bool
}

// silenceID is what the ids of silences look like.
var silenceID = regexp.MustCompile(`^[0-9a-fA-F-]{1,64}$`)

// getSilences lists the silences that are in force or to come, the earliest first: GET /api/v1/silences, and with ?ended=true those that have
// ended of late too; with ?stream= those that may match a defect of the stream.
func (c *Console) getSilences(w http.ResponseWriter, r *http.Request) {
	ended, stream := r.FormValue("ended"), r.FormValue("stream")
	if ended != "" && ended != "true" && ended != "false" {
		writeError(w, http.StatusBadRequest, "ended is true or false")
		return
	}
	now := time.Now().UnixMicro()
	writeJSON(w, http.StatusOK, struct {
		Now      int64     `json:"now"`
		Silences []Silence `json:"silences"`
	}{now, c.board.allSilences(now, ended == "true", stream)})
}

// postSilence adds a silence in the name of who asks: POST /api/v1/silences. Without a start it begins now.
func (c *Console) postSilence(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Matchers []string `json:"matchers"`
		Start    int64    `json:"start"`
		End      int64    `json:"end"`
		Comment  string   `json:"comment"`
	}
	if !readBody(w, r, "silence", &body) {
		return
	}
	start := cmp.Or(body.Start, time.Now().UnixMicro())
	problem := wrongSilence(body.Matchers, body.Comment)
	switch length := body.End - start; {
	case problem != "":
	case start < 0 || body.End < 0 || length <= 0:
		problem = "end: it is to be after the start, both in microseconds since the Unix epoch"
	case length > longestSilence.Microseconds():
		problem = "end: a silence lasts 366 days at most"
	}
	if problem != "" {
		writeError(w, http.StatusBadRequest, problem)
		return
	}
	c.change(w, r, "silence", http.StatusCreated, func(ctx context.Context, by Actor) (any, error) {
		return c.deps.Silence(ctx, by, Silence{Matchers: body.Matchers, Comment: body.Comment, Start: start, End: body.End})
	})
}

// wrongSilence is what is wrong with the matchers and the comment of a silence; empty: nothing.
func wrongSilence(matchers []string, comment string) string {
	switch {
	case len(matchers) == 0 || len(matchers) > matcherLimit:
		return `matchers: give 1 to 50, such as stream="news-hd"`
	case comment == "":
		return "comment: say why"
	}
	return ""
}

// postExtension lets a silence that has not ended end at another time: POST /api/v1/silences/{id}/extend.
func (c *Console) postExtension(w http.ResponseWriter, r *http.Request) {
	var body struct {
		End int64 `json:"end"`
	}
	id := r.PathValue("id")
	if !silenceID.MatchString(id) {
		writeError(w, http.StatusNotFound, "there is no such silence")
		return
	}
	if !readBody(w, r, "extension", &body) {
		return
	}
	c.change(w, r, "extend a silence", http.StatusOK, func(ctx context.Context, by Actor) (any, error) {
		return c.deps.ExtendSilence(ctx, by, id, time.UnixMicro(body.End))
	})
}

// deleteSilence ends a silence now: DELETE /api/v1/silences/{id}.
func (c *Console) deleteSilence(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !silenceID.MatchString(id) {
		writeError(w, http.StatusNotFound, "there is no such silence")
		return
	}
	c.change(w, r, "end a silence", http.StatusOK, func(ctx context.Context, by Actor) (any, error) {
		return c.deps.EndSilence(ctx, by, id)
	})
}

// silence takes what stands of a silence and what it matches; nil: nothing any more.
func (b *board) silence(id string, s *Silence, scope *Scope) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s == nil {
		delete(b.silences, id)
		b.publish("unsilenced", "silence "+id, struct {
			ID string `json:"id"`
		}{id})
		return
	}
	b.silences[id] = &scopedSilence{s, scope}
	if len(b.silences) > silenceLimit {
		first := slices.MinFunc(slices.Collect(maps.Values(b.silences)), func(x, y *scopedSilence) int { return cmp.Or(cmp.Compare(x.End, y.End), cmp.Compare(x.ID, y.ID)) })
		delete(b.silences, first.ID)
	}
	b.publish("silence", "silence "+id, s)
}

// scopedSilence is a silence with what it matches; nil: its matchers cannot be read.
type scopedSilence struct {
	*Silence
	scope *Scope
}

// allSilences are those that are kept, the earliest first, with what they mute: those that have ended only when asked for, and those that may match a defect of the
// stream when one is named.
func (b *board) allSilences(now int64, ended bool, stream string) []Silence {
	silences, things := b.mutable()
	order := slices.SortedFunc(slices.Values(silences), func(x, y *scopedSilence) int { return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.ID, y.ID)) })
	all, counted := make([]Silence, 0, len(order)), 0
	for _, s := range order {
		over := s.End <= now
		if over && !ended || stream != "" && (s.scope == nil || !s.scope.Stream(stream, things.labels[stream])) {
			continue
		}
		shown := *s.Silence
		if !over && stream == "" && s.scope != nil && counted < countLimit {
			counted++
			streams, defects := things.matched(*s.scope)
			shown.Mutes = &Muted{len(streams), len(defects)}
		}
		all = append(all, shown)
	}
	return all
}

// mutable are the streams and open defects of an instant, so that nothing waits while they are compared with silences.
type mutable struct {
	labels map[string]map[string]string
	open   []*schemas.DefectEvent
}

// mutable is what can be muted now, and the silences.
func (b *board) mutable() (silences []*scopedSilence, m mutable) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m = mutable{labels: make(map[string]map[string]string, len(b.specs)), open: slices.Collect(maps.Values(b.open))}
	for id, spec := range b.specs {
		m.labels[id] = spec.Labels
	}
	return slices.Collect(maps.Values(b.silences)), m
}

// matched are the streams and open defects in the scope, in no order.
func (m *mutable) matched(scope Scope) (streams []string, defects []*schemas.DefectEvent) {
	for id, labels := range m.labels {
		if scope.Stream(id, labels) {
			streams = append(streams, id)
		}
	}
	for _, ev := range m.open {
		if scope.Defect(ev) {
			defects = append(defects, ev)
		}
	}
	return streams, defects
}
