package main

import (
	"slices"
	"testing"
)

func TestSecretFiles(t *testing.T) {
	text := `
pictures: {key_file: /run/pictures.key}
console:
  users:
    - {name: a, password_file: /run/a}
    - {name: b, password_hash: "${file:/run/b}${file:/run/c}${env:NONE}"}
kafka: {tls: {ca_file: /etc/ca.pem, cert_file: /etc/cert.pem, key_file: "${file:/run/path}"}}
streams: [{id: a, url: "http://${file:/run/stream}@h/"}]
log: {level: info}
`
	want := []string{"/run/pictures.key", "/run/a", "/run/b", "/run/c", "/run/path"}
	if got := secretFiles([]byte(text), "streams"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := secretFiles(nil); got != nil {
		t.Errorf("of an empty text: got %q", got)
	}
}
