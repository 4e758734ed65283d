package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// tokenOf makes a token of the role that works for so long.
func tokenOf(t *testing.T, role console.Role, life time.Duration) (secret string, token console.Token) {
	t.Helper()
	secret, token, err := console.NewToken(role, time.Now().Add(life))
	if err != nil {
		t.Fatal(err)
	}
	return secret, token
}

// more is what a route needs that needs more than a viewer.
var more = map[string]console.Role{
	"POST /api/v1/defects/{id}/acknowledge":                   console.Operator,
	"POST /api/v1/defects/{id}/share":                         console.Operator,
	"POST /api/v1/silences":                                   console.Operator,
	"DELETE /api/v1/silences/{id}":                            console.Operator,
	"POST /api/v1/silences/{id}/extend":                       console.Operator,
	"POST /api/v1/recurrences":                                console.Operator,
	"DELETE /api/v1/recurrences/{id}":                         console.Operator,
	"POST /api/v1/verdicts":                                   console.Operator,
	"POST /api/v1/profiles/{name}/what-if":                    console.Operator,
	"PUT /api/v1/profiles/{name}":                             console.Admin,
	"DELETE /api/v1/profiles/{name}":                          console.Admin,
	"GET /api/v1/topics":                                      console.Operator,
	"GET /api/v1/topics/{topic}/records/{partition}/{offset}": console.Operator,
	"GET /api/v1/tap":                                         console.Operator,
	"GET /api/v1/audit":                                       console.Admin,
	"POST /api/v1/streams":                                    console.Admin,
	"PUT /api/v1/streams/{id}":                                console.Admin,
	"DELETE /api/v1/streams/{id}":                             console.Admin,
	"POST /api/v1/probe":                                      console.Admin,
}

