package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// zippedKinds are the content types of answers that are compressed as they are made: what is told event by event is not among them, since it is to go out at once.
var zippedKinds = []string{"application/json", "text/html", "text/plain"}

// zippedFrom is the length from which on an answer is compressed, bytes.
const zippedFrom = 1400

// compressed sends answers of those kinds to who takes gzip as gzip, and says of all that they depend on it.
func compressed(inner http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.ContentTypes(zippedKinds), gzhttp.MinSize(zippedFrom), gzhttp.EnableZstd(false), gzhttp.SuffixETag("-gzip"))
	if err != nil {
		panic("console: " + err.Error()) // the options are fixed
	}
	return wrap(inner)
}

// takesGzip tells whether who asks takes gzip: RFC 9110, 12.5.3.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, weighted := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";q=")
		if strings.EqualFold(name, "gzip") {
			quality, err := strconv.ParseFloat(weight, 64)
			return !weighted || err == nil && quality > 0
		}
	}
	return false
}
