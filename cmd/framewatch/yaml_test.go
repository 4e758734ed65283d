package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStrictYAML(t *testing.T) {
	t.Setenv("FRAMEWATCH_TEST_PASSWORD", "pa$$word: #1")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	type section struct {
		Password string        `yaml:"password"`
		Wait     time.Duration `yaml:"wait"`
		Count    int           `yaml:"count"`
	}
	type document struct {
		Kafka   section             `yaml:"kafka"`
		Streams []map[string]string `yaml:"streams"`
	}
	for _, test := range []struct {
		name, text string
		want       section
		wrong      string
	}{
		{name: "plain", text: "kafka: {password: a$b, wait: 2s, count: 3}", want: section{"a$b", 2 * time.Second, 3}},
		{name: "reference to the environment is taken as it is", text: "kafka: {password: '${env:FRAMEWATCH_TEST_PASSWORD}'}", want: section{Password: "pa$$word: #1"}},
		{name: "default of a reference", text: "kafka: {count: '${env:FRAMEWATCH_TEST_UNSET:-7}', wait: '${env:FRAMEWATCH_TEST_UNSET:-1s}'}", want: section{Wait: time.Second, Count: 7}},
		{name: "reference to a file", text: "kafka: {password: '${file:" + secret + "}'}", want: section{Password: "from a file"}},
		{name: "unset reference", text: "\nkafka:\n  password: ${env:FRAMEWATCH_TEST_UNSET}", wrong: "line 3: ${env:FRAMEWATCH_TEST_UNSET}: the environment variable FRAMEWATCH_TEST_UNSET is not set"},
		{name: "unknown key", text: "kafka:\n  pasword: x", wrong: `line 2: unknown key "pasword", did you mean "password"?`},
		{name: "unknown section", text: "kafak: {}", wrong: `line 1: unknown key "kafak", did you mean "kafka"?`},
		{name: "key twice", text: "kafka: {count: 1, count: 2}", wrong: "already defined"},
		{name: "wrong type", text: "kafka: {count: many}", wrong: "line 1: cannot unmarshal"},
		{name: "nothing", text: ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got document
			err := decodeStrict([]byte(test.text), &got, "streams")
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) {
					t.Fatalf("error: got %v, want one with %q", err, test.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Kafka != test.want {
				t.Errorf("got %+v, want %+v", got.Kafka, test.want)
			}
		})
	}
	t.Run("references in stream URLs are for the edge", func(t *testing.T) {
		var got document
		if err := decodeStrict([]byte("streams: [{url: 'http://${env:FRAMEWATCH_TEST_UNSET}@host'}]"), &got, "streams"); err != nil {
			t.Fatal(err)
		}
		if url := got.Streams[0]["url"]; url != "http://${env:FRAMEWATCH_TEST_UNSET}@host" {
			t.Errorf("got %q", url)
		}
	})
}
