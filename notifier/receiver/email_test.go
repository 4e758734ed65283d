package receiver_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/notifier/receiver"
)

// post is a mail as the server took it.
type post struct {
	From          string
	To            []string
	Hello         string
	TLS           bool
	Authenticated bool
	Text          string
}

// postOffice is a real server of mail, of Debian's python3-aiosmtpd: where it is, the certificate of who vouches for it, and what it takes.
func postOffice(t *testing.T, way string) (address, ca string, mails <-chan post) {
	t.Helper()
	arguments := []string{"testdata/smtpd.py", way}
	if way != "plain" {
		certificate, key := certify(t)
		arguments, ca = append(arguments, certificate, key), certificate
	}
	command := exec.Command("/usr/bin/python3", arguments...)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("start the server of mail (deploy/setup.sh test installs it): %v", err)
	}
	out := bufio.NewReader(stdout)
	port, err := out.ReadString('\n')
	if err != nil {
		t.Fatalf("the server of mail has not begun (deploy/setup.sh test installs python3-aiosmtpd): %v", err)
	}
	taken := make(chan post, 64)
	go func() {
		defer close(taken)
		for {
			line, err := out.ReadBytes('\n')
			if err != nil {
				return
			}
			var p post
			if err := json.Unmarshal(line, &p); err != nil {
				t.Errorf("the server of mail says %q: %v", line, err)
			}
			taken <- p
		}
	}()
	t.Cleanup(func() {
		stdin.Close()
		for range taken {
		}
		if err := command.Wait(); err != nil {
			t.Errorf("the server of mail has ended with %v", err)
		}
	})
	return "127.0.0.1:" + strings.TrimSpace(port), ca, taken
}

// certify makes a certificate for loopback that vouches for itself.
func certify(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(t.TempDir(), "certificate.pem"), filepath.Join(t.TempDir(), "key.pem")
	for file, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// email is one that tells by the server at address.
func email(address string) *receiver.Email {
	e := receiver.NewEmail()
	e.Server, e.TLS, e.From, e.To, e.Hello = address, "none", "Framewatch <watch@example.org>", []string{"ann@example.org"}, "watch.example.org"
	return e
}

// TestEmailTLS goes each way there is with a log-in, and nowhere in clear that was to be safe.
func TestEmailTLS(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		server, tls string
		known       bool
		problem     string
	}{
		{"starttls", "starttls", true, ""},
		{"starttls", "opportunistic", true, ""},
		{"implicit", "implicit", true, ""},
		{"starttls", "starttls", false, "certificate"},
		{"plain", "starttls", true, "does not support STARTTLS"},
	} {
		t.Run(test.server+" "+test.tls, func(t *testing.T) {
			address, ca, mails := postOffice(t, test.server)
			e := email(address)
			e.TLS, e.Username, e.PasswordFile = test.tls, "ann", password
			if test.known {
				e.CAFile = ca
			}
			code, err := e.Tell(t.Context(), message(change(receiver.Opened)))
			if test.problem != "" {
				if err == nil || !strings.Contains(err.Error(), test.problem) {
					t.Errorf("error %v, want %q", err, test.problem)
				}
				return
			}
			if err != nil || code != 250 {
				t.Fatalf("status %d, error %v; want 250", code, err)
			}
			if p := <-mails; !p.TLS || !p.Authenticated || p.From != "watch@example.org" || !slices.Equal(p.To, []string{"ann@example.org"}) || p.Hello != "watch.example.org" {
				t.Errorf("the server has taken %+v", p)
			}
		})
	}
}

// TestEmailRefusals is about who is not there, who is put off, and a password that is wrong.
func TestEmailRefusals(t *testing.T) {
	address, _, mails := postOffice(t, "plain")
	t.Run("nobody there", func(t *testing.T) {
		e := email(address)
		e.To = []string{"gone@example.org"}
		code, err := e.Tell(t.Context(), message(change(receiver.Opened)))
		if _, permanent := errors.AsType[receiver.Permanent](err); !permanent || code != 550 {
			t.Errorf("status %d, error %v; want 550 and that for good", code, err)
		}
	})
	t.Run("some there", func(t *testing.T) {
		e := email(address)
		e.To, e.CC = []string{"gone@example.org", "ann@example.org"}, []string{"Later <later@example.org>"}
		m := message(change(receiver.Opened))
		code, err := e.Tell(t.Context(), m)
		if _, permanent := errors.AsType[receiver.Permanent](err); err == nil || permanent || code != 451 || m.Changes[0].Told {
			t.Errorf("status %d, error %v, told %t; want 451 and another attempt", code, err, m.Changes[0].Told)
		}
		if code, err := e.Tell(t.Context(), m); err != nil || code != 250 || !m.Changes[0].Told {
			t.Errorf("status %d, error %v, told %t; want 250", code, err, m.Changes[0].Told)
		}
		if first, second := <-mails, <-mails; !slices.Equal(first.To, []string{"ann@example.org"}) || !slices.Equal(second.To, []string{"later@example.org"}) {
			t.Errorf("the mail went to %v and then to %v, want ann and then later", first.To, second.To)
		}
		if m.Remote["taken"] != "" {
			t.Errorf("kept are %v", m.Remote)
		}
	})
	t.Run("wrong password", func(t *testing.T) {
		e := email(address)
		e.Username, e.Password = "ann", "swordfish"
		code, err := e.Tell(t.Context(), message(change(receiver.Opened)))
		if _, permanent := errors.AsType[receiver.Permanent](err); !permanent || code != 535 || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("status %d, error %v; want 535, that for good, and no password", code, err)
		}
	})
	t.Run("no server", func(t *testing.T) {
		code, err := email("127.0.0.1:1").Tell(t.Context(), message(change(receiver.Opened)))
		if _, permanent := errors.AsType[receiver.Permanent](err); err == nil || permanent || code != 0 {
			t.Errorf("status %d, error %v; want another attempt", code, err)
		}
	})
}

