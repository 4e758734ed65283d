package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// client is the TLS configuration of our side of a connection.
func (t TLS) client() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read %s: it holds no PEM certificate", t.CA)
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// Credentials are what another client needs to connect as this configuration says: TLS, nil for a connection in the clear, and the SASL
// password, read from where it is kept.
func (c Config) Credentials() (encryption *tls.Config, password string, err error) {
	if c.TLS.Enabled {
		if encryption, err = c.TLS.client(); err != nil {
			return nil, "", fmt.Errorf("tls: %w", err)
		}
	}
	if password, err = c.SASL.password(); err != nil {
		return nil, "", fmt.Errorf("sasl: %w", err)
	}
	return encryption, password, nil
}

// password is read from where it is kept.
func (s SASL) password() (string, error) {
	if s.PasswordFile == "" {
		return string(s.Password), nil
	}
	text, err := os.ReadFile(s.PasswordFile)
	return strings.TrimRight(string(text), "\r\n"), err
}

// mechanism is the SASL exchange.
func (s SASL) mechanism() (sasl.Mechanism, error) {
	password, err := s.password()
	if err != nil {
		return nil, err
	}
	switch s.Mechanism {
	case "PLAIN":
		return plain.Auth{User: s.User, Pass: password}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: s.User, Pass: password}.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: s.User, Pass: password}.AsSha512Mechanism(), nil
	}
	return nil, fmt.Errorf("sasl: mechanism %q is unknown", s.Mechanism)
}
