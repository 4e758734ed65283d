package receiver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Email tells by mail: one for each message, with the filmstrip in it, and all of a group in one thread.
type Email struct {
	// Server is the host, or host:port, that takes the mail. The port is 465 when TLS is implicit, 25 when it is none, else 587.
	Server string `yaml:"server"`
	// TLS is starttls (or nothing is sent), implicit, opportunistic (STARTTLS if the server has it) or none.
	TLS string `yaml:"tls"`
	// CAFile holds certificates, PEM, of who may vouch for the server; empty: those of the system.
	CAFile string `yaml:"ca_file"`
	// Username to log in with; empty: no log-in. A password is never sent in clear, but to this machine.
	Username string `yaml:"username"`
	Password Secret `yaml:"password"`
	// PasswordFile holds the password instead. It is read for each attempt.
	PasswordFile string `yaml:"password_file"`
	// From is the sender, To and CC are who is told: addresses, with a name or without.
	From string   `yaml:"from"`
	To   []string `yaml:"to"`
	CC   []string `yaml:"cc"`
	// Hello is the name given to the server; empty: the machine's.
	Hello string `yaml:"hello"`
	// EvidenceWait is how long the mail waits for the filmstrip; 0: it goes without.
	EvidenceWait time.Duration `yaml:"evidence_wait"`
	// Timeout of one attempt, without the wait for the filmstrip.
	Timeout time.Duration `yaml:"timeout"`
}

// NewEmail is an Email with its defaults: STARTTLS, a time-out of 30 s, 8 s for the filmstrip.
func NewEmail() *Email {
	return &Email{TLS: "starttls", Timeout: 30 * time.Second, EvidenceWait: evidenceWait}
}

// emailRecipients is how many a mail can have at most.
const emailRecipients = 100

// Validate checks the server, the way to it, the addresses and the files.
func (e *Email) Validate() error {
	if _, ok := emailTLS[e.TLS]; !ok {
		return fmt.Errorf("tls %q is none of starttls, implicit, opportunistic, none", e.TLS)
	}
	if _, _, err := e.address(); err != nil {
		return err
	}
	if e.Timeout <= 0 {
		return fmt.Errorf("timeout %s is not positive", e.Timeout)
	}
	if e.EvidenceWait < 0 {
		return fmt.Errorf("evidence_wait %s is negative", e.EvidenceWait)
	}
	if _, err := netmail.ParseAddress(e.From); err != nil {
		return fmt.Errorf("from %q is not an address", e.From)
	}
	if n := len(e.To) + len(e.CC); len(e.To) == 0 || n > emailRecipients {
		return fmt.Errorf("to has %d addresses and cc %d: it takes one in to, and no more than %d", len(e.To), len(e.CC), emailRecipients)
	}
	for i, a := range slices.Concat(e.To, e.CC) {
		if _, err := netmail.ParseAddress(a); err != nil {
			return fmt.Errorf("%s %q is not an address", [2]string{"to", "cc"}[min(1, i/len(e.To))], a)
		}
	}
	if e.Username == "" && (e.Password != "" || e.PasswordFile != "") {
		return errors.New("username is missing for the password")
	}
	if _, err := e.password(); err != nil {
		return err
	}
	_, err := e.tlsConfig()
	return err
}

// What Message.Remote holds for mail: the first of the thread, the latest, and who has got the one that is under way.
const (
	emailFirst  = "first"
	emailLatest = "latest"
	emailTaken  = "taken"
)

// Tell sends one mail. A reply of 5xx is permanent. Who was refused for good does not keep the others from being told, and who has the mail is not sent it again because
// others were put off.
func (e *Email) Tell(ctx context.Context, m *Message) (int, error) {
	if !m.left() {
		return 0, nil
	}
	m.renew()
	pictured := m.pictured()
	strip, ok := evidence(ctx, m, pictured, e.EvidenceWait)
	letter, err := e.letter(m, pictured, strip, ok)
	if err != nil {
		return 0, Permanent{err}
	}
	password, err := e.password()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	status, err := e.deliver(ctx, m, letter, password)
	if err != nil {
		return status, e.refusal(err, password)
	}
	id := letter.GetMessageID()
	if m.Remote[emailFirst] == "" {
		m.Remote[emailFirst] = id
	}
	m.Remote[emailLatest] = id
	delete(m.Remote, emailTaken)
	m.settle()
	return status, nil
}

// deliver gives the letter to the server, for all who have not got it yet.
func (e *Email) deliver(ctx context.Context, m *Message, letter *mail.Msg, password string) (int, error) {
	client, hangUp, err := e.dial(ctx, password)
	if err != nil {
		return replyCode(err), fmt.Errorf("connect: %w", err)
	}
	defer hangUp()
	if err := client.Mail("<" + bare(e.From) + ">"); err != nil {
		return replyCode(err), fmt.Errorf("sender %s: %w", bare(e.From), err)
	}
	had := strings.Fields(m.Remote[emailTaken])
	if len(had) == 0 || had[0] != m.ID {
		had = []string{m.ID}
	}
	var taken []string
	var refused, later error
	for _, to := range slices.Concat(e.To, e.CC) {
		to = bare(to)
		if slices.Contains(had[1:], to) {
			continue
		}
		switch err := client.Rcpt("<" + to + ">"); {
		case err == nil:
			taken = append(taken, to)
		case replyCode(err) >= 500:
			refused = fmt.Errorf("recipient %s: %w", to, err)
			slog.WarnContext(ctx, "recipient refused", "receiver", m.Receiver, "recipient", to, "error", clean(err.Error(), summaryLimit))
		default:
			later = fmt.Errorf("recipient %s: %w", to, err)
		}
	}
	if len(taken) > 0 {
		if err := send(client, letter); err != nil {
			return replyCode(err), err
		}
		m.Remote[emailTaken] = strings.Join(append(had, taken...), " ")
	}
	switch {
	case later != nil:
		return replyCode(later), later
	case len(taken) == 0 && len(had) == 1:
		return replyCode(refused), refused
	}
	// The mail is there; how the server takes leave is no matter.
	_ = client.Quit()
	return 250, nil
}

// send is the mail itself.
func send(client *smtp.Client, letter *mail.Msg) error {
	data, err := client.Data()
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if _, err := letter.WriteTo(data); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if err := data.Close(); err != nil {
		return fmt.Errorf("end of data: %w", err)
	}
	return nil
}

// bare is an address without its name.
func bare(address string) string {
	a, err := netmail.ParseAddress(address)
	if err != nil {
		return ""
	}
	return a.Address
}
