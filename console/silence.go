package console

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"
)

const (
	// silenceLimit is how many silences are kept; of more, the one that ends first is forgotten.
	silenceLimit = 10_000
	// matcherLimit is how many matchers a silence may have.
	matcherLimit = 50
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
}

// silenceID is what the ids of silences look like.
var silenceID = regexp.MustCompile(`^[0-9a-fA-F-]{1,64}$`)

// getSilences lists the silences that are in force or to come, the earliest first: GET /api/v1/silences, and with ?ended=true those that have
// ended of late too.
func (c *Console) getSilences(w http.ResponseWriter, r *http.Request) {
	ended := r.FormValue("ended")
	if ended != "" && ended != "true" && ended != "false" {
		writeError(w, http.StatusBadRequest, "ended is true or false")
		return
	}
	now := time.Now().UnixMicro()
	writeJSON(w, http.StatusOK, struct {
		Now      int64     `json:"now"`
		Silences []Silence `json:"silences"`
	}{now, slices.DeleteFunc(c.board.allSilences(), func(s Silence) bool { return ended != "true" && s.End <= now })})
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
	problem := ""
	switch length := body.End - start; {
	case len(body.Matchers) == 0 || len(body.Matchers) > matcherLimit:
		problem = `matchers: give 1 to 50, such as stream="news-hd"`
	case body.Comment == "":
		problem = "comment: say why"
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

// silence takes what stands of a silence; nil: nothing any more.
func (b *board) silence(id string, s *Silence) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s == nil {
		delete(b.silences, id)
		b.publish("unsilenced", "silence "+id, struct {
			ID string `json:"id"`
		}{id})
		return
	}
	b.silences[id] = s
	if len(b.silences) > silenceLimit {
		first := slices.MinFunc(slices.Collect(maps.Values(b.silences)), func(x, y *Silence) int { return cmp.Or(cmp.Compare(x.End, y.End), cmp.Compare(x.ID, y.ID)) })
		delete(b.silences, first.ID)
	}
	b.publish("silence", "silence "+id, s)
}

// allSilences are those that are kept, the earliest first.
func (b *board) allSilences() []Silence {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Silence, 0, len(b.silences))
	for _, s := range b.silences {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(x, y Silence) int { return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.ID, y.ID)) })
	return all
}
