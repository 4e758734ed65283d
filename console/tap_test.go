package console_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

func TestTapQuery(t *testing.T) {
	d := deps()
	var asked console.TapQuery
	var failure error
	d.Tap = func(_ context.Context, q console.TapQuery, _ func(console.TapLine) error) error {
		asked = q
		return failure
	}
	c := console.New(console.Defaults(), d)
	c.Stream("news", &schemas.StreamSpec{Lane: "north"})
	h := c.Handler()
	failure = console.Refusal{Reason: "where: it is wrong"}
	if w := get(h, "/api/v1/tap?topic=defects&key=news&partition=3&rate=50&raw=true&from=1000000&where="+url.QueryEscape(`kind == "freeze"`)); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "where: it is wrong") {
		t.Errorf("a refusal is answered %d %s", w.Code, w.Body)
	}
	if want := (console.TapQuery{Topic: "defects", Partition: 3, Key: "news", Lane: "north", Where: `kind == "freeze"`, From: time.Unix(1, 0), Rate: 50, Raw: true}); asked != want {
		t.Errorf("asked is %+v, want %+v", asked, want)
	}
	get(h, "/api/v1/tap?topic=defects&key=other")
	if want := (console.TapQuery{Topic: "defects", Partition: -1, Key: "other", Lane: "other", Rate: 10}); asked != want {
		t.Errorf("asked is %+v, want %+v", asked, want)
	}
	for _, query := range []string{"", "topic=", "topic=a&rate=0", "topic=a&rate=101", "topic=a&partition=-1", "topic=a&partition=x", "topic=a&raw=1", "topic=a&from=yesterday", "topic=a&topic=b", "topic=a&limit=5",
		"topic=a&where=" + strings.Repeat("x", 1001)} {
		if w := get(h, "/api/v1/tap?"+query); w.Code != http.StatusBadRequest || asked.Topic != "defects" {
			t.Errorf("%.40q is answered %d %s", query, w.Code, w.Body)
		}
	}
}

// TestTapsAreBounded opens as many taps as may be open and one more; each ends with its client, and its lines are as the API's document says.
func TestTapsAreBounded(t *testing.T) {
	d := deps()
	ended := make(chan struct{}, 5)
	key := "news"
	d.Tap = func(ctx context.Context, _ console.TapQuery, give func(console.TapLine) error) error {
		defer func() { ended <- struct{}{} }()
		record := console.LogRecord{Topic: "defects", Key: &key, Headers: []console.LogHeader{{Name: "a", Value: "b"}}, Record: "DefectEvent", Value: map[string]any{"kind": "freeze"}}
		for _, l := range []console.TapLine{{Count: &console.TapCount{}}, {Record: &record}} {
			if err := give(l); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return nil
	}
	c := console.New(console.Defaults(), d)
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	document := document()
	schema, err := document.compiler.Compile("openapi.json#/components/schemas/TapLine")
	if err != nil {
		t.Fatal(err)
	}
	open := func(ctx context.Context) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/tap?topic=defects", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer
	}
	first, gone := context.WithCancel(t.Context())
	for i := range 4 {
		ctx := t.Context()
		if i == 0 {
			ctx = first
		}
		answer := open(ctx)
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Fatalf("tap %d: %s", i, answer.Status)
		}
		lines := bufio.NewReader(answer.Body)
		for range 2 {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			if err == nil {
				err = schema.Validate(v)
			}
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	if answer := open(t.Context()); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("a fifth tap: %s", answer.Status)
	}
	gone()
	<-ended
	for deadline := time.Now().Add(10 * time.Second); open(t.Context()).StatusCode != http.StatusOK; { // its place is free a moment later
		if time.Now().After(deadline) {
			t.Fatal("the place of a tap that has ended stays taken")
		}
	}
	c.Close()
	for range 4 {
		<-ended
	}
}

func TestLogRecord(t *testing.T) {
	d := deps()
	d.Record = func(_ context.Context, topic string, partition int32, offset int64) (console.LogRecord, error) {
		if offset > 9 {
			return console.LogRecord{}, console.Refusal{Reason: "gone", Status: http.StatusNotFound}
		}
		return console.LogRecord{Topic: topic, Partition: partition, Offset: offset, Headers: []console.LogHeader{}, Tombstone: true, Raw: "00"}, nil
	}
	h := console.New(console.Defaults(), d).Handler()
	if got := decode[console.LogRecord](t, get(h, "/api/v1/topics/defects.latest/records/3/7")); got.Topic != "defects.latest" || got.Partition != 3 || got.Offset != 7 {
		t.Errorf("it is %+v", got)
	}
	for _, path := range []string{"x/7", "3/x", "-1/7", "3/-1", "3/10", "99999999999/1"} {
		if w := get(h, "/api/v1/topics/defects/records/"+path); w.Code != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, w.Code)
		}
	}
}

// TestAuditIsTappedByAdmins: what people have changed is not for operators, by a tap no more than by its own route.
func TestAuditIsTappedByAdmins(t *testing.T) {
	operator, operatorToken := tokenOf(t, console.Operator, time.Hour)
	admin, adminToken := tokenOf(t, console.Admin, time.Hour)
	d := deps()
	d.Tap = func(context.Context, console.TapQuery, func(console.TapLine) error) error {
		return console.Refusal{Reason: "asked"}
	}
	d.Record = func(context.Context, string, int32, int64) (console.LogRecord, error) {
		return console.LogRecord{}, console.Refusal{Reason: "asked"}
	}
	h := console.New(console.Config{Listen: ":8080", Tokens: map[string]console.Token{"desk": operatorToken, "boss": adminToken}}, d).Handler()
	for secret, statuses := range map[string]map[string]int{
		operator: {"/api/v1/tap?topic=audit": http.StatusForbidden, "/api/v1/topics/audit/records/0/1": http.StatusForbidden, "/api/v1/tap?topic=defects": http.StatusBadRequest},
		admin:    {"/api/v1/tap?topic=audit": http.StatusBadRequest, "/api/v1/topics/audit/records/0/1": http.StatusBadRequest},
	} {
		for path, want := range statuses {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Authorization", "Bearer "+secret)
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != want {
				t.Errorf("%s is answered %d %s, want %d", path, w.Code, w.Body, want)
			}
		}
	}
}
