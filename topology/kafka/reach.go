package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Step is how far the way to a broker was gone.
type Step string

// The steps of the way to a broker, in their order.
const (
	// Resolve finds the name's addresses.
	Resolve Step = "resolve"
	// Connect opens a connection.
	Connect Step = "connect"
	// Encrypt agrees on TLS.
	Encrypt Step = "encrypt"
	// LogIn is SASL.
	LogIn Step = "log in"
	// Ask is a first request of Kafka's protocol.
	Ask Step = "ask"
)

// Reached is how far one came on the way to a broker.
type Reached struct {
	Address string
	// Step at which it ended with Err; both are empty when the broker has answered.
	Step Step
	Err  error
	// Server is the broker's own certificate; nil without TLS, and where it was not shown.
	Server *x509.Certificate
	// Unencrypted says that the broker wants TLS, and the configuration has none; Encrypted, that it is the other way round.
	Unencrypted, Encrypted bool
}

// Reach goes the whole way to one broker, once, and tells where it ends.
func Reach(ctx context.Context, config Config, address string) Reached {
	r := Reached{Address: address}
	config.Brokers = []string{address}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		r.Step, r.Err = Connect, err
		if name := (*net.DNSError)(nil); errors.As(err, &name) {
			r.Step = Resolve
		}
		return r
	}
	defer conn.Close()
	if config.TLS.Enabled {
		if r.encrypt(ctx, config.TLS, conn); r.Err != nil {
			return r
		}
	}
	r.ask(ctx, config)
	if r.Err != nil && !config.TLS.Enabled {
		r.Unencrypted = speaksTLS(ctx, address)
	}
	return r
}

// encrypt agrees on TLS over a connection of its own, to see the certificate, also one that is refused.
func (r *Reached) encrypt(ctx context.Context, t TLS, conn net.Conn) {
	config, err := t.client()
	if err != nil {
		r.Step, r.Err = Encrypt, err
		return
	}
	config.ServerName, _, _ = net.SplitHostPort(r.Address)
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		r.Step, r.Err = Encrypt, err
		refused := (*tls.CertificateVerificationError)(nil)
		if errors.As(err, &refused) && len(refused.UnverifiedCertificates) > 0 {
			r.Server = refused.UnverifiedCertificates[0]
		}
		// What knows no TLS hangs up, answers something else, or waits for more.
		record := tls.RecordHeaderError{}
		r.Encrypted = errors.As(err, &record) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, context.DeadlineExceeded)
		return
	}
	if chain := secured.ConnectionState().PeerCertificates; len(chain) > 0 {
		r.Server = chain[0]
	}
}

// ask logs in and makes a first request, with no second try.
func (r *Reached) ask(ctx context.Context, config Config) {
	options, err := clientOptions(config, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		r.Step, r.Err = LogIn, err
		return
	}
	client, err := kgo.NewClient(append(options, kgo.RequestRetries(0), kgo.RetryTimeout(time.Second))...)
	if err != nil {
		r.Step, r.Err = Ask, err
		return
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		r.Step, r.Err = Ask, err
		// A broker that says nothing of a wrong password hangs up.
		hungUp := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
		if config.SASL.Mechanism != "" && (loginRefused(err) || hungUp || errors.Is(err, errLogin)) {
			r.Step = LogIn
		}
	}
}

// loginRefused says that the broker has refused who we say that we are, or how we say it.
func loginRefused(err error) bool {
	for _, refusal := range []error{kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.IllegalSaslState} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	// That a token is refused the client says in words alone.
	return strings.Contains(err.Error(), "SASL") || strings.Contains(err.Error(), "oauth response")
}

// speaksTLS says that what listens there answers a greeting of TLS as such.
func speaksTLS(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err == nil {
		conn.Close()
		return true
	}
	refused, alert := (*tls.CertificateVerificationError)(nil), tls.AlertError(0)
	return errors.As(err, &refused) || errors.As(err, &alert)
}