// TestEveryRouteAsksWho tries each route as nobody, as each role, and with what does not count.
func TestEveryRouteAsksWho(t *testing.T) {
	viewer, viewerToken := tokenOf(t, console.Viewer, time.Hour)
	operator, operatorToken := tokenOf(t, console.Operator, time.Hour)
	admin, adminToken := tokenOf(t, console.Admin, time.Hour)
	old, oldToken := tokenOf(t, console.Admin, -time.Second)
	config := console.Config{
		Listen:       ":8080",
		Tokens:       map[string]console.Token{"wall": viewerToken, "desk": operatorToken, "boss": adminToken, "old": oldToken},
		Users:        map[string]console.User{"ops": {PasswordHash: hashOfSesame}, "guest": {PasswordHash: hashOfSesame, Role: console.Viewer}},
		TrustedProxy: &console.TrustedProxy{From: []string{"192.0.2.1/32"}, UserHeader: "X-User", RoleHeader: "X-Role"},
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	var done []string
	var failure error
	c := console.New(config, acting(&done, &failure))
	h := c.Handler()
	const proxy, elsewhere = "192.0.2.1:4711", "198.51.100.9:4711"
	bearer := func(secret string) []string { return []string{"Authorization", "Bearer " + secret} }
	basic := func(name string) []string {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth(name, "open sesame")
		return []string{"Authorization", r.Header.Get("Authorization")}
	}
	guests := []struct {
		name, from string
		header     []string
		role       console.Role
	}{
		{"nobody", elsewhere, nil, ""},
		{"a viewer's token", elsewhere, bearer(viewer), console.Viewer},
		{"an operator's token", elsewhere, bearer(operator), console.Operator},
		{"an admin's token", elsewhere, bearer(admin), console.Admin},
		{"an expired token", elsewhere, bearer(old), ""},
		{"a wrong token", elsewhere, bearer(admin + "x"), ""},
		{"the hash of a token", elsewhere, bearer(adminToken.SHA256), ""},
		{"a user without a role", elsewhere, basic("ops"), console.Operator},
		{"a user who may look", elsewhere, basic("guest"), console.Viewer},
		{"somebody who says that they come by the proxy", elsewhere, []string{"X-User", "eve", "X-Role", "admin"}, ""},
		{"by the proxy", proxy, []string{"X-User", "ann", "X-Role", "operator"}, console.Operator},
		{"by the proxy without a role", proxy, []string{"X-User", "ann"}, console.Viewer},
		{"by the proxy without a name", proxy, []string{"X-Role", "admin"}, ""},
	}
	for _, name := range []string{"ops", "guest"} { // a password is compared in time, which a request that is given up has not
		if w := get(h, "/api/v1/me", basic(name)...); w.Code != http.StatusOK {
			t.Fatalf("%s: status %d", name, w.Code)
		}
	}
	for _, route := range c.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		path = strings.NewReplacer("{id}", idOf(1), "{subject}", "s", "{name}", "p", "{version}", "1").Replace(path)
		least := console.Viewer
		if role, ok := more[route.Pattern]; ok {
			least = role
		}
		rank := map[console.Role]int{"": 0, console.Viewer: 1, console.Operator: 2, console.Admin: 3}
		for _, guest := range guests {
			done = nil
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // the event stream would not end
			r := httptest.NewRequestWithContext(ctx, method, "http://console.example.org"+path, strings.NewReader("{}"))
			r.RemoteAddr = guest.from
			for i := 0; i+1 < len(guest.header); i += 2 {
				r.Header.Set(guest.header[i], guest.header[i+1])
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			want := "in"
			switch {
			case guest.role == "":
				want = "401"
			case rank[guest.role] < rank[least]:
				want = "403"
			}
			got := map[int]string{401: "401", 403: "403"}[w.Code]
			if got == "" {
				got = "in"
			}
			if got != want || got != "in" && (len(done) > 0 || strings.Contains(w.Body.String(), "fw_")) {
				t.Errorf("%s as %s: %s (%d %s), want %s", route.Pattern, guest.name, got, w.Code, w.Body, want)
			}
		}
	}
}

func TestMe(t *testing.T) {
	secret, token := tokenOf(t, console.Viewer, time.Hour)
	c := console.New(console.Config{Tokens: map[string]console.Token{"wall": token}}, deps())
	if w := get(c.Handler(), "/api/v1/me", "Authorization", "Bearer "+secret); strings.TrimSpace(w.Body.String()) != `{"name":"wall","role":"viewer","way":"token"}` {
		t.Errorf("a token is told %s", w.Body)
	}
	if w := get(console.New(console.Defaults(), deps()).Handler(), "/api/v1/me"); strings.TrimSpace(w.Body.String()) != `{"name":"console","role":"admin","way":"loopback"}` {
		t.Errorf("who is asked for no name is told %s", w.Body)
	}
}

// An expired token ends the event stream that it opened.
func TestEventsEndWithTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret, token := tokenOf(t, console.Viewer, time.Minute)
		c := console.New(console.Config{Tokens: map[string]console.Token{"wall": token}}, deps())
		began := time.Now()
		w := get(c.Handler(), "/api/v1/events", "Authorization", "Bearer "+secret)
		if took := time.Since(began); w.Code != http.StatusOK || took != time.Minute {
			t.Errorf("status %d, it ended after %s", w.Code, took)
		}
	})
}

