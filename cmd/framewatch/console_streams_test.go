package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/topology"
)

func TestStreamsByTheConsole(t *testing.T) {
	a, brokers := withDefects(t)
	directory := t.TempDir()
	a.inForce().Console.SecretDirectories = []string{directory}
	file := []StreamConfig{{ID: "fixed", URL: "http://origin/fixed.ts"}}
	if err := a.applyStreams(t.Context(), file, fromFile, true); err != nil {
		t.Fatal(err)
	}
	secret := "${file:" + filepath.Join(directory, "token") + "}"
	wanted := console.StreamText{ID: "new", URL: "http://origin/new.ts?token=" + secret, Labels: map[string]string{"site": "north"}, Expectations: json.RawMessage(`{"silent_tracks":[1]}`)}
	saved, err := a.saveStreamFor(t.Context(), ann, wanted, false)
	if err != nil || saved.ID != "new" || saved.Labels["site"] != "north" {
		t.Fatalf("saved as %+v, %v", saved, err)
	}
	for _, test := range []struct {
		what   string
		change bool
		edit   func(s *console.StreamText)
		status int
		want   string
	}{
		{"one that there is", false, func(s *console.StreamText) {}, http.StatusConflict, "already"},
		{"one that there is not", true, func(s *console.StreamText) { s.ID = "none" }, http.StatusNotFound, "no stream"},
		{"one of the file", true, func(s *console.StreamText) { s.ID = "fixed" }, http.StatusConflict, "configuration file"},
		{"a password", true, func(s *console.StreamText) { s.URL = "http://me:hunter2@origin/x.ts" }, 0, "the password"},
		{"a token", true, func(s *console.StreamText) { s.URL = "http://origin/x.ts?token=hunter2" }, 0, "token"},
		{"a file from elsewhere", true, func(s *console.StreamText) { s.URL = "http://origin/${file:/etc/hostname}" }, 0, "secret_directories"},
		{"a way out of the directory", true, func(s *console.StreamText) { s.URL = "http://origin/${file:" + directory + "/../x}" }, 0, "secret_directories"},
		{"the environment", true, func(s *console.StreamText) { s.URL = "http://origin/${env:HOME}" }, 0, "secret_directories"},
		{"another scheme", true, func(s *console.StreamText) { s.URL = "gopher://origin/" }, 0, "gopher"},
		{"no profile", true, func(s *console.StreamText) { s.Profile = "none" }, 0, "profile"},
		{"too many labels", true, func(s *console.StreamText) {
			s.Labels = map[string]string{}
			for i := range 51 {
				s.Labels[fmt.Sprint(i)] = "x"
			}
		}, 0, "labels"},
		{"a label of two lines", true, func(s *console.StreamText) { s.Labels = map[string]string{"a": "b\nc"} }, 0, "labels: a"},
		{"no id", false, func(s *console.StreamText) { s.ID = "" }, 0, "id is missing"},
		{"an expectation that there is not", true, func(s *console.StreamText) { s.Expectations = json.RawMessage(`{"hope":1}`) }, 0, "hope"},
		{"the same as itself", true, func(s *console.StreamText) { s.Expectations = json.RawMessage(`{"same_as":"new"}`) }, 0, "itself"},
	} {
		s := wanted
		test.edit(&s)
		_, err := a.saveStreamFor(t.Context(), ann, s, test.change)
		if status, reason := refused(t, err); status != test.status || !strings.Contains(reason, test.want) || strings.Contains(reason, "hunter2") {
			t.Errorf("%s: %d %s, want %d %s", test.what, status, reason, test.status, test.want)
		}
	}
	// A change without an address leaves it, and one of the lane moves the stream.
	wanted.URL, wanted.Lane, wanted.Expectations = "", "elsewhere", nil
	if _, err := a.saveStreamFor(t.Context(), ann, wanted, true); err != nil {
		t.Fatal(err)
	}
	// The configuration file is read again, as when `run` starts: what was added here stays.
	if err := a.applyStreams(t.Context(), file, fromFile, true); err != nil {
		t.Fatal(err)
	}
	streams, err := current(t.Context(), a.cluster, topology.Streams)
	if s := streams["new"]; err != nil || s == nil || s.URL != "http://origin/new.ts?token="+secret || s.Lane != "elsewhere" || s.Origin != fromCommand || s.Expectations != nil || streams["fixed"] == nil {
		t.Errorf("on the log stands %+v, %v", s, err)
	}
	if list := onLog(t, brokers, "streams", "list"); strings.Count(list, "new.ts") != 1 {
		t.Errorf("listed is\n%s", list)
	}
	err = a.removeStreamFor(t.Context(), ann, "fixed")
	if status, _ := refused(t, err); status != http.StatusConflict {
		t.Errorf("one of the file: %d", status)
	}
	if err := a.removeStreamFor(t.Context(), ann, "new"); err != nil {
		t.Fatal(err)
	}
	err = a.removeStreamFor(t.Context(), ann, "new")
	if status, _ := refused(t, err); status != http.StatusNotFound {
		t.Errorf("removed again: %d", status)
	}
	place := "console, password, 192.0.2.7"
	if got, want := audits(t, a), []string{"ann|streams add|new|" + place, "ann|streams change|new|" + place, "ann|streams remove|new|" + place}; !slices.Equal(got, want) {
		t.Errorf("the audit records are %q, want %q", got, want)
	}
}

