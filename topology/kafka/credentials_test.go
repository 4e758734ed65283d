package kafka_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology/kafka"
)

// certificate makes a pair for loopback that is its own authority, and the file of the authority.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

func TestCredentials(t *testing.T) {
	pair, ca := certificate(t)
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "plain", "p1"), kfake.Superuser("SCRAM-SHA-256", "scram256", "p2"), kfake.Superuser("SCRAM-SHA-512", "scram512", "p3"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("p1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	trusting := kafka.TLS{Enabled: true, CA: ca}
	for _, test := range []struct {
		name string
		tls  kafka.TLS
		sasl kafka.SASL
		want string
	}{
		{"plain", trusting, kafka.SASL{Mechanism: "PLAIN", User: "plain", Password: "p1"}, ""},
		{"from a file", trusting, kafka.SASL{Mechanism: "PLAIN", User: "plain", PasswordFile: file}, ""},
		{"scram 256", trusting, kafka.SASL{Mechanism: "SCRAM-SHA-256", User: "scram256", Password: "p2"}, ""},
		{"scram 512", trusting, kafka.SASL{Mechanism: "SCRAM-SHA-512", User: "scram512", Password: "p3"}, ""},
		// Apache Kafka says that it is wrong; the embedded broker only hangs up.
		{"wrong password", trusting, kafka.SASL{Mechanism: "SCRAM-SHA-256", User: "scram256", Password: "hunter2"}, "dial ["},
		{"unknown authority", kafka.TLS{Enabled: true}, kafka.SASL{Mechanism: "PLAIN", User: "plain", Password: "p1"}, "certificate"},
		{"no such file", kafka.TLS{Enabled: true, CA: "/nowhere/ca.pem"}, kafka.SASL{}, "open /nowhere/ca.pem"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := configFor(broker.ListenAddrs())
			config.TLS, config.SASL = test.tls, test.sasl
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			defer cancel()
			c, err := kafka.Dial(ctx, config, schemas.Baked(), quiet())
			if err == nil {
				c.Close()
			}
			if test.want == "" && err != nil {
				t.Errorf("dial: %v", err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("dial: %v, want an error with %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}
