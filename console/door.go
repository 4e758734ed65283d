package console

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// door lets in who may look: with users, by basic authentication; without, whoever speaks to a loopback name.
type door struct {
	users map[string]User
	log   *slog.Logger
	// work admits one bcrypt comparison at a time, so that guessing costs at most one core.
	work chan struct{}
	// key of the digests of passwords that were right.
	key   [32]byte
	mu    sync.Mutex
	right map[string][]byte
}

// nobody is the bcrypt hash of a password that nobody has: an unknown name takes as long as a known one.
var nobody = sync.OnceValue(func() []byte {
	hash, err := bcrypt.GenerateFromPassword([]byte(rand.Text()), bcrypt.DefaultCost)
	if err != nil {
		panic(err)
	}
	return hash
})

func newDoor(users map[string]User, log *slog.Logger) *door {
	d := &door{users: users, log: log, work: make(chan struct{}, 1), right: map[string][]byte{}}
	_, _ = rand.Read(d.key[:])
	return d
}

func (d *door) guard(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(d.users) == 0 {
			// A page elsewhere can point its own name at 127.0.0.1 and read what is served there; it cannot change the Host header.
			if !isLoopback(hostname(r.Host)) {
				writeError(w, http.StatusMisdirectedRequest, "without users the console answers to localhost only: name users to reach it by another name")
				return
			}
			admit(inner, w, r, Actor{Name: nobodyInParticular, Role: Admin, Way: "loopback"})
			return
		}
		name, password, ok := r.BasicAuth()
		if !ok || !d.knows(r, name, password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="Framewatch", charset="UTF-8"`)
			writeError(w, http.StatusUnauthorized, "name and password, please")
			return
		}
		admit(inner, w, r, Actor{Name: name, Role: Operator, Way: "password"})
	})
}

// nobodyInParticular is who asks where nobody is asked for a name.
const nobodyInParticular = "console"

// admit lets a request in as that of actor.
func admit(inner http.Handler, w http.ResponseWriter, r *http.Request, actor Actor) {
	actor.Address = hostname(r.RemoteAddr)
	inner.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), actorKey{}, actor)))
}

// knows compares in constant time.
func (d *door) knows(r *http.Request, name, password string) bool {
	user, known := d.users[name]
	if known && user.PasswordFile != "" {
		want, err := readPassword(user.PasswordFile)
		if err != nil {
			d.log.Error("check password", "user", name, "error", err)
			return false
		}
		return want != "" && subtle.ConstantTimeCompare(d.digest(name, want), d.digest(name, password)) == 1
	}
	digest := d.digest(name, password)
	if d.wasRight(name, digest) {
		return true
	}
	hash := []byte(user.PasswordHash)
	if !known {
		hash = nobody()
	}
	select {
	case d.work <- struct{}{}:
		defer func() { <-d.work }()
	case <-r.Context().Done():
		return false
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil || !known {
		return false
	}
	d.mu.Lock()
	d.right[name] = digest
	d.mu.Unlock()
	return true
}

// wasRight spares the page's many requests the bcrypt.
func (d *door) wasRight(name string, digest []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return hmac.Equal(d.right[name], digest)
}

func (d *door) digest(name, password string) []byte {
	mac := hmac.New(sha256.New, d.key[:])
	mac.Write([]byte(name + "\x00" + password))
	return mac.Sum(nil)
}

// hostname is the Host header without its port.
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
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		inner.ServeHTTP(w, r)
	})
}