// TestTriesAreLimited: 30 wrong passwords for a name from one address and no more, then one each 10 s, from elsewhere it is open.
func TestTriesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret, token := tokenOf(t, console.Viewer, time.Hour)
		config := console.Config{Users: map[string]console.User{"ops": {PasswordHash: hashOfSesame}}, Tokens: map[string]console.Token{"wall": token}}
		h := console.New(config, deps()).Handler()
		try := func(from, name, password string) int {
			r := httptest.NewRequest("GET", "http://console.example.org/api/v1/me", nil)
			r.RemoteAddr = from
			r.SetBasicAuth(name, password)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if (w.Code == http.StatusTooManyRequests) != (w.Header().Get("Retry-After") != "") {
				t.Errorf("status %d, header %v", w.Code, w.Header())
			}
			return w.Code
		}
		for i := range 100 { // who is right uses nothing up
			if code := try("192.0.2.1:1", "ops", "open sesame"); code != http.StatusOK {
				t.Fatalf("right, %d times: status %d", i, code)
			}
		}
		for i := range 30 {
			if code := try("192.0.2.1:1", "ops", "guess"); code != http.StatusUnauthorized {
				t.Fatalf("wrong, %d times: status %d", i, code)
			}
		}
		for name, want := range map[string]int{"ops": 429, "others": 401} {
			if code := try("192.0.2.1:2", name, "guess"); code != want {
				t.Errorf("%s from there: status %d, want %d", name, code, want)
			}
		}
		if code := try("192.0.2.1:1", "ops", "open sesame"); code != http.StatusTooManyRequests {
			t.Errorf("a guess that is right after too many: status %d", code)
		}
		if code := try("192.0.2.2:1", "ops", "open sesame"); code != http.StatusOK {
			t.Errorf("from elsewhere: status %d", code)
		}
		time.Sleep(11 * time.Second)
		if code := try("192.0.2.1:1", "ops", "open sesame"); code != http.StatusOK {
			t.Errorf("11 s later: status %d", code)
		}
		// One machine can choose its address in a /64.
		for i := range 30 {
			try("[2001:db8::"+string("0123456789abcdef"[i%16])+"]:1", "ops", "guess")
		}
		if code := try("[2001:db8::ffff]:1", "ops", "guess"); code != http.StatusTooManyRequests {
			t.Errorf("from the same /64: status %d", code)
		}
		if w := get(h, "/api/v1/me", "Authorization", "Bearer "+secret); w.Code != http.StatusOK {
			t.Errorf("a token from a third address: status %d", w.Code)
		}
	})
}

func TestAccessIsValidated(t *testing.T) {
	_, token := tokenOf(t, console.Viewer, time.Hour)
	with := func(change func(*console.Token)) map[string]console.Token {
		changed := token
		change(&changed)
		return map[string]console.Token{"wall": changed}
	}
	proxy := func(from, user, role string) console.Config {
		return console.Config{TrustedProxy: &console.TrustedProxy{From: strings.Fields(from), UserHeader: user, DefaultRole: console.Role(role)}}
	}
	provider := func(change func(*console.OIDC)) console.Config {
		o := console.OIDC{Issuer: "https://id.example.org", ClientID: "fw", RedirectURL: "https://fw.example.org/auth/callback", DefaultRole: console.Viewer}
		change(&o)
		return console.Config{OIDC: &o}
	}
	for _, test := range []struct {
		config  console.Config
		problem string
	}{
		{console.Config{Tokens: map[string]console.Token{"wall": token}}, ""},
		{console.Config{Tokens: with(func(t *console.Token) { t.Role = "boss" })}, "token \"wall\": role \"boss\" is none of"},
		{console.Config{Tokens: with(func(t *console.Token) { t.Role = "" })}, "role"},
		{console.Config{Tokens: with(func(t *console.Token) { t.SHA256 = "fw_secret" })}, "64 hexadecimal digits"},
		{console.Config{Tokens: with(func(t *console.Token) { t.Expires = time.Time{} })}, "expires is missing"},
		{console.Config{Tokens: map[string]console.Token{"ops": token}, Users: map[string]console.User{"ops": {PasswordHash: hashOfSesame}}}, "that of a user"},
		{console.Config{Tokens: map[string]console.Token{"a": token, "b": token}}, `token "b": it is the same as "a"`},
		{console.Config{Users: map[string]console.User{"ops": {PasswordHash: hashOfSesame, Role: "root"}}}, "role \"root\" is none of"},
		{proxy("10.0.0.7/32 fd00::/64", "X-User", ""), ""},
		{proxy("", "X-User", ""), "from is empty"},
		{proxy("10.0.0.7", "X-User", ""), "no network"},
		{proxy("10.0.0.7/32 0.0.0.0/0", "X-User", ""), "everybody"},
		{proxy("10.0.0.7/32", "", ""), "user_header"},
		{proxy("10.0.0.7/32", "authorization", ""), "no header for this"},
		{proxy("10.0.0.7/32", "X-User", "boss"), `role "boss"`},
		{provider(func(*console.OIDC) {}), ""},
		{provider(func(o *console.OIDC) { o.Issuer = "http://id.example.org" }), "issuer is not an https"},
		{provider(func(o *console.OIDC) { o.Issuer = "http://127.0.0.1:5556" }), ""},
		{provider(func(o *console.OIDC) { o.RedirectURL = "https://fw.example.org/" }), "/auth/callback"},
		{provider(func(o *console.OIDC) { o.RedirectURL = "https://u:hunter2@fw.example.org/auth/callback" }), "redirect_url is not"},
		{provider(func(o *console.OIDC) { o.ClientID = "" }), "client_id"},
		{provider(func(o *console.OIDC) { o.ClientSecretFile = "/does/not/exist" }), "client_secret_file"},
		{provider(func(o *console.OIDC) { o.DefaultRole = "" }), "nobody could come in"},
		{provider(func(o *console.OIDC) { o.Roles = map[string]console.Role{"ops": "boss"} }), `roles: role "boss"`},
		{provider(func(o *console.OIDC) { o.Session = time.Second }), "session 1s"},
	} {
		test.config.Listen = ":8080"
		err := test.config.Validate()
		if (err == nil) != (test.problem == "") || err != nil && (!strings.Contains(err.Error(), test.problem) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("got %v, want %q", err, test.problem)
		}
	}
	shown, err := yaml.Marshal(console.Config{Tokens: map[string]console.Token{"wall": token}, Users: map[string]console.User{"ops": {PasswordHash: hashOfSesame}}})
	if err != nil || strings.Contains(string(shown), token.SHA256) || !strings.Contains(string(shown), "role: viewer") || !strings.Contains(string(shown), "role: operator") {
		t.Errorf("shown as %s, %v", shown, err)
	}
}

