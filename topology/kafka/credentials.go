package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// Credentials are what another client needs to connect as this configuration says.
type Credentials struct {
	// TLS is nil for a connection in the clear.
	TLS *tls.Config
	// Password of SASL, as it is now; empty with OAUTHBEARER.
	Password string
	// Token gives the bearer token of OAUTHBEARER; nil with another mechanism.
	Token func(ctx context.Context) (string, error)
}

// Credentials reads them from where they are kept.
func (c Config) Credentials() (found Credentials, err error) {
	if c.TLS.Enabled {
		if found.TLS, err = c.TLS.client(); err != nil {
			return found, fmt.Errorf("tls: %w", err)
		}
	}
	if c.SASL.Mechanism == oauthBearer {
		if found.Token, err = c.SASL.tokens(); err != nil {
			return found, fmt.Errorf("sasl: %w", err)
		}
		return found, nil
	}
	if found.Password, err = c.SASL.password(); err != nil {
		return found, fmt.Errorf("sasl: %w", err)
	}
	return found, nil
}

// password is read from where it is kept.
func (s SASL) password() (string, error) {
	if s.PasswordFile == "" {
		return string(s.Password), nil
	}
	return readLine(s.PasswordFile)
}

// readLine is the text of a file without its final line breaks.
func readLine(path string) (string, error) {
	text, err := readCredential(path)
	if err != nil {
		return "", err
	}
	line := strings.TrimRight(string(text), "\r\n")
	if line == "" {
		return "", fmt.Errorf("read %s: it is empty", path)
	}
	return line, nil
}

// errLogin is in every error of ours that keeps a log-in from being tried.
var errLogin = errors.New("prepare the log-in")

// mechanism is the SASL exchange. Password and token are read for each log-in, so that a change holds from the next connection on, and when the broker asks those that
// there are to log in again.
func (s SASL) mechanism() (sasl.Mechanism, error) {
	if s.Mechanism == oauthBearer {
		tokens, err := s.tokens()
		if err != nil {
			return nil, err
		}
		return oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
			token, err := tokens(ctx)
			if err != nil {
				return oauth.Auth{}, fmt.Errorf("%w: %w", errLogin, err)
			}
			return oauth.Auth{Token: token}, nil
		}), nil
	}
	// Without a file that can be read there is nothing to begin with.
	if _, err := s.password(); err != nil {
		return nil, err
	}
	password := func() (string, error) {
		text, err := s.password()
		if err != nil {
			return "", fmt.Errorf("%w: %w", errLogin, err)
		}
		return text, nil
	}
	salted := func(context.Context) (scram.Auth, error) {
		text, err := password()
		return scram.Auth{User: s.User, Pass: text}, err
	}
	switch s.Mechanism {
	case "PLAIN":
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			text, err := password()
			return plain.Auth{User: s.User, Pass: text}, err
		}), nil
	case "SCRAM-SHA-256":
		return scram.Sha256(salted), nil
	case "SCRAM-SHA-512":
		return scram.Sha512(salted), nil
	}
	return nil, fmt.Errorf("sasl: mechanism %q is unknown", s.Mechanism)
}