// TestEmailLetter compares what a reader sees with what is agreed on, and follows the thread.
func TestEmailLetter(t *testing.T) {
	address, _, mails := postOffice(t, "plain")
	e := email(address)
	e.CC = []string{"Bob <bob@example.org>"}
	first := message(change(receiver.Opened))
	first.Changes[0].Event.Summary = `Picture is <b>black</b> & "dark"`
	first.Evidence = picture
	second, third := message(change(receiver.Acknowledged)), message(change(receiver.Closed))
	second.Remote, third.Remote = first.Remote, first.Remote
	var headers []mail.Header
	for i, m := range []*receiver.Message{first, second, third} {
		if _, err := e.Tell(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		header, parts := opened(t, <-mails)
		headers = append(headers, header)
		name := []string{"opened", "acknowledged", "closed"}[i]
		golden(t, "email_"+name+".txt", []byte(parts["text/plain"]))
		golden(t, "email_"+name+".html", []byte(parts["text/html"]))
		want := ""
		if i == 0 {
			strip, _ := picture(t.Context(), "")
			want = string(strip.JPEG)
		}
		if parts["image/jpeg <filmstrip>"] != want {
			t.Errorf("%s: the parts are %q", name, parts)
		}
	}
	for i, want := range []map[string]string{
		{"Message-Id": "<msg_opened@example.org>", "In-Reply-To": "", "References": "", "Subject": `CRITICAL news-hd: black — Picture is <b>black</b> & "dark"`,
			"To": "<ann@example.org>", "Cc": `"Bob" <bob@example.org>`, "From": `"Framewatch" <watch@example.org>`, "Auto-Submitted": "auto-generated", "Importance": "high"},
		{"Message-Id": "<msg_acknowledged@example.org>", "In-Reply-To": "<msg_opened@example.org>", "References": "<msg_opened@example.org>"},
		{"Message-Id": "<msg_closed@example.org>", "In-Reply-To": "<msg_acknowledged@example.org>", "References": "<msg_opened@example.org> <msg_acknowledged@example.org>",
			"Subject": "RESOLVED news-hd: black — Picture is black", "Importance": ""},
	} {
		for key, value := range want {
			got, err := new(mime.WordDecoder).DecodeHeader(headers[i].Get(key))
			if err != nil || got != value {
				t.Errorf("mail %d: %s is %q, want %q", i+1, key, got, value)
			}
		}
	}
}

// opened reads a mail: its header, and its parts by type and content id.
func opened(t *testing.T, p post) (mail.Header, map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(p.Text))
	if err != nil {
		t.Fatalf("%v in %s", err, p.Text)
	}
	parts := map[string]string{}
	var walk func(header map[string][]string, body io.Reader)
	walk = func(header map[string][]string, body io.Reader) {
		h := mail.Header(header)
		kind, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(kind, "multipart/") {
			for reader := multipart.NewReader(body, parameters["boundary"]); ; {
				part, err := reader.NextRawPart()
				if err == io.EOF {
					return
				} else if err != nil {
					t.Fatal(err)
				}
				walk(part.Header, part)
			}
		}
		switch h.Get("Content-Transfer-Encoding") {
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if id := h.Get("Content-Id"); id != "" {
			kind += " " + id
		}
		parts[kind] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
	walk(m.Header, m.Body)
	return m.Header, parts
}

// TestEmailDoesNotWaitForPictures has evidence that never comes.
func TestEmailDoesNotWaitForPictures(t *testing.T) {
	address, _, mails := postOffice(t, "plain")
	e := email(address)
	e.EvidenceWait = time.Millisecond
	m := message(change(receiver.Opened))
	m.Evidence = func(ctx context.Context, _ string) (receiver.Filmstrip, error) {
		<-ctx.Done()
		return receiver.Filmstrip{}, ctx.Err()
	}
	if code, err := e.Tell(t.Context(), m); err != nil || code != 250 {
		t.Fatalf("status %d, error %v; want 250", code, err)
	}
	if _, parts := opened(t, <-mails); !strings.Contains(parts["text/plain"], "Filmstrip: https://watch.example.org/filmstrips/") {
		t.Errorf("the mail is %q, want a link to the filmstrip", parts)
	}
}

func TestEmailOptions(t *testing.T) {
	const good = "server: mail.example.org, from: watch@example.org, to: [ann@example.org]"
	for options, problem := range map[string]string{
		good:                                     "",
		"from: a@b, to: [a@b]":                   `server ""`,
		"server: 'm:0', from: a@b, to: [a@b]":    `server "m:0"`,
		"server: m, from: nobody, to: [a@b]":     `from "nobody"`,
		"server: m, from: a@b":                   "to has 0 addresses",
		"server: m, from: a@b, to: ['a@b, c@d']": `to "a@b, c@d"`,
		"server: m, from: a@b, to: [a@b], cc: [\"a@b\\r\\nBcc: c@d\"]": `cc "a@b\r\nBcc: c@d"`,
		good + ", tls: maybe":                                         `tls "maybe"`,
		good + ", timeout: 0s":                                        "timeout 0s",
		good + ", evidence_wait: -1s":                                 "evidence_wait -1s",
		good + ", ca_file: /does/not/exist":                           "ca_file",
		good + ", password: hunter2":                                  "username is missing",
		good + ", username: ann":                                      "password or password_file is missing",
		good + ", username: ann, password: hunter2, password_file: f": "both",
	} {
		_, err := receiver.Catalogue.New("email", []byte("{"+options+"}"))
		if (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: %v, want %q", options, err, problem)
		}
	}
}
