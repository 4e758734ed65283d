package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/console"
)

// someRules are two kinds of defect with options of all types.
func someRules() []console.Rule {
	common := func(unit string, raise float64) []console.RuleOption {
		return []console.RuleOption{
			{Name: "raise", Type: "number", Unit: unit, Doc: "raise is the figure at and above which the verdict is bad.", Default: raise},
			{Name: "for", Type: "duration", Doc: "for is how long the verdict must be bad before the defect opens; at most 20s.", Default: "1s", Least: "0s", Most: "20s"},
			{Name: "severity", Type: "text", Doc: "severity when opened: info, warning or critical.", Default: "warning", Choices: []string{"info", "warning", "critical"}},
			{Name: "flaps", Type: "integer", Doc: "flaps is how many defects may come to their end before one more is held open.", Default: 5, Least: 0, Most: 100},
			{Name: "disabled", Type: "switch", Doc: "disabled turns the rule off.", Default: false},
		}
	}
	return []console.Rule{
		{Kind: "black", Doc: "Black judges whether the picture is black.", Unit: "share", Parents: []string{"no_signal"}, Options: append([]console.RuleOption{
			{Name: "level", Type: "integer", Doc: "level is the brightest luma that counts as black, on the 8-bit limited scale.", Default: 24}}, common("share", 0.98)...)},
		{Kind: "ts_error", Doc: "TSError judges MPEG-TS by ETSI TR 101 290.", Parents: []string{}, Options: append([]console.RuleOption{
			{Name: "ignore", Type: "list", Doc: "ignore are indicators that are not judged.", Default: []string{}}}, common("", 1)...)},
	}
}

// someProfiles are the default, one of the configuration file, and one that was made by the API.
func someProfiles() []console.Profile {
	text := func(rules string, matchers ...string) (p console.ProfileText) {
		p.Matchers = append([]string{}, matchers...)
		if err := json.Unmarshal([]byte(rules), &p.Rules); err != nil {
			panic(err)
		}
		return p
	}
	return []console.Profile{
		{Name: "default", Streams: 9, ProfileText: text(`{}`)},
		{Name: "films", Version: 7, Origin: "api", Streams: 2, ProfileText: text(`{"black":{"for":"3s"}}`, `genre="film"`)},
		{Name: "sport", Version: 3, Origin: "config", Streams: 3, ProfileText: text(`{"black":{"level":37}}`, `genre=~"sport|news"`)},
	}
}

func TestRulesAndProfiles(t *testing.T) {
	var done []string
	var failure error
	h := console.New(console.Defaults(), acting(&done, &failure)).Handler()
	rules := decode[struct{ Rules []console.Rule }](t, get(h, "/api/v1/rules"))
	if len(rules.Rules) != 2 || rules.Rules[0].Options[0].Name != "level" {
		t.Errorf("the rules are %+v", rules)
	}
	profiles := decode[struct{ Profiles []console.Profile }](t, get(h, "/api/v1/profiles"))
	if len(profiles.Profiles) != 3 || profiles.Profiles[1].Rules["black"]["for"] != "3s" {
		t.Errorf("the profiles are %+v", profiles)
	}
	if e := decode[console.EffectiveRules](t, get(h, "/api/v1/streams/news/rules")); e.Stream != "news" || e.Profile != "default" {
		t.Errorf("of news decides %+v", e)
	}
	published := decode[console.Profile](t, send(h, "PUT", "/api/v1/profiles/new%20one", `{"version":4,"matchers":["a=\"b\""],"priority":2,"rules":{"black":{"for":"2s"}}}`))
	if published.Name != "new one" || published.Version != 5 || published.Priority != 2 || published.Rules["black"]["for"] != "2s" {
		t.Errorf("published is %+v", published)
	}
	for _, test := range []struct {
		method, path, body string
		code               int
	}{
		{"DELETE", "/api/v1/profiles/films?version=7", "", 200},
		{"DELETE", "/api/v1/profiles/films", "", 400},
		{"DELETE", "/api/v1/profiles/films?version=-1", "", 400},
		{"PUT", "/api/v1/profiles/films", `{"selector":{}}`, 400},
		{"PUT", "/api/v1/profiles/films", `{"rules":{"black":5}}`, 400},
		{"PUT", "/api/v1/profiles/films", `{"rules":{"black":{"raise":"` + strings.Repeat("x", 16<<10) + `"}}}`, 400},
		{"POST", "/api/v1/profiles/films/what-if", `{"rules":{},"hours":25}`, 400},
		{"POST", "/api/v1/profiles/films/what-if", `{"rules":{},"hours":-1}`, 400},
		{"POST", "/api/v1/profiles/films/what-if", `{"rules":{},"streams":["` + strings.Repeat(`x","`, 50) + `x"]}`, 400},
		{"POST", "/api/v1/profiles/films/what-if", `{"rules":{},"streams":["n*"]}`, 200},
	} {
		if w := send(h, test.method, test.path, test.body); w.Code != test.code {
			t.Errorf("%s %s %.60s: status %d %s, want %d", test.method, test.path, test.body, w.Code, w.Body, test.code)
		}
	}
	if want := []string{"console loopback publish new one 4", "console loopback delete films 7", "  what if films 24 [n*]"}; !slices.Equal(done, want) {
		t.Errorf("done is %q, want %q", done, want)
	}
	failure = console.Refusal{Reason: "somebody has changed it since", Status: http.StatusConflict}
	for _, w := range []*httptest.ResponseRecorder{send(h, "PUT", "/api/v1/profiles/films", `{"rules":{}}`), send(h, "POST", "/api/v1/profiles/films/what-if", `{"rules":{}}`)} {
		if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "somebody has changed it since") {
			t.Errorf("refused: status %d %s", w.Code, w.Body)
		}
	}
}

