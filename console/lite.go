package console

import (
	"cmp"
	"html/template"
	"net/http"
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

// getLite shows what is wrong, without script: GET /lite. With ?refresh= the page loads itself again each so many seconds, from 5 to 3600: it does not unasked, since that takes away what
// somebody reads.
func (c *Console) getLite(w http.ResponseWriter, r *http.Request) {
	refresh, err := strconv.Atoi(cmp.Or(r.FormValue("refresh"), "5"))
	if err != nil || refresh < 5 || refresh > 3600 {
		writeError(w, http.StatusBadRequest, "refresh is from 5 to 3600 seconds")
		return
	}
	shown := struct {
		Refresh     string
		Now, Firing int64
		Bad, Well   []Stream
		Open, Ended []liteDefect
		Silences    []Silence
	}{Refresh: r.FormValue("refresh"), Now: time.Now().UnixMicro()}
	for _, s := range c.board.allSilences(shown.Now, false, "") {
		if s.Start <= shown.Now {
			shown.Silences = append(shown.Silences, s)
		}
	}
	for _, s := range c.board.streams() {
		if s.Lamp == Firing {
			shown.Firing++
		}
		if s.Lamp == OK {
			shown.Well = append(shown.Well, s)
		} else {
			shown.Bad = append(shown.Bad, s)
		}
	}
	for _, d := range c.board.openDefects() {
		shown.Open = append(shown.Open, liteDefect{d, true})
	}
	for _, d := range c.board.endedDefects() {
		if len(shown.Ended) == liteRecent {
			break
		}
		shown.Ended = append(shown.Ended, liteDefect{d, false})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := lite.Execute(w, shown); err != nil {
		c.deps.Log.Debug("send /lite", "error", err)
	}
}
