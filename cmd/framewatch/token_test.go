package main

import (
	"net/url"
	"testing"
	"time"
)

func TestPictureTokens(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	signed := func(s signer, raw string) *url.URL {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		s.sign(u, now, tokenLife)
		return u
	}
	ours, theirs := signer{[]byte("0123456789abcdef0123456789abcdef")}, signer{[]byte("another key that is long enough .")}
	altered := signed(ours, "http://edge/pictures/news?at=5")
	query := altered.Query()
	query.Set("at", "6")
	altered.RawQuery = query.Encode()
	for _, test := range []struct {
		name string
		url  *url.URL
		at   time.Time
		ok   bool
	}{
		{"fresh", signed(ours, "http://edge/pictures/a%2Fb?at=5"), now.Add(59 * time.Second), true},
		{"expired", signed(ours, "http://edge/pictures/news"), now.Add(61 * time.Second), false},
		{"of another key", signed(theirs, "http://edge/pictures/news"), now, false},
		{"altered", altered, now, false},
		{"unsigned", &url.URL{Path: "/pictures/news"}, now, false},
	} {
		if err := ours.check(test.url, test.at); (err == nil) != test.ok {
			t.Errorf("%s: got %v, want ok %v", test.name, err, test.ok)
		}
	}
}
