package kafka_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology/kafka"
)

// pemOf is a certificate, and its key, as files have them.
func pemOf(t *testing.T, c tls.Certificate) (cert, key []byte) {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(c.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

// put writes a file in place of the one that is there, as whoever renews certificates does.
func put(t *testing.T, path string, text []byte) {
	t.Helper()
	err := os.WriteFile(path+".new", text, 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A cluster that was dialled goes on when the brokers' certificate, its authority and our own certificate are all exchanged: new connections use what the files say now. Files
// that are no certificates are passed over, and the metric tells when those expire that are in force.
func TestCertificatesAreReadAnew(t *testing.T) {
	old, oldCA := certificate(t)
	var now atomic.Pointer[tls.Config]
	set := func(c tls.Certificate) {
		pool := x509.NewCertPool()
		leaf, err := x509.ParseCertificate(c.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		pool.AddCert(leaf)
		now.Store(&tls.Config{Certificates: []tls.Certificate{c}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, SessionTicketsDisabled: true})
	}
	set(old)
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{old},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return now.Load(), nil }}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	dir := t.TempDir()
	files := kafka.TLS{Enabled: true, CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	exchange := func(c tls.Certificate, ca string) {
		text, err := os.ReadFile(ca)
		if err != nil {
			t.Fatal(err)
		}
		cert, key := pemOf(t, c)
		put(t, files.CA, text)
		put(t, files.Cert, cert)
		put(t, files.Key, key)
	}
	exchange(old, oldCA)
	config := configFor(broker.ListenAddrs())
	metrics := prometheus.NewRegistry()
	config.TLS, config.Metrics = files, metrics
	c, err := kafka.Dial(t.Context(), config, schemas.Baked(), quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	leaf, err := x509.ParseCertificate(old.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if ends := expiries(t, metrics); len(ends) != 3 || ends["client"] != ends["broker"] || ends["authority"] != float64(leaf.NotAfter.Unix()) {
		t.Errorf("certificates end at %v, want those of client, authority and broker at %d", ends, leaf.NotAfter.Unix())
	}
	if _, err := c.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}

	renewed, newCA := certificate(t)
	set(renewed)
	if err := anew(t, c); err == nil {
		t.Error("the old certificate is still taken: the test shows nothing")
	}
	exchange(renewed, newCA)
	if err := anew(t, c); err != nil {
		t.Errorf("read by the new certificate: %v", err)
	}
	put(t, files.Cert, []byte("half a file"))
	if err := anew(t, c); err != nil {
		t.Errorf("read while a file is just being written: %v", err)
	}
}

// The metric is of the broker whose certificate expires first, whichever was connected to last, until that one shows another.
func TestFirstBrokersCertificateCounts(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	soon, late := kafka.Shown{Address: "a:1", At: now}, kafka.Shown{Address: "b:1", At: now.Add(time.Hour)}
	renewed := kafka.Shown{Address: "a:1", At: now.Add(2 * time.Hour)}
	for _, c := range []struct {
		shown []kafka.Shown
		want  time.Time
	}{{[]kafka.Shown{soon, late}, soon.At}, {[]kafka.Shown{late, soon, late}, soon.At}, {[]kafka.Shown{soon, late, renewed}, late.At}} {
		metrics := prometheus.NewRegistry()
		show := kafka.Showing(metrics)
		for _, b := range c.shown {
			show(b)
		}
		if got := expiries(t, metrics)["broker"]; got != float64(c.want.Unix()) {
			t.Errorf("%v: got %v, want %d", c.shown, got, c.want.Unix())
		}
	}
}

// A broker that has gone counts for an hour after the last connection to it, so that one that restarts does not come and go.
func TestGoneBrokersCertificateCountsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics := prometheus.NewRegistry()
		show, late := kafka.Showing(metrics), time.Now().AddDate(1, 0, 0)
		gone := kafka.Shown{Address: "a:1", At: time.Now().AddDate(0, 1, 0)}
		want := func(what string, at time.Time) {
			t.Helper()
			synctest.Wait()
			if got := expiries(t, metrics)["broker"]; got != float64(at.Unix()) {
				t.Errorf("%s the first expires at %v, want %v", what, time.Unix(int64(got), 0), at)
			}
		}
		stays := show(kafka.Shown{Address: "b:1", At: late})
		first, second := show(gone), show(gone)
		first()
		first() // an end that is told twice is one
		time.Sleep(2 * time.Hour)
		want("while one of two connections is there", gone.At)
		second()
		time.Sleep(59 * time.Minute)
		third := show(gone)
		time.Sleep(2 * time.Hour)
		want("after it has come back within an hour", gone.At)
		third()
		time.Sleep(59 * time.Minute)
		want("59 minutes after the last connection", gone.At)
		time.Sleep(2 * time.Minute)
		want("after an hour", late)
		stays()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if at, told := expiries(t, metrics)["broker"]; told {
			t.Errorf("without any broker one expires at %v", at)
		}
	})
}

// Each connection that is closed is one less.
func TestConnectionsAreCounted(t *testing.T) {
	pair, ca := certificate(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go io.Copy(io.Discard, conn)
		}
	}()
	dial, open, err := kafka.Dialled(kafka.TLS{Enabled: true, CA: ca}, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for n := range 3 {
		conn, err := dial(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if conns = append(conns, conn); open() != n+1 {
			t.Errorf("%d connections are counted, want %d", open(), n+1)
		}
	}
	for n, conn := range conns {
		if conn.Close(); open() != 2-n {
			t.Errorf("%d connections are counted, want %d", open(), 2-n)
		}
	}
}

// expiries are the values of the metric by whose certificate it is.
func expiries(t *testing.T, from prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "framewatch_kafka_certificate_expiry_timestamp_seconds" {
			for _, m := range f.GetMetric() {
				ends[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
			}
		}
	}
	return ends
}

// anew connects and logs in by a client that is made for it, or tells why that cannot be.
func anew(t *testing.T, c *kafka.Cluster) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	return c.Try(ctx)
}

// A password that is changed in its file holds from the next log-in on.
func TestPasswordsAreReadAnew(t *testing.T) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "bob", "first"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	file := filepath.Join(t.TempDir(), "password")
	put(t, file, []byte("first\n"))
	config := configFor(broker.ListenAddrs())
	config.SASL = kafka.SASL{Mechanism: "SCRAM-SHA-512", User: "bob", PasswordFile: file}
	c, err := kafka.Dial(t.Context(), config, schemas.Baked(), quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	put(t, file, []byte("another\n"))
	if err := anew(t, c); err == nil {
		t.Error("another password is taken: it was not read anew")
	}
	put(t, file, []byte("first\n"))
	if err := anew(t, c); err != nil {
		t.Errorf("with the right password again: %v", err)
	}
}

// Tokens come from the endpoint by the client's secret as its file has it, one for many log-ins as long as it holds; and no refusal tells the secret.
func TestTokensOfAnEndpoint(t *testing.T) {
	var mu sync.Mutex
	asked, lasts, status := 0, 3600, http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		id, secret, _ := r.BasicAuth()
		// One that is refused is asked once more, with the secret in the form.
		if status == http.StatusOK && (id != "framewatch" || r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("scope") != "kafka") {
			t.Errorf("asked by %q for %v", id, r.PostForm)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if status != http.StatusOK {
			fmt.Fprintf(w, `{"error": "invalid_client", "error_description": "you said %s"}`, secret+r.PostFormValue("client_secret"))
			return
		}
		fmt.Fprintf(w, `{"access_token": "%s-%d", "token_type": "bearer", "expires_in": %d}`, secret, asked, lasts)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "secret")
	put(t, file, []byte("hunter2\n"))
	config := kafka.Defaults()
	config.SASL = kafka.SASL{Mechanism: "OAUTHBEARER", OAuth: kafka.OAuth{TokenURL: server.URL + "/token", ClientID: "framewatch", ClientSecretFile: file, Scopes: []string{"kafka"}}}
	token := func() (string, error) { return "", errors.New("no credentials") }
	begin := func() {
		credentials, err := config.Credentials()
		if err != nil {
			t.Fatal(err)
		}
		token = func() (string, error) { return credentials.Token(t.Context()) }
	}
	begin()
	for range 2 {
		if got, err := token(); got != "hunter2-1" || err != nil {
			t.Errorf("got %q, %v, want the first token", got, err)
		}
	}
	lasts = 1 // so short that it is asked for anew each time
	put(t, file, []byte("hunter3\n"))
	begin()
	for i := range 2 {
		if got, err := token(); got != fmt.Sprintf("hunter3-%d", i+2) || err != nil {
			t.Errorf("got %q, %v, want a new token by the new secret", got, err)
		}
	}
	lasts = 0 // the endpoint does not say: one that is used for ever is refused one day
	if got, err := kafka.TokenOf(config.SASL.OAuth); err != nil || got.Expiry.IsZero() || time.Until(got.Expiry) > time.Minute {
		t.Errorf("got a token that holds until %v, %v, want a minute", got.Expiry, err)
	}
	status = http.StatusUnauthorized
	_, err := token()
	if err == nil || !strings.Contains(err.Error(), "invalid_client") || strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "/token") {
		t.Errorf("refused: %v, want the code alone", err)
	}
	server.Close()
	if _, err := token(); err == nil || strings.Contains(err.Error(), "/token") {
		t.Errorf("not reached: %v, want it without the path", err)
	}
	put(t, file, nil)
	if _, err := token(); err == nil || !strings.Contains(err.Error(), "it is empty") {
		t.Errorf("with an empty file: %v", err)
	}
}

func TestOAuthIsValidated(t *testing.T) {
	for _, c := range []struct {
		sasl kafka.SASL
		want string
	}{
		{kafka.SASL{Mechanism: "OAUTHBEARER", OAuth: kafka.OAuth{TokenFile: "t"}}, ""},
		{kafka.SASL{Mechanism: "OAUTHBEARER", OAuth: kafka.OAuth{TokenURL: "https://login.example/token", ClientID: "c", ClientSecretFile: "s"}}, ""},
		{kafka.SASL{Mechanism: "OAUTHBEARER", OAuth: kafka.OAuth{TokenURL: "http://127.0.0.1:1/token", ClientID: "c", ClientSecretFile: "s"}}, ""},
		{kafka.SASL{Mechanism: "OAUTHBEARER"}, "either token_file or token_url"},
		{kafka.SASL{Mechanism: "OAUTHBEARER", OAuth: kafka.OAuth{TokenFile: "t", TokenURL: "https://x/"}}, "either token_file or token_url"},
		{kafka.SASL{Mechanism: "OAUTHBEARER", OAuth: kafka.OAuth{TokenFile: "t", ClientID: "c"}}, "go with token_url"},
		{kafka.SASL{Mechanism: "OAUTHBEARER", OAuth: kafka.OAuth{TokenURL: "http://login.example/token", ClientID: "c", ClientSecretFile: "s"}}, "no https address"},
		{kafka.SASL{Mechanism: "OAUTHBEARER", OAuth: kafka.OAuth{TokenURL: "https://a:hunter2@login.example/", ClientID: "c", ClientSecretFile: "s"}}, "holds a user"},
		{kafka.SASL{Mechanism: "OAUTHBEARER", OAuth: kafka.OAuth{TokenURL: "https://login.example/"}}, "wants client_id"},
		{kafka.SASL{Mechanism: "OAUTHBEARER", User: "u", OAuth: kafka.OAuth{TokenFile: "t"}}, "leave user and password out"},
		{kafka.SASL{Mechanism: "PLAIN", User: "u", Password: "p", OAuth: kafka.OAuth{TokenFile: "t"}}, "oauth goes with"},
		{kafka.SASL{OAuth: kafka.OAuth{TokenFile: "t"}}, "oauth goes with"},
	} {
		config := kafka.Defaults()
		config.Brokers, config.SASL = []string{"b:1"}, c.sasl
		err := config.Validate()
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%+v: got %v, want %q", c.sasl, err, c.want)
		}
	}
}
