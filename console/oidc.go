package console

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	// signInCookie ties a sign-in to the browser that began it, which has signInTime for it.
	signInCookie = "__Host-framewatch-sign-in"
	signInTime   = 10 * time.Minute
	// signInLimit is how many may be under way.
	signInLimit = 10_000
	// providerWait bounds one request to the provider, providerBytes its answer.
	providerWait  = 10 * time.Second
	providerBytes = 1 << 20

	callbackPath  = "/auth/callback"
	signInPath    = "/auth/login"
	signedOutPath = "/auth/signed-out"
)

// OIDC lets people in whom an OpenID Connect provider knows.
type OIDC struct {
	// Issuer is the provider's URL, https unless it is on this machine.
	Issuer string `yaml:"issuer"`
	// ClientID is what the provider calls the console.
	ClientID string `yaml:"client_id"`
	// ClientSecretFile holds the client's secret and is read at each sign-in; empty: the client is a public one, which PKCE protects.
	ClientSecretFile string `yaml:"client_secret_file,omitempty"`
	// RedirectURL is the console as people reach it, https unless it is this machine, with the path /auth/callback.
	RedirectURL string `yaml:"redirect_url"`
	// Scopes besides openid; none: profile and email.
	Scopes []string `yaml:"scopes,omitempty"`
	// UserClaim is the claim with the name that stands in records; empty: preferred_username. Without it the subject is the name.
	UserClaim string `yaml:"user_claim,omitempty"`
	// GroupsClaim is the claim with the groups; empty: groups.
	GroupsClaim string `yaml:"groups_claim,omitempty"`
	// Roles of the groups; of several the highest counts.
	Roles map[string]Role `yaml:"roles"`
	// DefaultRole is for who has none of the groups; empty: they may not come in.
	DefaultRole Role `yaml:"default_role,omitempty"`
	// Session is how long one may stay without signing in again, 5 m to 7 d; 0: 12 h. A changed group counts from the next time on.
	Session time.Duration `yaml:"session,omitempty"`
}

func (o *OIDC) validate() error {
	for key, text := range map[string]string{"issuer": o.Issuer, "redirect_url": o.RedirectURL} {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
			return fmt.Errorf("%s is not an https address, such as https://example.org", key)
		}
		if key == "redirect_url" && u.Path != callbackPath {
			return fmt.Errorf("redirect_url: the path is to be %s", callbackPath)
		}
	}
	if o.ClientID == "" {
		return errors.New("client_id is missing")
	}
	if _, err := o.secret(); err != nil {
		return err
	}
	if len(o.Roles) == 0 && o.DefaultRole == "" {
		return errors.New("neither roles nor default_role is set, so nobody could come in")
	}
	for _, role := range o.Roles {
		if err := role.validate(); err != nil {
			return fmt.Errorf("roles: %w", err)
		}
	}
	if o.DefaultRole != "" {
		if err := o.DefaultRole.validate(); err != nil {
			return fmt.Errorf("default_role: %w", err)
		}
	}
	if life := o.life(); life < 5*time.Minute || life > 7*24*time.Hour {
		return fmt.Errorf("session %s is not from 5m to 168h", life)
	}
	return nil
}

func (o *OIDC) life() time.Duration { return cmp.Or(o.Session, 12*time.Hour) }

func (o *OIDC) secret() (string, error) {
	if o.ClientSecretFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(o.ClientSecretFile)
	if err != nil {
		return "", fmt.Errorf("read client_secret_file: %w", err)
	}
	if len(strings.TrimSpace(string(text))) == 0 {
		return "", fmt.Errorf("client_secret_file %s is empty", o.ClientSecretFile)
	}
	return strings.TrimSpace(string(text)), nil
}

