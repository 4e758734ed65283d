package console

import (
	"html/template"
	"net/http"
	"time"
)

// lite is the page without script: the same facts as tables, again each 10 s.
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

// getLite shows what is wrong, without script: GET /lite.
func (c *Console) getLite(w http.ResponseWriter, _ *http.Request) {
	shown := struct {
		Now, Firing int64
		Bad, Well   []Stream
		Open, Ended []liteDefect
	}{Now: time.Now().UnixMicro()}
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
