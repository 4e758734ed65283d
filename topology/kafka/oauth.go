package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// oauthBearer is the mechanism of RFC 7628.
const oauthBearer = "OAUTHBEARER"

const (
	// tokenPatience bounds one request for a token.
	tokenPatience = 10 * time.Second
	// tokenLimit is how long a token can be, in bytes.
	tokenLimit = 64 << 10
	// tokenLife is for how long a token is used of which the endpoint does not say how long it holds.
	tokenLife = time.Minute
)

// OAuth is where the bearer token of OAUTHBEARER comes from: a file that something else keeps fresh, or a token endpoint (client credentials, RFC 6749 section 4.4).
type OAuth struct {
	// TokenFile holds the token; it is read for each log-in.
	TokenFile string `yaml:"token_file"`
	// TokenURL is the endpoint, https, or http on this machine.
	TokenURL string `yaml:"token_url"`
	// ClientID and the file with the client's secret, which is read for each request.
	ClientID         string   `yaml:"client_id"`
	ClientSecretFile string   `yaml:"client_secret_file"`
	Scopes           []string `yaml:"scopes"`
	// CAFile is a PEM file of the authorities to trust for the endpoint, which is read for each request; empty for the system's.
	CAFile string `yaml:"ca_file"`
}

func (o OAuth) validate() error {
	if (o.TokenFile == "") == (o.TokenURL == "") {
		return errors.New("oauth: give either token_file or token_url")
	}
	if o.TokenFile != "" {
		if o.ClientID != "" || o.ClientSecretFile != "" || len(o.Scopes) > 0 || o.CAFile != "" {
			return errors.New("oauth: client_id, client_secret_file, scopes and ca_file go with token_url")
		}
		return nil
	}
	u, err := url.Parse(o.TokenURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && local(u.Hostname())) {
		return errors.New("oauth: token_url is no https address (or http on this machine)")
	}
	if u.User != nil {
		return errors.New("oauth: token_url holds a user; give client_id and client_secret_file")
	}
	if o.ClientID == "" || o.ClientSecretFile == "" {
		return errors.New("oauth: token_url wants client_id and client_secret_file")
	}
	return nil
}

// local tells that a host is this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// tokens is where tokens come from. One of an endpoint is used again until it is about to expire, by all clients that share the mechanism.
func (s SASL) tokens() (func(ctx context.Context) (string, error), error) {
	if s.OAuth.TokenFile != "" {
		return func(context.Context) (string, error) { return bounded(readLine(s.OAuth.TokenFile)) }, nil
	}
	if _, err := s.OAuth.client(); err != nil {
		return nil, err
	}
	source := oauth2.ReuseTokenSource(nil, endpoint(s.OAuth))
	return func(context.Context) (string, error) {
		token, err := source.Token()
		if err != nil {
			return "", err
		}
		return bounded(token.AccessToken, nil)
	}, nil
}

func bounded(token string, err error) (string, error) {
	if err == nil && len(token) > tokenLimit {
		err = fmt.Errorf("the token has %d bytes, more than %d", len(token), tokenLimit)
	}
	return token, err
}

// client asks the endpoint. It follows no redirect and takes no proxy from the environment: the secret is for this address.
func (o OAuth) client() (*http.Client, error) {
	encryption := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		text, err := readCredential(o.CAFile)
		if err != nil {
			return nil, err
		}
		encryption.RootCAs = x509.NewCertPool()
		if !encryption.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("read %s: it holds no PEM certificate", o.CAFile)
		}
	}
	return &http.Client{Timeout: tokenPatience, Transport: &http.Transport{TLSClientConfig: encryption, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// endpoint gives a new token each time that it is asked.
type endpoint OAuth

// Token asks for one.
func (e endpoint) Token() (*oauth2.Token, error) {
	secret, err := readLine(e.ClientSecretFile)
	if err != nil {
		return nil, err
	}
	client, err := OAuth(e).client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	config := clientcredentials.Config{ClientID: e.ClientID, ClientSecret: secret, TokenURL: e.TokenURL, Scopes: e.Scopes}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), oauth2.HTTPClient, client), tokenPatience)
	defer cancel()
	token, err := config.Token(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask %s for a token: %w", originOf(e.TokenURL), plainly(err))
	}
	if token.Expiry.IsZero() {
		token.Expiry = time.Now().Add(tokenLife) // else it would be used for ever
	}
	return token, nil
}

// originOf is a URL without what may be a secret.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the token endpoint"
	}
	return u.Scheme + "://" + u.Host
}

// plainly is the endpoint's refusal by its code, since its body may repeat what it was sent, and what kept it from being asked without the URL.
func plainly(err error) error {
	refusal := (*oauth2.RetrieveError)(nil)
	if errors.As(err, &refusal) && refusal.Response != nil {
		return fmt.Errorf("it answered %s (%.60q)", refusal.Response.Status, refusal.ErrorCode)
	}
	if way, ok := errors.AsType[*url.Error](err); ok {
		return way.Err // it would repeat the URL
	}
	return err
}
