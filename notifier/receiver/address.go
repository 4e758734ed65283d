package receiver

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Address is a URL that prints, logs and marshals as its scheme and host: its user, path and query can hold a credential. string(a) is the URL itself.
type Address string

func (a Address) String() string               { return a.origin() }
func (a Address) GoString() string             { return a.origin() }
func (a Address) MarshalText() ([]byte, error) { return []byte(a.origin()), nil }
func (a Address) LogValue() slog.Value         { return slog.StringValue(a.origin()) }

// Format keeps verbs such as %x from printing the bytes.
func (a Address) Format(f fmt.State, _ rune) { fmt.Fprint(f, a.origin()) }

func (a Address) origin() string {
	if a == "" {
		return ""
	}
	u, err := url.Parse(string(a))
	if err != nil {
		return "an unreadable URL"
	}
	return u.Scheme + "://" + u.Host
}

// check refuses what is no URL of one of the schemes; key is the option that holds it.
func (a Address) check(key string, schemes ...string) error {
	u, err := url.Parse(string(a))
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" {
		return fmt.Errorf("%s %q is not an %s address", key, a.origin(), strings.Join(schemes, " or "))
	}
	return nil
}

// secretLength is how long a piece of a URL must be to be taken for a secret, in bytes: shorter ones are words such as v2.
const secretLength = 4

// secrets are the pieces of the URL that it does not show, as they stand in it and decoded, longest first.
func (a Address) secrets() []string {
	u, err := url.Parse(string(a))
	if err != nil {
		return []string{string(a)}
	}
	rest := strings.TrimPrefix(string(a), u.Scheme+"://")
	pieces := []string{string(a), rest, u.User.String(), u.Path, u.EscapedPath(), u.RawQuery, u.Fragment}
	if password, ok := u.User.Password(); ok {
		pieces = append(pieces, password, u.User.Username())
	}
	for _, text := range []string{u.User.Username(), u.Path, u.EscapedPath(), u.RawQuery, u.Fragment} {
		pieces = append(pieces, strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("/&=;,:@+", r) || unicode.IsSpace(r) })...)
	}
	for _, values := range u.Query() {
		pieces = append(pieces, values...)
	}
	pieces = slices.DeleteFunc(pieces, func(p string) bool { return len(p) < secretLength })
	slices.SortFunc(pieces, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(pieces)
}