// signIn is the way to a session by the provider: the authorization code flow with PKCE.
type signIn struct {
	config   OIDC
	sessions *sessions
	log      *slog.Logger
	client   *http.Client
	mu       sync.Mutex
	// provider is nil until it has told of itself.
	provider *oidc.Provider
	// begun by their state.
	begun *shelf[begunSignIn]
}

// begunSignIn is what the answer of the provider must fit.
type begunSignIn struct {
	nonce, verifier string
	// back is the path to go to then.
	back  string
	until time.Time
}

func newSignIn(config OIDC, sessions *sessions, log *slog.Logger) *signIn {
	client := &http.Client{Timeout: providerWait, Transport: bounded{http.DefaultTransport}}
	return &signIn{config: config, sessions: sessions, log: log, client: client, begun: newShelf[begunSignIn](signInLimit)}
}

// bounded cuts answers that are too long.
type bounded struct{ http.RoundTripper }

// RoundTrip is http.RoundTripper's.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, providerBytes), resp.Body}
	}
	return resp, err
}

// known is the provider, which is asked once for what it is, and ourselves as its client.
func (s *signIn) known() (*oidc.Provider, *oauth2.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.provider == nil {
		// It fetches keys by this context for as long as it is used; the client bounds each request.
		provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), s.client), s.config.Issuer)
		if err != nil {
			return nil, nil, err
		}
		s.provider = provider
	}
	secret, err := s.config.secret()
	scopes := s.config.Scopes
	if len(scopes) == 0 {
		scopes = []string{"profile", "email"}
	}
	return s.provider, &oauth2.Config{ClientID: s.config.ClientID, ClientSecret: secret, Endpoint: s.provider.Endpoint(), RedirectURL: s.config.RedirectURL,
		Scopes: append([]string{oidc.ScopeOpenID}, scopes...)}, err
}

// redirectToSignIn sends a browser there, and then back to where it is.
func redirectToSignIn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, signInPath+"?return="+url.QueryEscape(r.URL.RequestURI()), http.StatusFound)
}

// begin sends the browser to the provider: GET /auth/login?return=.
func (s *signIn) begin(w http.ResponseWriter, r *http.Request) {
	_, client, err := s.known()
	if err != nil {
		s.log.Warn("ask the identity provider", "issuer", s.config.Issuer, "error", harmless(err))
		writeText(w, http.StatusBadGateway, "the identity provider does not answer: the console's log says why")
		return
	}
	state, b := rand.Text(), begunSignIn{nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), back: localPath(r.FormValue("return")), until: time.Now().Add(signInTime)}
	s.mu.Lock()
	s.begun.put(state, b)
	s.mu.Unlock()
	setCookie(w, signInCookie, state, signInTime)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, client.AuthCodeURL(state, oidc.Nonce(b.nonce), oauth2.S256ChallengeOption(b.verifier)), http.StatusFound)
}

// localPath is a path of this server, whatever it was meant to be.
func localPath(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "\\\r\n\t") || len(text) > 2000 {
		return "/"
	}
	return u.RequestURI()
}

// finish takes the provider's answer and begins a session: GET /auth/callback.
func (s *signIn) finish(w http.ResponseWriter, r *http.Request) {
	state := r.FormValue("state")
	cookie, err := r.Cookie(signInCookie)
	setCookie(w, signInCookie, "", -time.Second)
	if err != nil || state == "" || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(state)) != 1 {
		writeText(w, http.StatusBadRequest, "this sign-in was not begun in this browser: go to "+signInPath)
		return
	}
	s.mu.Lock()
	b, ok := s.begun.take(state)
	s.mu.Unlock()
	if !ok || time.Now().After(b.until) {
		writeText(w, http.StatusBadRequest, "this sign-in has taken too long or is done already: go to "+signInPath)
		return
	}
	if problem := r.FormValue("error"); problem != "" {
		s.log.Warn("the identity provider lets nobody in", "error", fmt.Sprintf("%.100q", problem))
		writeText(w, http.StatusForbidden, "the identity provider has said no: go to "+signInPath+" to try again")
		return
	}
	actor, err := s.identify(r, b)
	var refusal Refusal
	switch {
	case errors.As(err, &refusal):
		s.log.Warn("somebody may not sign in", "reason", refusal.Reason)
		writeText(w, http.StatusForbidden, refusal.Reason)
	case err != nil:
		s.log.Warn("ask the identity provider who somebody is", "issuer", s.config.Issuer, "error", harmless(err))
		writeText(w, http.StatusBadGateway, "the identity provider's answer cannot be used: the console's log says why")
	default:
		s.sessions.begin(w, actor, s.config.life())
		s.log.Info("signed in", "user", actor.Name, "role", string(actor.Role))
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, b.back, http.StatusFound)
	}
}

