package console

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// door lets in who may look: in one of the ways of the configuration or, without any, whoever speaks to a loopback name.
type door struct {
	entrances []entrance
	// basic tells whether browsers are to ask for name and password, signIn whether they can be sent to sign in.
	basic, signIn bool
	// over ends what is looked at through this door; nil: never.
	over context.Context
}

// entrance is one way to be recognised. Nil and no error: the request does not say who it is from in this way. A Refusal says what is wrong with what it says.
type entrance func(r *http.Request) (*visit, error)

// visit is one request of somebody who may come in.
type visit struct {
	Actor
	// until is when what they came in by expires; zero: never.
	until time.Time
	// over, if any, is cancelled when they sign out.
	over context.Context
}

// tooOften is the answer to who has been wrong too often.
var tooOften = Refusal{"too many wrong tries: wait a minute", http.StatusTooManyRequests}

func newDoor(config Config, sessions *sessions, log *slog.Logger) *door {
	d := &door{basic: len(config.Users) > 0 && config.OIDC == nil, signIn: config.OIDC != nil}
	if len(config.Users) > 0 {
		d.entrances = append(d.entrances, newPasswords(config.Users, log).enter)
	}
	if len(config.Tokens) > 0 {
		d.entrances = append(d.entrances, newTokens(config.Tokens).enter)
	}
	if config.TrustedProxy != nil {
		d.entrances = append(d.entrances, newProxied(*config.TrustedProxy).enter)
	}
	if config.OIDC != nil {
		d.entrances = append(d.entrances, sessions.enter)
	}
	return d
}

func (d *door) guard(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(d.entrances) == 0 {
			// A page elsewhere can point its own name at 127.0.0.1 and read what is served there; it cannot change the Host header.
			if !isLoopback(hostname(r.Host)) {
				writeError(w, http.StatusMisdirectedRequest, "without users the console answers to localhost only: name users to reach it by another name")
				return
			}
			d.admit(inner, w, r, &visit{Actor: Actor{Name: nobodyInParticular, Role: Admin, Way: "loopback"}})
			return
		}
		for _, enter := range d.entrances {
			v, err := enter(r)
			if err != nil {
				d.turnAway(w, r, err)
				return
			}
			if v != nil {
				d.admit(inner, w, r, v)
				return
			}
		}
		d.turnAway(w, r, Refusal{"say who you are", http.StatusUnauthorized})
	})
}

// turnAway says what is wrong, and how to come in.
func (d *door) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	refusal := Refusal{"", http.StatusUnauthorized}
	errors.As(err, &refusal)
	switch {
	case refusal.Status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "60")
	case refusal.Status != http.StatusUnauthorized:
	case d.signIn && r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") && r.Header.Get("Authorization") == "":
		redirectToSignIn(w, r)
		return
	case d.basic:
		w.Header().Set("WWW-Authenticate", `Basic realm="Framewatch", charset="UTF-8"`)
	default:
		w.Header().Set("WWW-Authenticate", `Bearer realm="Framewatch"`)
	}
	writeError(w, refusal.Status, refusal.Reason)
}

// nobodyInParticular is who asks where nobody is asked for a name.
const nobodyInParticular = "console"

// admit lets a request in as that of the visitor, for as long as that may last.
func (d *door) admit(inner http.Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	v.Address = hostname(r.RemoteAddr)
	ctx, cancel := context.WithCancel(context.WithValue(r.Context(), actorKey{}, v.Actor))
	defer cancel()
	if !v.until.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, v.until)
		defer cancel()
	}
	if v.over != nil {
		defer context.AfterFunc(v.over, cancel)()
	}
	if d.over != nil && r.Method == http.MethodGet {
		defer context.AfterFunc(d.over, cancel)()
	}
	inner.ServeHTTP(w, r.WithContext(ctx))
}

// hostname is the Host header, or an address, without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// withSecurityHeaders keeps what we serve from being framed, sniffed or scripted by others. Pictures reach the page as blobs.
func withSecurityHeaders(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		inner.ServeHTTP(w, r)
	})
}
