package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// passwords recognises users by basic authentication.
type passwords struct {
	users map[string]User
	tries *tries
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

func newPasswords(users map[string]User, log *slog.Logger) *passwords {
	p := &passwords{users: users, tries: newTries(), log: log, work: make(chan struct{}, 1), right: map[string][]byte{}}
	_, _ = rand.Read(p.key[:])
	return p
}

func (p *passwords) enter(r *http.Request) (*visit, error) {
	name, password, ok := r.BasicAuth()
	if !ok {
		return nil, nil
	}
	right, ok := p.tries.begin(hostname(r.RemoteAddr), name)
	if !ok {
		return nil, tooOften
	}
	if !p.knows(r, name, password) {
		return nil, Refusal{"name and password, please", http.StatusUnauthorized}
	}
	right()
	return &visit{Actor: Actor{Name: name, Role: p.users[name].role(), Way: "password"}}, nil
}

// knows compares in constant time.
func (p *passwords) knows(r *http.Request, name, password string) bool {
	user, known := p.users[name]
	if known && user.PasswordFile != "" {
		want, err := readPassword(user.PasswordFile)
		if err != nil {
			p.log.Error("check password", "user", name, "error", err)
			return false
		}
		return want != "" && subtle.ConstantTimeCompare(p.digest(name, want), p.digest(name, password)) == 1
	}
	digest := p.digest(name, password)
	if p.wasRight(name, digest) {
		return true
	}
	hash := []byte(user.PasswordHash)
	if !known {
		hash = nobody()
	}
	select {
	case p.work <- struct{}{}:
		defer func() { <-p.work }()
	case <-r.Context().Done():
		return false
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil || !known {
		return false
	}
	p.mu.Lock()
	p.right[name] = digest
	p.mu.Unlock()
	return true
}

// wasRight spares the page's many requests the bcrypt.
func (p *passwords) wasRight(name string, digest []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return hmac.Equal(p.right[name], digest)
}

func (p *passwords) digest(name, password string) []byte {
	mac := hmac.New(sha256.New, p.key[:])
	mac.Write([]byte(name + "\x00" + password))
	return mac.Sum(nil)
}