// identify exchanges the code and reads who it is of.
func (s *signIn) identify(r *http.Request, b begunSignIn) (Actor, error) {
	provider, client, err := s.known()
	if err != nil {
		return Actor{}, err
	}
	ctx := oidc.ClientContext(r.Context(), s.client)
	answer, err := client.Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(b.verifier))
	if err != nil {
		return Actor{}, err
	}
	text, _ := answer.Extra("id_token").(string)
	token, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: s.config.ClientID}).Verify(ctx, text)
	if err != nil {
		return Actor{}, err
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(b.nonce)) != 1 {
		return Actor{}, errors.New("the nonce is not that of this sign-in")
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return Actor{}, err
	}
	return s.config.actor(token.Subject, claims)
}

// actor is who the claims are of.
func (o *OIDC) actor(subject string, claims map[string]any) (Actor, error) {
	name, _ := claims[cmp.Or(o.UserClaim, "preferred_username")].(string)
	name = cmp.Or(name, subject)
	if !isName(name) {
		return Actor{}, Refusal{"the name that the identity provider gives cannot stand in records", http.StatusForbidden}
	}
	role := o.DefaultRole
	for _, group := range groups(claims[cmp.Or(o.GroupsClaim, "groups")]) {
		if r, ok := o.Roles[group]; ok && !role.may(r) {
			role = r
		}
	}
	if role == "" {
		return Actor{}, Refusal{fmt.Sprintf("%.100q is in no group that may come in", name), http.StatusForbidden}
	}
	return Actor{Name: name, Role: role, Way: "oidc"}, nil
}

// groups are those of a claim, which has one or a list.
func groups(claim any) (list []string) {
	switch claim := claim.(type) {
	case string:
		list = []string{claim}
	case []any:
		for _, c := range claim {
			if text, ok := c.(string); ok {
				list = append(list, text)
			}
		}
	}
	return slices.Compact(list)
}

// harmless is an error without what the provider has written, which may repeat what it was sent.
func harmless(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return fmt.Errorf("the provider refuses the code with status %d, %.100q", refused.Response.StatusCode, refused.ErrorCode)
	}
	return err
}

// leave ends the session: POST /auth/logout.
func (s *signIn) leave(w http.ResponseWriter, r *http.Request) {
	s.sessions.end(w, r)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, signedOutPath, http.StatusSeeOther)
}

// left is what somebody sees who has signed out: GET /auth/signed-out.
func (s *signIn) left(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "<!doctype html><html lang=\"en\"><meta name=\"viewport\" content=\"width=device-width\"><title>Framewatch</title><p>You are signed out. <a href=\"/\">Sign in</a></p></html>\n")
}

// serve adds the paths of signing in and out, which are open to everyone.
func (s *signIn) serve(mux *http.ServeMux, protect func(http.Handler) http.Handler) {
	mux.HandleFunc("GET "+signInPath, s.begin)
	mux.HandleFunc("GET "+callbackPath, s.finish)
	mux.HandleFunc("GET "+signedOutPath, s.left)
	mux.Handle("POST /auth/logout", protect(http.HandlerFunc(s.leave)))
}
