package receiver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// emailTLS are the ways to be safe on the way, and the port of each.
var emailTLS = map[string]struct {
	policy   mail.TLSPolicy
	implicit bool
	port     int
}{
	"starttls":      {mail.TLSMandatory, false, 587},
	"implicit":      {mail.NoTLS, true, 465},
	"opportunistic": {mail.TLSOpportunistic, false, 587},
	"none":          {mail.NoTLS, false, 25},
}

// address is the server's host and port.
func (e *Email) address() (host string, port int, err error) {
	host, port = e.Server, emailTLS[e.TLS].port
	if h, p, err := net.SplitHostPort(e.Server); err == nil {
		host = h
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return "", 0, fmt.Errorf("server %q has no port between 1 and 65535", e.Server)
		}
	}
	if host == "" || strings.ContainsAny(host, " \r\n/") {
		return "", 0, fmt.Errorf("server %q is no host, or host:port", e.Server)
	}
	return host, port, nil
}

// password to log in with; empty when there is no log-in.
func (e *Email) password() (string, error) {
	if e.Username == "" {
		return "", nil
	}
	return secretFrom("password", e.Password, e.PasswordFile)
}

func (e *Email) tlsConfig() (*tls.Config, error) {
	host, _, err := e.address()
	if err != nil {
		return nil, err
	}
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if e.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(e.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file %q holds no certificate", e.CAFile)
	}
	return config, nil
}

// dial connects to the server, goes over to TLS and logs in. hangUp ends the connection at once; it is called when ctx ends, and has to be called.
func (e *Email) dial(ctx context.Context, password string) (client *smtp.Client, hangUp func(), err error) {
	host, port, err := e.address()
	if err != nil {
		return nil, nil, err
	}
	config, err := e.tlsConfig()
	if err != nil {
		return nil, nil, err
	}
	line, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { line.Close() })
	hangUp = func() { stop(); line.Close() }
	way, conn := emailTLS[e.TLS], line
	if way.implicit {
		conn = tls.Client(line, config)
	}
	options := []mail.Option{mail.WithPort(port), mail.WithTimeout(e.Timeout), mail.WithTLSPolicy(way.policy), mail.WithTLSConfig(config),
		mail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return conn, nil })}
	if e.Hello != "" {
		options = append(options, mail.WithHELO(e.Hello))
	}
	if e.Username != "" {
		// The library holds back PLAIN and LOGIN from a connection in clear, but to this machine.
		options = append(options, mail.WithUsername(e.Username), mail.WithPassword(password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthCramMD5, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	dialler, err := mail.NewClient(host, options...)
	if err == nil {
		client, err = dialler.DialToSMTPClientWithContext(ctx)
	}
	if err != nil {
		hangUp()
		return nil, nil, err
	}
	return client, hangUp, nil
}

// refusal is an error as it may be told: without the password, which a server could repeat as it was sent.
func (e *Email) refusal(err error, password string) error {
	encode := base64.StdEncoding.EncodeToString
	text := scrub(err.Error(), encode([]byte("\x00"+e.Username+"\x00"+password)), encode([]byte(password)), password)
	told := fmt.Errorf("mail by %s: %s", e.Server, clean(text, summaryLimit))
	if code := replyCode(err); code >= 500 && code <= 599 {
		return Permanent{told}
	}
	return told
}

// replyCode is the server's, 0 when it is none of its errors.
func replyCode(err error) int {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return reply.Code
	}
	return 0
}
