package console

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

// bodyBytes bounds what is taken of a request's body.
const bodyBytes = 16 << 10

// readBody decodes the one JSON object that the body is to be; false: it has answered what is wrong. what names the thing.
func readBody(w http.ResponseWriter, r *http.Request, what string, v any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		writeError(w, http.StatusUnsupportedMediaType, "the body is to be application/json")
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyBytes))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	if err == nil && decoder.Decode(new(any)) != io.EOF {
		err = errors.New("there is more than one object")
	}
	if err != nil {
		writeError(w, http.StatusBadRequest, "the body is no "+what+": "+err.Error())
		return false
	}
	return true
}
