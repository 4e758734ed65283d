package kafka

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config is how to reach a cluster and how its topics are laid out.
type Config struct {
	// Brokers are host:port addresses to start from.
	Brokers []string `yaml:"brokers"`
	// Prefix stands before every topic name, group and transactional id.
	Prefix string `yaml:"prefix"`
	// Partitions of each topic that is not single. It only matters until the features topic exists; after that the cluster decides.
	Partitions int32 `yaml:"partitions"`
	// Replication is the number of copies of each partition; 0 leaves it to the broker's default.
	Replication int16 `yaml:"replication"`
	// Instance names this process among the members of its groups, the same after a restart and no other's: killed and started again within the
	// session it has its partitions back at once. Empty: its partitions go to others, or wait out the session.
	Instance string `yaml:"instance"`
	// Client is what the process calls itself to the brokers, of letters, digits and . - _; empty: framewatch.
	Client string `yaml:"-"`
	// Release is the version of the program, as it is told to others; empty: unknown.
	Release string `yaml:"-"`
	TLS     TLS    `yaml:"tls"`
	SASL    SASL   `yaml:"sasl"`
	// Registry gives the schemas their ids; without one they have those that are baked in.
	Registry Registry `yaml:"registry"`
	// Patience is for how long a log is waited for that does not answer when it is dialled; 0: half a minute.
	Patience time.Duration `yaml:"-"`
	// LooksOnly has no schema registered or written down when the log is dialled: for who only plans, and writes nothing.
	LooksOnly bool `yaml:"-"`
	// Metrics receives the clients' metrics; nil for none.
	Metrics prometheus.Registerer `yaml:"-"`
}

// TLS turns on encryption, and authentication by certificate where Cert and Key are given. The files are read for each connection.
type TLS struct {
	// Enabled has the brokers spoken to over TLS.
	Enabled bool `yaml:"enabled"`
	// CA is a PEM file of the authorities to trust; empty for the system's.
	CA string `yaml:"ca"`
	// Cert and Key are PEM files of the client's own certificate.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// SASL is who we are to the brokers.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER; empty for no authentication.
	Mechanism string `yaml:"mechanism"`
	User      string `yaml:"user"`
	Password  Secret `yaml:"password"`
	// PasswordFile holds the password, in place of Password; a final line break is not part of it. It is read for each log-in.
	PasswordFile string `yaml:"password_file"`
	// OAuth is where OAUTHBEARER has its token from.
	OAuth OAuth `yaml:"oauth,omitempty"`
}

// Registry is a schema registry that speaks Confluent's API.
type Registry struct {
	// URL of the registry; empty for none.
	URL      string `yaml:"url"`
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
}

// Secret is a string that is never printed.
type Secret string

// String hides the secret from every verb of fmt.
func (Secret) String() string { return "***" }

// GoString hides it from %#v.
func (Secret) GoString() string { return "***" }

// MarshalText hides it from JSON and YAML; that there is none is no secret.
func (s Secret) MarshalText() ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	return []byte("***"), nil
}

// LogValue hides it from logs.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }

// Defaults is the configuration of a cluster about which nothing was said but its brokers.
func Defaults() Config {
	return Config{Prefix: "framewatch.", Partitions: 24}
}

// Validate names everything that is wrong with the configuration.
func (c Config) Validate() error {
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		wrong("brokers: none is given")
	}
	for _, b := range c.Brokers {
		if !strings.Contains(b, ":") {
			wrong("brokers: %q has no port", b)
		}
	}
	if c.Partitions < 1 {
		wrong("partitions: %d is less than 1", c.Partitions)
	}
	if c.Replication < 0 {
		wrong("replication: %d is negative", c.Replication)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		wrong("tls: cert and key go together")
	}
	if !c.TLS.Enabled && (c.TLS.CA != "" || c.TLS.Cert != "") {
		wrong("tls: files are given but enabled is false")
	}
	return errors.Join(append(problems, c.SASL.validate(), c.Registry.validate())...)
}

func (r Registry) validate() error {
	u, err := url.Parse(r.URL)
	if r.URL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("registry: url is no http or https address")
	}
	if u.User != nil {
		return errors.New("registry: url holds a user, which would be shown; give user and password beside it")
	}
	return nil
}

func (s SASL) validate() error {
	oauth := s.OAuth.TokenFile != "" || s.OAuth.TokenURL != ""
	if oauth && s.Mechanism != oauthBearer {
		return fmt.Errorf("sasl: oauth goes with the mechanism %s", oauthBearer)
	}
	switch s.Mechanism {
	case oauthBearer:
		if s.User != "" || s.Password != "" || s.PasswordFile != "" {
			return fmt.Errorf("sasl: %s takes its user from the token: leave user and password out", oauthBearer)
		}
		if err := s.OAuth.validate(); err != nil {
			return fmt.Errorf("sasl: %w", err)
		}
		return nil
	case "":
		if s.User != "" || s.Password != "" || s.PasswordFile != "" {
			return errors.New("sasl: user or password is given but no mechanism")
		}
		return nil
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
	default:
		return fmt.Errorf("sasl: mechanism %q is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER", s.Mechanism)
	}
	if s.User == "" {
		return errors.New("sasl: user is empty")
	}
	if (s.Password == "") == (s.PasswordFile == "") {
		return errors.New("sasl: give either password or password_file")
	}
	return nil
}