// asked asks a what-if of a server and gives its lines.
func asked(t *testing.T, ctx context.Context, server *httptest.Server) (*http.Response, *bufio.Scanner) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "POST", server.URL+"/api/v1/profiles/default/what-if", strings.NewReader(`{"rules":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp, bufio.NewScanner(resp.Body)
}

// Each line of a what-if goes out at once, two are answered at a time and no more, and one ends with who asked or with the console.
func TestWhatIf(t *testing.T) {
	begun, ended := make(chan string, 3), make(chan error, 3)
	d := deps()
	d.WhatIf = func(ctx context.Context, q console.WhatIf, tell func(console.WhatIfLine) error) error {
		begun <- q.Profile
		if err := tell(console.WhatIfLine{Began: &console.WhatIfBegan{From: 1, To: 2, Streams: []string{"news"}}}); err != nil {
			return err
		}
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}
	c := console.New(console.Defaults(), d)
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	_, first := asked(t, ctx, server)
	resp, second := asked(t, t.Context(), server)
	for _, lines := range []*bufio.Scanner{first, second} {
		if <-begun; !lines.Scan() || lines.Text() != `{"began":{"from":1,"to":2,"streams":["news"],"streams_left_off":0}}` {
			t.Fatalf("the first line is %q, %v", lines.Text(), lines.Err())
		}
	}
	if kind := resp.Header.Get("Content-Type"); kind != "application/x-ndjson" {
		t.Errorf("it is sent as %q", kind)
	}
	if third, _ := asked(t, t.Context(), server); third.StatusCode != http.StatusServiceUnavailable || third.Header.Get("Retry-After") == "" {
		t.Errorf("a third: status %d", third.StatusCode)
	}
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("who goes away leaves %v", err)
	}
	c.Close()
	<-ended
	if second.Scan() {
		t.Errorf("after the end comes %q", second.Text())
	}
}

// What goes wrong on the way is told as the last line, without what is nobody's business.
func TestWhatIfBreaksOff(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{console.Refusal{Reason: "there would be more than 20000 defects"}, `{"error":"there would be more than 20000 defects"}`},
		{errors.New("dial 10.0.0.7: refused"), `{"error":"the log cannot be read now: the console's log says why"}`},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), `{"error":"it takes more than half an hour: ask for fewer hours or streams"}`},
		{nil, `{"whole":{"from":1,"to":2,"same":0,"added":0,"removed":0,"moved":0,"left_out":0,"changes":[],"changes_left_off":0}}`},
	} {
		d := deps()
		d.WhatIf = func(_ context.Context, _ console.WhatIf, tell func(console.WhatIfLine) error) error {
			return errors.Join(tell(console.WhatIfLine{Whole: &console.WhatIfPiece{From: 1, To: 2, Changes: []console.WhatIfChange{}}}), test.err)
		}
		w := send(console.New(console.Defaults(), d).Handler(), "POST", "/api/v1/profiles/default/what-if", `{"rules":{}}`)
		text, err := io.ReadAll(w.Body)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		if err != nil || lines[len(lines)-1] != test.want {
			t.Errorf("%v: the last line is %s, want %s", test.err, lines[len(lines)-1], test.want)
		}
		for _, line := range lines {
			if err := document().checkSchema("WhatIfLine", []byte(line)); err != nil {
				t.Errorf("%s is not as openapi.yaml says: %v", line, err)
			}
		}
	}
}
