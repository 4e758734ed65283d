package console_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"github.com/framewatch/framewatch/console"
)

// provider is an OpenID Connect provider that lets everyone in as whom claims are of.
type provider struct {
	*httptest.Server
	key *ecdsa.PrivateKey
	// claims go into the next token, over those that it needs.
	claims map[string]any
	// asked is the last request to authorize.
	asked url.Values
	// secrets that clients gave.
	secrets []string
}

func newProvider(t *testing.T) *provider {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key}
	meta := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k", Algorithm: oidc.ES256}}, Algorithms: []string{oidc.ES256}}
	mux := http.NewServeMux()
	mux.Handle("/", meta)
	mux.HandleFunc("/auth", p.authorize)
	mux.HandleFunc("/token", p.token)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	meta.SetIssuer(p.URL)
	return p
}

// authorize sends the browser back at once.
func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.asked = r.URL.Query()
	http.Redirect(w, r, p.asked.Get("redirect_uri")+"?"+url.Values{"code": {"the-code"}, "state": {p.asked.Get("state")}}.Encode(), http.StatusFound)
}

// token checks the client as a provider does, PKCE too.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	_, secret, _ := r.BasicAuth()
	p.secrets = append(p.secrets, secret)
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if r.FormValue("code") != "the-code" || p.asked.Get("code_challenge_method") != "S256" || base64.RawURLEncoding.EncodeToString(sum[:]) != p.asked.Get("code_challenge") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"you sent hunter2"}`)
		return
	}
	claims := map[string]any{"iss": p.URL, "aud": "fw", "sub": "subject-1", "nonce": p.asked.Get("nonce"), "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix()}
	maps.Copy(claims, p.claims)
	text, _ := json.Marshal(claims)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": oidctest.SignIDToken(p.key, "k", oidc.ES256, string(text))})
}

// signInTown is a console that lets in whom a provider knows.
type signInTown struct {
	*provider
	console *httptest.Server
	log     bytes.Buffer
}

func newSignInTown(t *testing.T) *signInTown {
	town := &signInTown{provider: newProvider(t)}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	town.console = httptest.NewUnstartedServer(nil)
	config := console.Config{Listen: ":8080", OIDC: &console.OIDC{
		Issuer: town.URL, ClientID: "fw", ClientSecretFile: secret, RedirectURL: "https://" + town.console.Listener.Addr().String() + "/auth/callback",
		Roles: map[string]console.Role{"noc": console.Operator, "everyone": console.Viewer},
	}}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	var done []string
	var failure error
	d := acting(&done, &failure)
	d.Log = slog.New(slog.NewTextHandler(&town.log, nil))
	town.console.Config.Handler = console.New(config, d).Handler()
	town.console.StartTLS()
	t.Cleanup(town.console.Close)
	return town
}

// browser keeps cookies and follows redirects.
func (town *signInTown) browser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := *town.console.Client()
	client.Jar = jar
	return &client
}

// open is what a browser that goes to path comes to see, and where.
func (town *signInTown) open(t *testing.T, client *http.Client, method, path string) (status int, text, at string) {
	t.Helper()
	r, err := http.NewRequest(method, town.console.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,*/*")
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body), resp.Request.URL.RequestURI()
}

func TestSignInAndOut(t *testing.T) {
	town := newSignInTown(t)
	town.claims = map[string]any{"preferred_username": "ann", "groups": []string{"everyone", "noc", "others"}}
	browser := town.browser(t)
	status, text, at := town.open(t, browser, "GET", "/api/v1/me?x=1")
	if status != http.StatusOK || strings.TrimSpace(text) != `{"name":"ann","role":"operator","way":"oidc"}` || at != "/api/v1/me?x=1" {
		t.Fatalf("after signing in: %d %s at %s\n%s", status, text, at, &town.log)
	}
	if len(town.secrets) != 1 || town.secrets[0] != "hunter2" || town.asked.Get("response_type") != "code" || !strings.Contains(town.asked.Get("scope"), "openid") {
		t.Errorf("the provider was asked %v, with %d secrets", town.asked, len(town.secrets))
	}
	if status, _, _ := town.open(t, browser, "GET", "/"); status != http.StatusOK || len(town.secrets) != 1 {
		t.Errorf("the page: status %d, signed in %d times", status, len(town.secrets))
	}
	if status, _, at := town.open(t, browser, "POST", "/auth/logout"); status != http.StatusOK || at != "/auth/signed-out" {
		t.Errorf("signing out: status %d at %s", status, at)
	}
	if _, _, at := town.open(t, browser, "GET", "/api/v1/me"); at != "/api/v1/me" || len(town.secrets) != 2 {
		t.Errorf("after signing out: at %s, signed in %d times, want again", at, len(town.secrets))
	}
	if log := town.log.String(); strings.Contains(log, "hunter2") || strings.Contains(log, "the-code") || !strings.Contains(log, "user=ann") {
		t.Errorf("the log is\n%s", log)
	}
}

// The session is the server's: a cookie that was kept does not outlive signing out, and no script can read it.
func TestSessionCookie(t *testing.T) {
	town := newSignInTown(t)
	town.claims = map[string]any{"groups": "everyone"}
	browser := town.browser(t)
	var set []*http.Cookie
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		set = append(set, r.Response.Cookies()...)
		return nil
	}
	town.open(t, browser, "GET", "/api/v1/me")
	var kept *http.Cookie
	for _, c := range set {
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("the cookie is %v", c)
		}
		if c.Name == "__Host-framewatch" {
			kept = c
		}
	}
	if kept == nil || len(kept.Value) < 40 || kept.MaxAge != 12*3600 {
		t.Fatalf("the session's cookie is %v", kept)
	}
	me := func() int {
		r := httptest.NewRequest("GET", "https://fw.example.org/api/v1/me", nil)
		r.AddCookie(kept)
		w := httptest.NewRecorder()
		town.console.Config.Handler.ServeHTTP(w, r)
		return w.Code
	}
	if got := me(); got != http.StatusOK {
		t.Fatalf("with the cookie: status %d", got)
	}
	town.open(t, browser, "POST", "/auth/logout")
	if got := me(); got != http.StatusUnauthorized {
		t.Errorf("with the cookie after signing out: status %d", got)
	}
}

func TestWhoMayNotSignIn(t *testing.T) {
	for name, test := range map[string]struct {
		claims map[string]any
		status int
		text   string
	}{
		"no group":          {map[string]any{"preferred_username": "eve", "groups": []string{"others"}}, 403, `"eve" is in no group`},
		"groups of no kind": {map[string]any{"groups": []any{1, nil, map[string]any{"noc": true}}}, 403, "is in no group"},
		"an odd name":       {map[string]any{"preferred_username": "eve\nann", "groups": "noc"}, 403, "cannot stand in records"},
		"a long name":       {map[string]any{"preferred_username": strings.Repeat("e", 101), "groups": "noc"}, 403, "cannot stand in records"},
		"another nonce":     {map[string]any{"nonce": "x", "groups": "noc"}, 502, "cannot be used"},
		"another audience":  {map[string]any{"aud": "other", "groups": "noc"}, 502, "cannot be used"},
		"another issuer":    {map[string]any{"iss": "https://evil.example", "groups": "noc"}, 502, "cannot be used"},
		"an expired token":  {map[string]any{"exp": 1, "groups": "noc"}, 502, "cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			town := newSignInTown(t)
			town.claims = test.claims
			browser := town.browser(t)
			status, text, _ := town.open(t, browser, "GET", "/api/v1/me")
			if status != test.status || !strings.Contains(text, test.text) {
				t.Errorf("%d %s, want %d and %s", status, text, test.status, test.text)
			}
			u, _ := url.Parse(town.console.URL)
			for _, c := range browser.Jar.Cookies(u) {
				if c.Name == "__Host-framewatch" {
					t.Errorf("there is a session: %v", c)
				}
			}
		})
	}
}

// What comes back to the console counts only in the browser that went, once, and leads nowhere else.
func TestForgedCallbacks(t *testing.T) {
	town := newSignInTown(t)
	town.claims = map[string]any{"groups": "noc"}
	victim := town.browser(t)
	if status, text, _ := town.open(t, victim, "GET", "/auth/callback?code=the-code&state=x"); status != http.StatusBadRequest || !strings.Contains(text, "not begun in this browser") {
		t.Errorf("a callback from nowhere: %d %s", status, text)
	}
	attacker := town.browser(t)
	var callback string
	attacker.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/auth/callback" {
			callback = r.URL.RequestURI()
			return http.ErrUseLastResponse
		}
		return nil
	}
	town.open(t, attacker, "GET", "/auth/login")
	victim.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	town.open(t, victim, "GET", "/auth/login") // one of their own is under way
	victim.CheckRedirect = nil
	if status, _, _ := town.open(t, victim, "GET", callback); status != http.StatusBadRequest {
		t.Errorf("another's callback: status %d", status)
	}
	attacker.CheckRedirect = nil
	if status, _, _ := town.open(t, attacker, "GET", callback); status != http.StatusOK {
		t.Errorf("one's own callback: status %d", status)
	}
	if status, _, _ := town.open(t, attacker, "GET", callback); status != http.StatusBadRequest {
		t.Errorf("one's own callback again: status %d", status)
	}
	for _, back := range []string{"https://evil.example/", "//evil.example/", `/\evil.example/`, "javascript:alert(1)", "/%0d%0aX: y", "", "evil"} {
		browser := town.browser(t)
		status, _, at := town.open(t, browser, "GET", "/auth/login?return="+url.QueryEscape(back))
		if at != "/" && at != "/%0D%0AX:%20y" {
			t.Errorf("return=%s: status %d at %s", back, status, at)
		}
	}
}

// While the provider is away nobody signs in, and once it is back everybody does; what it answers stands in no log.
func TestProviderIsAway(t *testing.T) {
	town := newSignInTown(t)
	handler := town.provider.Config.Handler
	town.provider.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if status, text, _ := town.open(t, town.browser(t), "GET", "/"); status != http.StatusBadGateway || !strings.Contains(text, "does not answer") {
		t.Errorf("%d %s", status, text)
	}
	town.provider.Config.Handler = handler
	town.claims = map[string]any{"groups": "noc"}
	if status, _, _ := town.open(t, town.browser(t), "GET", "/api/v1/me"); status != http.StatusOK {
		t.Errorf("once it is back: status %d", status)
	}
	town.provider.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader("code=other")) // as if another had taken the code
		handler.ServeHTTP(w, r)
	})
	if status, _, _ := town.open(t, town.browser(t), "GET", "/api/v1/me"); status != http.StatusBadGateway || strings.Contains(town.log.String(), "hunter2") || !strings.Contains(town.log.String(), "invalid_grant") {
		t.Errorf("a code that does not hold: status %d, the log is\n%s", status, &town.log)
	}
}

// What is no page of a browser is told 401 and not sent anywhere.
func TestProgramsAreNotSentToSignIn(t *testing.T) {
	town := newSignInTown(t)
	w := get(town.console.Config.Handler, "/api/v1/streams", "Accept", "*/*")
	if w.Code != http.StatusUnauthorized || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("status %d, header %v", w.Code, w.Header())
	}
}
