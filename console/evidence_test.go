package console_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// What is stored of a defect is in the API's defects, and is passed on from the edge that stored it or from the stream's present one, if it
// is what the log says.
func TestEvidence(t *testing.T) {
	id := strings.Repeat("0af1", 8)
	held := map[string]string{} // by edge
	var asked []string
	d := deps()
	d.Stored = func(_ context.Context, edge, file string, bytes int64) ([]byte, error) {
		asked = append(asked, edge+" "+file)
		if held[edge] == "" {
			return nil, errors.New("connection refused")
		}
		return []byte(held[edge])[:min(bytes, int64(len(held[edge])))], nil
	}
	c := console.New(console.Defaults(), d)
	h := c.Handler()
	c.Stream("s", &schemas.StreamSpec{})
	c.Health("s", &schemas.Health{Edge: "http://new"})
	c.Defect(&schemas.DefectEvent{ID: id, State: "opened", Stream: "s"})
	type shown struct {
		Defects []struct {
			ID       string
			Evidence *console.Evidence
		}
	}
	if got := decode[shown](t, get(h, "/api/v1/defects")); got.Defects[0].ID != id || got.Defects[0].Evidence != nil {
		t.Errorf("before there is any: %+v", got)
	}
	edge := "http://old"
	c.Evidence(id, &schemas.Evidence{Stream: "s", ContentType: "video/mp4", Start: 1, End: 2, Bytes: 4, SHA256: sha256.Sum256([]byte("clip")), Keep: true, Edge: &edge,
		Filmstrip: &schemas.Filmstrip{Bytes: 5, SHA256: sha256.Sum256([]byte("strip"))}})
	base := "/api/v1/defects/" + id
	want := console.Evidence{Clip: base + "/clip", Filmstrip: base + "/filmstrip", ContentType: "video/mp4", Bytes: 4, Start: 1, End: 2, Keep: true}
	for _, path := range []string{"/api/v1/defects", "/api/v1/streams/s"} {
		if got := decode[shown](t, get(h, path)); got.Defects[0].Evidence == nil || *got.Defects[0].Evidence != want {
			t.Errorf("%s: %+v, want %+v", path, got.Defects[0].Evidence, want)
		}
	}
	for _, test := range []struct {
		path, old, new string
		status         int
		body           string
		asked          []string
	}{
		{"/clip", "clip", "", 200, "clip", []string{"http://old " + id + ".mp4"}},
		{"/clip", "", "clip", 200, "clip", []string{"http://old " + id + ".mp4", "http://new " + id + ".mp4"}},
		{"/clip", "evil", "clip", 200, "clip", []string{"http://old " + id + ".mp4", "http://new " + id + ".mp4"}},
		{"/clip", "", "", 502, "no edge gives it", []string{"http://old " + id + ".mp4", "http://new " + id + ".mp4"}},
		{"/filmstrip", "strip", "", 200, "strip", []string{"http://old " + id + ".jpg"}},
		{"/other", "clip", "clip", 404, "", nil},
	} {
		asked, held = nil, map[string]string{"http://old": test.old, "http://new": test.new}
		w := get(h, base+test.path)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.body) || !slices.Equal(asked, test.asked) {
			t.Errorf("%s of %v: %d %q after asking %q, want %d %q after %q", test.path, held, w.Code, w.Body, asked, test.status, test.body, test.asked)
		}
		if kind := w.Header().Get("Content-Type"); w.Code == 200 && kind != map[string]string{"/clip": "video/mp4", "/filmstrip": "image/jpeg"}[test.path] {
			t.Errorf("%s is of type %s", test.path, kind)
		}
		if as := w.Header().Get("Content-Disposition"); (test.path == "/clip" && w.Code == 200) != (as == fmt.Sprintf(`attachment; filename="framewatch-%s.mp4"`, id)) {
			t.Errorf("%s is sent as %q", test.path, as)
		}
	}
	// A part of it, as players ask for.
	held = map[string]string{"http://old": "clip"}
	if w := get(h, base+"/clip", "Range", "bytes=1-2"); w.Code != 206 || w.Body.String() != "li" {
		t.Errorf("a part: %d %q", w.Code, w.Body)
	}
	c.Evidence(id, &schemas.Evidence{Stream: "s", ContentType: "text/html", Bytes: 4})
	if w := get(h, base+"/clip"); w.Code != 404 {
		t.Errorf("of a type that is no clip's: %d %q", w.Code, w.Body)
	}
	c.Evidence(id, nil)
	if w := get(h, base+"/filmstrip"); w.Code != 404 {
		t.Errorf("dropped: %d %q", w.Code, w.Body)
	}
	c.Evidence("../../x", &schemas.Evidence{ContentType: "video/mp4"})
	if w := get(h, "/api/v1/defects/..%2F..%2Fx/clip"); w.Code != 404 {
		t.Errorf("of what is no defect's id: %d %q", w.Code, w.Body)
	}
}

// TestShare makes an address of a defect's filmstrip, if there is one.
func TestShare(t *testing.T) {
	var done []string
	var failure error
	c := console.New(console.Defaults(), acting(&done, &failure))
	h, path := c.Handler(), "/api/v1/defects/"+idOf(1)+"/share"
	if w := send(h, "POST", path, "{}"); w.Code != http.StatusNotFound || len(done) != 0 {
		t.Errorf("of a defect without a filmstrip: status %d, done %q", w.Code, done)
	}
	c.Evidence(idOf(1), &schemas.Evidence{Stream: "s", Filmstrip: &schemas.Filmstrip{Bytes: 5}})
	w := send(h, "POST", path, "{}")
	want := struct {
		Filmstrip string
		Until     int64
	}{"/shared/defects/" + idOf(1) + "/filmstrip?signature=right", 9}
	if got := want; w.Code != http.StatusOK || json.Unmarshal(w.Body.Bytes(), &got) != nil || got != want {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	if want := []string{"console loopback share " + idOf(1)}; !slices.Equal(done, want) {
		t.Errorf("done is %q, want %q", done, want)
	}
}

// TestSharedFilmstrip: who has a signed address sees that filmstrip, by whatever name of the console, and nothing else.
func TestSharedFilmstrip(t *testing.T) {
	id := strings.Repeat("0af1", 8)
	d := deps()
	d.Stored = func(context.Context, string, string, int64) ([]byte, error) { return []byte("strip"), nil }
	d.Shared = func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("signature") != "right" {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			inner.ServeHTTP(w, r)
		})
	}
	c := console.New(console.Defaults(), d)
	edge := "http://edge"
	c.Evidence(id, &schemas.Evidence{Stream: "s", Edge: &edge, Filmstrip: &schemas.Filmstrip{Bytes: 5, SHA256: sha256.Sum256([]byte("strip"))}})
	for path, want := range map[string]int{
		"/shared/defects/" + id + "/filmstrip?signature=right": 200,
		"/shared/defects/" + id + "/filmstrip?signature=wrong": 403,
		"/shared/defects/" + id + "/filmstrip":                 403,
		"/shared/defects/" + id + "/clip?signature=right":      421,
		"/api/v1/defects/" + id + "/filmstrip?signature=right": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "http://watch.example.org"+path, nil)
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
	}
}
