package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// connectPatience bounds a connection's making, TLS included.
	connectPatience = 10 * time.Second
	// credentialLimit is how long a file with certificates, a password or a token can be, in bytes.
	credentialLimit = 1 << 20
	// goneAfter is how long a broker's certificate counts after the last connection to it has ended: longer than one is away that only restarts.
	goneAfter = time.Hour
)

// client is the TLS configuration of our side of a connection, as the files are now.
func (t TLS) client() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		text, err := readCredential(t.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("read %s: it holds no PEM certificate", t.CA)
		}
	}
	if t.Cert != "" {
		cert, err := readCredential(t.Cert)
		if err != nil {
			return nil, err
		}
		key, err := readCredential(t.Key)
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("read %s and %s: %w", t.Cert, t.Key, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// readCredential reads a file of bounded length.
func readCredential(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, credentialLimit+1))
	if err == nil && len(text) > credentialLimit {
		err = fmt.Errorf("read %s: it has more than %d bytes", path, credentialLimit)
	}
	return text, err
}

// encryption makes the connections with TLS of all clients of a cluster. The files are read for each connection, so that a certificate that was renewed, or an authority
// that was changed, holds from the next connection on; the connections that there are stay. Files that are just being replaced and do not fit each other are passed over:
// what they last said holds. It is safe for concurrent use.
type encryption struct {
	files  TLS
	log    *slog.Logger
	meters *meters

	mu   sync.Mutex
	last *tls.Config
	// told is what was last said of files that cannot be used.
	told string
	// brokers are those that have shown a certificate, by address.
	brokers map[string]*shownBroker
}

// shownBroker is what a broker's certificate counts by.
type shownBroker struct {
	// expires is when the certificate does that it showed last.
	expires time.Time
	// connections are those that there are; gone runs while there is none, and is nil while there are some.
	connections int
	gone        *time.Timer
}

// shownConn is a connection to a broker that has shown a certificate.
type shownConn struct {
	net.Conn
	// ended may be called more than once.
	ended func()
}

// Close tells that it has ended.
func (c shownConn) Close() error {
	c.ended()
	return c.Conn.Close()
}

// newEncryption reads the files for the first time: then they must be in order.
func newEncryption(files TLS, log *slog.Logger, m *meters) (*encryption, error) {
	config, err := files.client()
	if err != nil {
		return nil, err
	}
	e := &encryption{files: files, log: log, meters: m, last: config, brokers: map[string]*shownBroker{}}
	e.measure()
	return e, nil
}

// now is what the files say, or what they last said that could be used.
func (e *encryption) now() *tls.Config {
	config, err := e.files.client()
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		if e.told != err.Error() {
			e.told = err.Error()
			e.log.Warn("kafka.tls cannot be read anew, what it said before still holds", "error", err)
		}
		return e.last
	}
	if e.told != "" {
		e.told = ""
		e.log.Info("kafka.tls is read anew")
	}
	e.last = config
	return config
}

// dial makes a connection.
func (e *encryption) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	dialer := tls.Dialer{Config: e.now()}
	conn, err := dialer.DialContext(ctx, network, address)
	e.measure()
	if err == nil {
		if chain := conn.(*tls.Conn).ConnectionState().PeerCertificates; len(chain) > 0 {
			return shownConn{conn, e.shown(address, chain[0].NotAfter)}, nil
		}
	}
	return conn, err
}

// shown takes when the certificate expires that a broker has shown to a connection, and returns what tells that the connection has ended.
func (e *encryption) shown(address string, at time.Time) (ended func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b := e.brokers[address]
	if b == nil {
		b = &shownBroker{}
		e.brokers[address] = b
	}
	b.expires = at
	b.connections++
	if b.gone != nil {
		b.gone.Stop()
		b.gone = nil
	}
	e.tellBrokers()
	return sync.OnceFunc(func() { e.left(address, b) })
}

// left takes the end of a connection to a broker. One that has left the cluster gets no other.
func (e *encryption) left(address string, b *shownBroker) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if b.connections--; b.connections > 0 {
		return
	}
	var gone *time.Timer
	gone = time.AfterFunc(goneAfter, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		// An earlier one may have fired and waited for the lock while a connection came and went.
		if b.gone == gone {
			delete(e.brokers, address)
			e.tellBrokers()
		}
	})
	b.gone = gone
}

// tellBrokers tells of the first of all brokers' certificates to expire. The lock is held.
func (e *encryption) tellBrokers() {
	var first time.Time
	for _, b := range e.brokers {
		if first.IsZero() || b.expires.Before(first) {
			first = b.expires
		}
	}
	e.meters.expires("broker", first)
}

// measure tells when the files' certificates expire.
func (e *encryption) measure() {
	if e.meters == nil {
		return
	}
	for _, c := range e.files.Expiries() {
		e.meters.expires(c.Of, c.At)
	}
}

// Expiry is when a certificate expires.
type Expiry struct {
	// Of is whose it is: client, authority or broker.
	Of string
	// File that holds it.
	File string
	At   time.Time
}

// Expiries are those of the files' certificates, of each file the first to expire. Files that cannot be read are left out.
func (t TLS) Expiries() (all []Expiry) {
	for _, file := range []struct{ of, path string }{{"client", t.Cert}, {"authority", t.CA}} {
		if file.path == "" {
			continue
		}
		text, err := readCredential(file.path)
		if err != nil {
			continue
		}
		if at := firstExpiry(text); !at.IsZero() {
			all = append(all, Expiry{file.of, file.path, at})
		}
	}
	return all
}

// firstExpiry is when the first of a PEM file's certificates expires; zero: it holds none.
func firstExpiry(text []byte) (at time.Time) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && (at.IsZero() || c.NotAfter.Before(at)) {
			at = c.NotAfter
		}
	}
	return at
}
