package evidence

import (
	"math"
	"net/http"
	"strconv"
)

// InstantHeader carries the instant of the picture that was served, in microseconds since the Unix epoch.
const InstantHeader = "X-Framewatch-At"

// LevelsHeader carries Picture.Levels, left out where there are none.
const LevelsHeader = "X-Framewatch-Levels"

// Handler serves GET /pictures/{stream}?at=<microseconds since the Unix epoch>: the newest JPEG not after that instant, the latest
// without one. The stream's id is path-escaped.
func (s *Pictures) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pictures/{stream}", s.serve)
	return mux
}

func (s *Pictures) serve(w http.ResponseWriter, r *http.Request) {
	// The latest picture is another one in a second; the newest before an instant can change only while that instant is now.
	w.Header().Set("Cache-Control", "no-cache")
	at, err := instant(r.URL.Query().Get("at"))
	if err != nil {
		http.Error(w, "at is not a number of microseconds since the Unix epoch", http.StatusBadRequest)
		return
	}
	p, err := s.Latest(r.PathValue("stream"), at)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(p.JPEG)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set(InstantHeader, strconv.FormatInt(p.At, 10))
	if p.Levels != "" {
		w.Header().Set(LevelsHeader, p.Levels)
	}
	w.Write(p.JPEG)
}

// instant reads the query; none means the end of time.
func instant(query string) (int64, error) {
	if query == "" {
		return math.MaxInt64, nil
	}
	return strconv.ParseInt(query, 10, 64)
}