// TestOtherSites: what another site's page sends changes nothing, in whatever way the browser's user is recognised.
func TestOtherSites(t *testing.T) {
	var done []string
	var failure error
	c := console.New(console.Defaults(), acting(&done, &failure))
	c.Defect(&schemas.DefectEvent{ID: idOf(1), Revision: 1, State: "opened", Stream: "news", Labels: []schemas.Label{}})
	for pattern := range more {
		method, path, _ := strings.Cut(pattern, " ")
		if method == http.MethodGet {
			continue
		}
		for _, header := range [][]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
			w := send(c.Handler(), method, strings.ReplaceAll(path, "{id}", idOf(1)), "{}", header...)
			if w.Code != http.StatusForbidden || len(done) > 0 {
				t.Errorf("%s with %v: status %d, done %q", pattern, header, w.Code, done)
			}
		}
	}
}

func TestAudit(t *testing.T) {
	var since time.Time
	list := make([]console.Change, 1_002)
	list[1_001].By = "ann"
	d := deps()
	d.Changes = func(_ context.Context, from time.Time) ([]console.Change, error) {
		since = from
		return list, nil
	}
	h := console.New(console.Defaults(), d).Handler()
	got := decode[struct {
		LeftOff int `json:"left_off"`
		Changes []console.Change
	}](t, get(h, "/api/v1/audit?from=5"))
	if since != time.UnixMicro(5) || got.LeftOff != 2 || len(got.Changes) != 1_000 || got.Changes[999].By != "ann" {
		t.Errorf("since %s there are %d changes, %d left off", since, len(got.Changes), got.LeftOff)
	}
	if get(h, "/api/v1/audit"); time.Since(since) < 24*time.Hour || time.Since(since) > 25*time.Hour {
		t.Errorf("without a time they are since %s", since)
	}
	if w := get(h, "/api/v1/audit?from=x"); w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
}