// TestProbingByTheConsole looks at a source as an edge would: what it is with its first picture, in words what is wrong with it, and nothing of what the edge may not read.
func TestProbingByTheConsole(t *testing.T) {
	clip := transportClip(t, 4)
	origin := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(clip))))
	defer origin.Close()
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a port of our own was asked") }))
	defer inside.Close()
	a, _ := withDefects(t)
	directory := t.TempDir()
	a.inForce().Console.SecretDirectories = []string{directory}
	a.access.Own("the console", strings.TrimPrefix(inside.URL, "http://"))
	if err := os.WriteFile(filepath.Join(directory, "token"), []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := a.probeFor(t.Context(), ann, origin.URL+"/clip.ts?token=${file:"+filepath.Join(directory, "token")+"}")
	if err != nil || found.Problem != "" || found.Container != "mpegts" || len(found.Tracks) != 2 || found.FirstPicture == nil || found.FirstSound == nil || !bytes.HasPrefix(found.Picture, []byte{0xFF, 0xD8, 0xFF}) {
		t.Errorf("found is %+v, %v", found, err)
	}
	for url, want := range map[string]string{
		origin.URL + "/none.ts?token=${file:" + filepath.Join(directory, "token") + "}": "404",
		inside.URL + "/x.ts":                      "the console is there",
		"http://169.254.169.254/latest/meta-data": "link-local",
		"file:///etc/passwd":                      "refused",
		clip:                                      "refused",
		"udp://127.0.0.1:9":                       "ingest.access.schemes",
	} {
		found, err := a.probeFor(t.Context(), ann, url)
		if err != nil || !strings.Contains(found.Problem, want) || found.Picture != nil || strings.Contains(fmt.Sprint(found), "hunter2") {
			t.Errorf("%s: %+v, %v, want %s", url, found, err, want)
		}
	}
	for url, want := range map[string]string{"http://me:hunter2@h/": "the password", "http://h/${env:HOME}": "secret_directories", "": "url is missing", "gopher://h/": "gopher", "http://h/\n": "control"} {
		_, err := a.probeFor(t.Context(), ann, url)
		if _, reason := refused(t, err); !strings.Contains(reason, want) || strings.Contains(reason, "hunter2") {
			t.Errorf("%s: %s, want %s", url, reason, want)
		}
	}
	if got := audits(t, a); len(got) != 7 || !strings.HasPrefix(got[0], "ann|streams probe|http") || strings.Contains(strings.Join(got, " "), "hunter2") {
		t.Errorf("the audit records are %q", got)
	}
}
