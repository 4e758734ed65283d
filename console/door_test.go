package console_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/console"
)

// hashOfSesame is the bcrypt hash, of the least cost, of "open sesame".
const hashOfSesame = "$2a$04$ZgoiuZOVyapamcLWmzWI.eH7un30n1SQ/IZeRzQXZiGU7gqSHhIjq"

func TestValidate(t *testing.T) {
	good := map[string]console.User{"ops": {PasswordHash: hashOfSesame}}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	user := func(u console.User) map[string]console.User { return map[string]console.User{"ops": u} }
	tests := []struct {
		listen  string
		users   map[string]console.User
		problem string
	}{
		{"127.0.0.1:8080", nil, ""},
		{"[::1]:0", nil, ""},
		{"localhost:8080", nil, ""},
		{"127.8.8.8:1", nil, ""},
		{":8080", nil, "can be reached from other machines"},
		{"0.0.0.0:8080", nil, "can be reached"},
		{"[::]:8080", nil, "can be reached"},
		{"192.168.1.5:80", nil, "can be reached"},
		{"localhost.example.org:80", nil, "can be reached"},
		{"8080", nil, "host:port"},
		{"0.0.0.0:8080", good, ""},
		{":8080", user(console.User{}), "either"},
		{":8080", user(console.User{PasswordHash: hashOfSesame, PasswordFile: "x"}), "either"},
		{":8080", user(console.User{PasswordHash: "open sesame"}), "not a bcrypt hash"},
		{":8080", user(console.User{PasswordFile: "/does/not/exist"}), "password_file"},
		{":8080", user(console.User{PasswordFile: empty}), "is empty"},
		{":8080", map[string]console.User{"a:b": {PasswordHash: hashOfSesame}}, "colon"},
	}
	for _, test := range tests {
		err := console.Config{Listen: test.listen, Users: test.users}.Validate()
		if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s with %v: %v, want %q", test.listen, test.users, err, test.problem)
		}
	}
	shown, err := yaml.Marshal(console.Config{Users: good})
	if err != nil || strings.Contains(string(shown), hashOfSesame) {
		t.Errorf("shown as %q, %v", shown, err)
	}
}

func TestPasswords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	users := map[string]console.User{"ops": {PasswordHash: hashOfSesame}, "wall": {PasswordFile: file}}
	h := console.New(console.Config{Users: users}, deps()).Handler()
	try := func(name, password, path string) int {
		r := httptest.NewRequest(http.MethodGet, "http://console.example.org"+path, nil)
		if name != "" {
			r.SetBasicAuth(name, password)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if challenge := w.Header().Get("WWW-Authenticate"); (w.Code == http.StatusUnauthorized) != strings.HasPrefix(challenge, "Basic ") {
			t.Errorf("%s as %q: status %d with challenge %q", path, name, w.Code, challenge)
		}
		return w.Code
	}
	tests := []struct {
		name, password, path string
		want                 int
	}{
		{"", "", "/", 401},
		{"", "", "/metrics", 401},
		{"", "", "/api/v1/streams", 401},
		{"", "", "/api/v1/events", 401},
		{"", "", "/subjects", 401},
		{"", "", "/-/healthy", 200},
		{"", "", "/-/ready", 200},
		{"ops", "open sesame", "/api/v1/streams", 200},
		{"ops", "open sesame", "/metrics", 200},
		{"ops", "open sesam", "/", 401},
		{"ops", "", "/", 401},
		{"wall", "open sesame", "/", 401},
		{"nobody", "open sesame", "/", 401},
		{"wall", "first", "/", 200},
	}
	for _, test := range tests {
		if got := try(test.name, test.password, test.path); got != test.want {
			t.Errorf("%s as %q with %q: status %d, want %d", test.path, test.name, test.password, got, test.want)
		}
	}
	write("second")
	if try("wall", "first", "/") != 401 || try("wall", "second", "/") != 200 {
		t.Error("a changed password_file is not used at once")
	}
	write("")
	if try("wall", "", "/") != 401 {
		t.Error("an emptied password_file lets everyone in")
	}
}

// TestRebinding: without users, a page that points its own name at 127.0.0.1 reads nothing.
func TestRebinding(t *testing.T) {
	h := console.New(console.Defaults(), deps()).Handler()
	for host, want := range map[string]int{"localhost": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "evil.example.org:8080": 421, "10.0.0.1": 421} {
		r := httptest.NewRequest(http.MethodGet, "http://"+host+"/api/v1/streams", nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %s: status %d, want %d", host, w.Code, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	h := console.New(console.Defaults(), deps()).Handler()
	for _, path := range []string{"/", "/app.js", "/api/v1/streams", "/-/healthy", "/nowhere"} {
		w := get(h, path)
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'self'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy is %q", path, policy)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s can be sniffed", path)
		}
	}
	if w := get(h, "/nowhere"); w.Code != http.StatusNotFound {
		t.Errorf("/nowhere: status %d", w.Code)
	}
	w := get(h, "/")
	if w := get(h, "/", "If-None-Match", w.Header().Get("ETag")); w.Code != http.StatusNotModified {
		t.Errorf("the page again: status %d, want 304", w.Code)
	}
}
