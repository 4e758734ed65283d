package console

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Token lets a program in, which gives it as a bearer token. `framewatch token new` makes one.
type Token struct {
	// Role is what it may do.
	Role Role `yaml:"role"`
	// SHA256 is the hash of the token, 64 hexadecimal digits. The token itself has 256 random bits, so that a slow hash would add nothing.
	SHA256 string `yaml:"sha256"`
	// Expires is when it ceases to work.
	Expires time.Time `yaml:"expires"`
}

// MarshalYAML keeps the hash out of what is printed.
func (t Token) MarshalYAML() (any, error) {
	return map[string]any{"role": t.Role, "sha256": "<secret>", "expires": t.Expires}, nil
}

// tokenHash is what the hash of a token looks like.
var tokenHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (t Token) validate() error {
	if err := t.Role.validate(); err != nil {
		return err
	}
	switch {
	case !tokenHash.MatchString(t.SHA256):
		return errors.New("sha256 is not 64 hexadecimal digits: framewatch token new prints it")
	case t.Expires.IsZero():
		return errors.New("expires is missing: until when, such as 2027-01-02T03:04:05Z?")
	}
	return nil
}

// NewToken makes a token that works until it expires: the secret, and what the configuration has of it.
func NewToken(role Role, expires time.Time) (secret string, t Token, err error) {
	var bits [32]byte
	_, _ = rand.Read(bits[:])
	secret = "fw_" + base64.RawURLEncoding.EncodeToString(bits[:])
	t = Token{Role: role, SHA256: hashOfToken(secret), Expires: expires}
	return secret, t, t.validate()
}

func hashOfToken(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// tokens recognises programs by their bearer tokens. Wrong ones are not counted: 256 bits are not guessed, and who sends them would keep out others of the same address.
type tokens struct {
	// names and tokens by hash: what a look-up tells by its time is of the hash of what was given.
	names map[string]string
	by    map[string]Token
}

func newTokens(config map[string]Token) *tokens {
	t := &tokens{names: map[string]string{}, by: map[string]Token{}}
	for name, token := range config {
		t.names[token.SHA256], t.by[token.SHA256] = name, token
	}
	return t
}

func (t *tokens) enter(r *http.Request) (*visit, error) {
	secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, nil
	}
	hash := hashOfToken(secret)
	token, known := t.by[hash]
	if !known {
		return nil, Refusal{"the token is not known", http.StatusUnauthorized}
	}
	if !time.Now().Before(token.Expires) {
		return nil, Refusal{fmt.Sprintf("the token %q has expired", t.names[hash]), http.StatusUnauthorized}
	}
	return &visit{Actor: Actor{Name: t.names[hash], Role: token.Role, Way: "token"}, until: token.Expires}, nil
}
