package console

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

const (
	// sessionCookie is kept by the browser from everything but this host over TLS.
	sessionCookie = "__Host-framewatch"
	// sessionLimit is how many sessions there are; the oldest makes room.
	sessionLimit = 10_000
)

// sessions are those of people who have signed in. They stand in memory: a new process asks everyone again.
type sessions struct {
	mu sync.Mutex
	// by the hash of the cookie's value.
	by *shelf[*session]
}

type session struct {
	actor   Actor
	expires time.Time
	// over is cancelled by signing out.
	over context.Context
	end  context.CancelFunc
}

func newSessions() *sessions { return &sessions{by: newShelf[*session](sessionLimit)} }

// begin gives the browser a session.
func (s *sessions) begin(w http.ResponseWriter, actor Actor, life time.Duration) {
	secret := rand.Text() + rand.Text() // 260 bits
	over, end := context.WithCancel(context.Background())
	s.mu.Lock()
	s.by.put(hashOfToken(secret), &session{actor, time.Now().Add(life), over, end})
	s.mu.Unlock()
	setCookie(w, sessionCookie, secret, life)
}

// end ends the session of a request.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	setCookie(w, sessionCookie, "", -time.Second)
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if had, ok := s.by.take(hashOfToken(cookie.Value)); ok {
		had.end()
	}
}

func (s *sessions) enter(r *http.Request) (*visit, error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := hashOfToken(cookie.Value)
	had := s.by.by[hash]
	if had != nil && !time.Now().Before(had.expires) {
		s.by.take(hash)
		had = nil
	}
	if had == nil {
		return nil, nil
	}
	return &visit{Actor: had.actor, until: had.expires, over: had.over}, nil
}

// setCookie sets a cookie that scripts cannot read and other sites cannot have sent; an age below 0 removes it.
func setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(age.Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
