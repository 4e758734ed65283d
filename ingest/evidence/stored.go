package evidence

import (
	"bytes"
	"errors"
	"net/http"
	"time"
)

// Serve serves GET /evidence/{file}, a defect's id and an extension, from a store.
func Serve(store Store) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("file")
		if err := checkName(name); err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		data, err := store.Get(r.Context(), name)
		switch {
		case errors.Is(err, ErrNotStored):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, "the store does not answer", http.StatusBadGateway)
		default:
			Write(w, r, name, data)
		}
	})
}

// Write answers with a stored file: with the type that its name tells, whatever is in it, and a clip as a download.
func Write(w http.ResponseWriter, r *http.Request, name string, data []byte) {
	h := w.Header()
	h.Set("Content-Type", typeOf(name))
	h.Set("Content-Disposition", disposition(name))
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// disposition keeps clips from being shown in the page that they are asked for by, with the console's rights.
func disposition(name string) string {
	if typeOf(name) == types[strip] {
		return "inline"
	}
	return `attachment; filename="` + name + `"`
}
