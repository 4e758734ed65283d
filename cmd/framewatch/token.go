package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// tokenLife is how long a signed picture URL works.
	tokenLife = time.Minute
	// linkLife is how long the link to a filmstrip in a notification works.
	linkLife = 7 * 24 * time.Hour
)

// signer signs the requests that the console makes to an edge for pictures, and checks them there. Both sides hold the key.
type signer struct{ key []byte }

// sign adds the expiry and signature to the query of u, which then works for life.
func (s signer) sign(u *url.URL, now time.Time, life time.Duration) {
	query := u.Query()
	query.Set("expires", strconv.FormatInt(now.Add(life).Unix(), 10))
	query.Del("signature")
	query.Set("signature", s.signature(u.EscapedPath(), query))
	u.RawQuery = query.Encode()
}

// guard lets only signed requests through.
func (s signer) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.check(r.URL, time.Now()); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// check tells why u may not be served.
func (s signer) check(u *url.URL, now time.Time) error {
	query := u.Query()
	given := query.Get("signature")
	query.Del("signature")
	if !hmac.Equal([]byte(given), []byte(s.signature(u.EscapedPath(), query))) {
		return fmt.Errorf("the signature is missing or wrong: do all processes have the same pictures.key?")
	}
	expires, err := strconv.ParseInt(query.Get("expires"), 10, 64)
	if err != nil || now.Unix() > expires {
		return fmt.Errorf("the request has expired: do the machines' clocks agree?")
	}
	return nil
}

func (s signer) signature(path string, query url.Values) string {
	mac := hmac.New(sha256.New, s.key)
	fmt.Fprintf(mac, "%s?%s", path, query.Encode())
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
