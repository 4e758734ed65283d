package console

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Config says where the console listens and who may look.
type Config struct {
	// Listen is host:port. Off loopback there must be a way to say who one is: users, tokens, trusted_proxy or oidc. With none of them, everyone who can
	// reach the loopback interface may do everything.
	Listen string `yaml:"listen"`
	// Users by name, who come in by name and password.
	Users map[string]User `yaml:"users"`
	// Tokens by name, by which programs come in.
	Tokens map[string]Token `yaml:"tokens,omitempty"`
	// TrustedProxy says who people are.
	TrustedProxy *TrustedProxy `yaml:"trusted_proxy,omitempty"`
	// SecretDirectories are absolute paths: a stream that is added or tried through the console may have secrets from files below them in its URL, as ${file:/path}, and none from elsewhere.
	// Who may add streams could otherwise have any file of the edge sent to an address of theirs.
	SecretDirectories []string `yaml:"secret_directories,omitempty"`
	// OIDC is the identity provider at which people sign in.
	OIDC *OIDC `yaml:"oidc,omitempty"`
}

// User is someone who has a password: exactly one of the two fields is set.
type User struct {
	// Role is what the user may do; empty: operator.
	Role Role `yaml:"role"`
	// PasswordHash is the bcrypt hash of the password, as htpasswd -nbB prints it after the colon.
	PasswordHash string `yaml:"password_hash"`
	// PasswordFile holds the password itself; white space around it is cut. It is read at each use, so a change needs no restart.
	PasswordFile string `yaml:"password_file"`
}

// MarshalYAML keeps the hash out of what is printed.
func (u User) MarshalYAML() (any, error) {
	shown := map[string]string{"role": string(u.role()), "password_file": u.PasswordFile}
	if u.PasswordHash != "" {
		shown = map[string]string{"role": string(u.role()), "password_hash": "<secret>"}
	}
	return shown, nil
}

func (u User) role() Role { return cmp.Or(u.Role, Operator) }

// Defaults are loopback only, port 8080, no password.
func Defaults() Config { return Config{Listen: "127.0.0.1:8080"} }

// Validate checks that nobody is let in by mistake.
func (c Config) Validate() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen %q: not host:port", c.Listen)
	}
	if len(c.Users) == 0 && len(c.Tokens) == 0 && c.TrustedProxy == nil && c.OIDC == nil && !isLoopback(host) {
		return fmt.Errorf("listen %q can be reached from other machines, and no users are named: set users (a bcrypt password_hash or a password_file each), tokens, trusted_proxy or oidc, or listen on 127.0.0.1", c.Listen)
	}
	for _, d := range c.SecretDirectories {
		if !filepath.IsAbs(d) {
			return fmt.Errorf("secret_directories: %q is no absolute path", d)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Users)) {
		if err := c.Users[name].validate(name); err != nil {
			return fmt.Errorf("user %q: %w", name, err)
		}
	}
	hashes := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Tokens)) {
		t := c.Tokens[name]
		if err := t.validate(); err != nil {
			return fmt.Errorf("token %q: %w", name, err)
		}
		if _, taken := c.Users[name]; taken || !isName(name) {
			return fmt.Errorf("token %q: the name is empty, too long or that of a user", name)
		}
		if other, taken := hashes[t.SHA256]; taken {
			return fmt.Errorf("token %q: it is the same as %q", name, other)
		}
		hashes[t.SHA256] = name
	}
	if c.TrustedProxy != nil {
		if err := c.TrustedProxy.validate(); err != nil {
			return fmt.Errorf("trusted_proxy: %w", err)
		}
	}
	if c.OIDC != nil {
		if err := c.OIDC.validate(); err != nil {
			return fmt.Errorf("oidc: %w", err)
		}
	}
	return nil
}

func (u User) validate(name string) error {
	switch {
	case name == "" || strings.Contains(name, ":"):
		return fmt.Errorf("a name is not empty and has no colon")
	case !isName(name):
		return fmt.Errorf("a name has at most %d bytes and no control characters", longestName)
	case u.Role != "" && u.Role.validate() != nil:
		return u.Role.validate()
	case (u.PasswordHash == "") == (u.PasswordFile == ""):
		return fmt.Errorf("set either password_hash or password_file")
	case u.PasswordFile != "":
		password, err := readPassword(u.PasswordFile)
		if err == nil && password == "" {
			err = fmt.Errorf("password_file %s is empty", u.PasswordFile)
		}
		return err
	default:
		if _, err := bcrypt.Cost([]byte(u.PasswordHash)); err != nil {
			return fmt.Errorf("password_hash is not a bcrypt hash")
		}
		return nil
	}
}

func readPassword(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read password_file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// isLoopback tells whether host names this machine to itself alone. An empty host is every interface.
func isLoopback(host string) bool {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap().IsLoopback()
}
