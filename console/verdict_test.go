package console_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// post sends body as JSON, as the user ops when there are users.
func post(handler http.Handler, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/api/v1/verdicts", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.SetBasicAuth("ops", "open sesame")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	keep(r, w)
	return w
}

// judging are deps that keep what is judged and answer with it.
func judging(author *string, said *console.Opinion, failure *error) console.Deps {
	d := deps()
	d.Judge = func(_ context.Context, who console.Actor, o console.Opinion) (console.Verdict, error) {
		*author, *said = who.Name, o
		return console.Verdict{Stream: "news", Verdict: schemas.Verdict{Label: o.Label, Author: who.Name}}, *failure
	}
	return d
}

func TestVerdictIsTheUsers(t *testing.T) {
	var author string
	var o console.Opinion
	var failure error
	config := console.Config{Users: map[string]console.User{"ops": {PasswordHash: hashOfSesame}}}
	h := console.New(config, judging(&author, &o, &failure)).Handler()
	w := post(h, `{"label":"false_alarm","defect":"d","note":"dark scene"}`)
	if w.Code != http.StatusCreated || author != "ops" || o != (console.Opinion{Label: "false_alarm", Defect: "d", Note: "dark scene"}) {
		t.Fatalf("status %d %s, %q said %+v", w.Code, w.Body, author, o)
	}
	if v := decode[console.Verdict](t, w); v.Stream != "news" || v.Label != "false_alarm" || v.Author != "ops" {
		t.Errorf("answered %+v", v)
	}
	post(console.New(console.Defaults(), judging(&author, &o, &failure)).Handler(), `{"label":"missed","stream":"s","kind":"black","start":5,"end":6}`)
	if author != "console" || o != (console.Opinion{Label: "missed", Stream: "s", Kind: "black", Start: 5, End: 6}) {
		t.Errorf("without users %q said %+v", author, o)
	}
}

func TestVerdictsThatAreNotTaken(t *testing.T) {
	var author string
	var o console.Opinion
	var failure error
	h := console.New(console.Defaults(), judging(&author, &o, &failure)).Handler()
	for _, test := range []struct {
		body   string
		header []string
		code   int
		want   string
	}{
		{`{"label":"confirmed","author":"somebody"}`, nil, 400, `unknown field \"author\"`},
		{`{"label":`, nil, 400, "the body is no verdict"},
		{`{"label":"confirmed"} {}`, nil, 400, "more than one object"},
		{`{"note":"` + strings.Repeat("x", 17<<10) + `"}`, nil, 400, "too large"},
		{`{"label":"confirmed"}`, []string{"Content-Type", "text/plain"}, 415, "application/json"},
		{`{"label":"confirmed"}`, []string{"Origin", "http://elsewhere.example"}, 403, ""},
	} {
		author = ""
		w := post(h, test.body, test.header...)
		if w.Code != test.code || !strings.Contains(w.Body.String(), test.want) || author != "" {
			t.Errorf("%.40s: status %d %s, judged by %q; want %d with %q", test.body, w.Code, w.Body, author, test.code, test.want)
		}
	}
	failure = console.Refusal{Reason: "label: it is odd"}
	if w := post(h, `{}`); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "label: it is odd") {
		t.Errorf("refused: status %d %s", w.Code, w.Body)
	}
	failure = errors.New("dial 10.0.0.7:9092: refused")
	if w := post(h, `{}`); w.Code != http.StatusBadGateway || strings.Contains(w.Body.String(), "10.0.0.7") {
		t.Errorf("our fault: status %d %s", w.Code, w.Body)
	}
}

func TestVerdictsAreListed(t *testing.T) {
	var asked console.VerdictQuery
	list := make([]console.Verdict, 10_002)
	list[10_001].Stream = "last"
	d := deps()
	d.Verdicts = func(_ context.Context, q console.VerdictQuery) ([]console.Verdict, error) {
		asked = q
		return list, nil
	}
	h := console.New(console.Defaults(), d).Handler()
	got := decode[struct {
		LeftOff  int `json:"left_off"`
		Verdicts []console.Verdict
	}](t, get(h, "/api/v1/verdicts?stream=s&kind=black&from=5&to=9"))
	if asked != (console.VerdictQuery{Stream: "s", Kind: "black", From: time.UnixMicro(5), To: time.UnixMicro(9)}) {
		t.Errorf("asked for %+v", asked)
	}
	if got.LeftOff != 2 || len(got.Verdicts) != 10_000 || got.Verdicts[9_999].Stream != "last" {
		t.Errorf("%d verdicts, %d left off", len(got.Verdicts), got.LeftOff)
	}
	if w := get(h, "/api/v1/verdicts?from=yesterday"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "from is to be microseconds") {
		t.Errorf("status %d %s", w.Code, w.Body)
	}
	list = nil
	if w := get(h, "/api/v1/verdicts"); !strings.Contains(w.Body.String(), `"verdicts":[]`) {
		t.Errorf("no verdicts are shown as %s", w.Body)
	}
}
