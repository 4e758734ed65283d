package source

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// secretKeys are query keys that stand for a secret, whatever their spelling in upper and lower case.
var secretKeys = regexp.MustCompile(`^(pass(word|wd|phrase)?|pwd|secret|client_secret|api[_-]?key|(access|auth|id|session|refresh|security)?[_-]?token|jwt|bearer|authorization` +
	`|sig(nature)?|x-(amz|goog)-(signature|security-token)|hdn(ts|ea|tl)|wmsauthsign|verify)$`)

func secretKey(name string) bool { return secretKeys.MatchString(name) }

// reference is a secret that stands elsewhere.
var reference = regexp.MustCompile(`\$\{(env|file):[^}]*\}`)

// Literals names what in a URL is a secret in itself and no reference to one: "the password", "the value of token", "the stream key". The last part
// of an RTMP URL counts as a key when nobody could read it for a name.
func Literals(text string) (found []string) {
	text = reference.ReplaceAllString(text, elsewhere)
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case !ok && strings.HasPrefix(text, elsewhere):
		scheme, rest = "", text // The reference stands for the beginning, scheme and all.
	case !ok, strings.EqualFold(scheme, "file"):
		return nil
	}
	r := &redaction{}
	_, tail := r.host(strings.ToLower(scheme), rest)
	if len(r.hidden) > 1 && !strings.Contains(r.hidden[1], elsewhere) {
		found = append(found, "the password")
	}
	tail, _, _ = strings.Cut(tail, "#")
	path, query, _ := strings.Cut(tail, "?")
	if key := path[strings.LastIndex(path, "/")+1:]; isRTMP(scheme) && isToken(key) {
		found = append(found, "the stream key")
	}
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		key, value, _ := strings.Cut(pair, "=")
		if value != "" && !strings.Contains(value, elsewhere) && secretKey(strings.ToLower(key)) {
			found = append(found, "the value of "+key)
		}
	}
	return found
}

// isToken tells a part of a path that is no name but a secret, or may be one.
func isToken(part string) bool {
	return token.MatchString(part) && strings.ContainsAny(part, "0123456789")
}

// elsewhere stands for a reference.
const elsewhere = string(firstPrivate)

// Unresolved is a URL with something in the place of each reference to a secret, so that the rest can be checked where no reference can be followed.
func Unresolved(text string) string { return reference.ReplaceAllString(text, "0000000000") }

// A secret of less than leastSecret bytes is not looked for in texts: it would be found in words.
const leastSecret = 4

// Hidden is what Redact masks in a URL, in every spelling that it may have in a text, the longest first.
func Hidden(text string) []string {
	r := &redaction{}
	r.url(text)
	return Spellings(r.hidden...)
}

// Scrubber takes out of a text what Redact masks in the URL, wherever and however it stands there: as it is, as it is meant, encoded, or in base64
// as a header has it; and the URL itself is told as Redact has it.
func Scrubber(text string) *strings.Replacer {
	if text == "" {
		return strings.NewReplacer()
	}
	told := Redact(text)
	pairs := []string{text, told, told, told}
	for _, s := range Hidden(text) {
		pairs = append(pairs, s, mask)
	}
	return strings.NewReplacer(pairs...)
}

// Spellings are secrets in every way that they are written, the longest first.
func Spellings(secrets ...string) (all []string) {
	for _, secret := range secrets {
		meant := secret
		if s, err := url.PathUnescape(secret); err == nil {
			meant = s
		}
		all = append(all, secret, meant, url.QueryEscape(meant), url.PathEscape(meant), base64.StdEncoding.EncodeToString([]byte(meant)),
			base64.RawStdEncoding.EncodeToString([]byte(meant)), base64.RawURLEncoding.EncodeToString([]byte(meant)))
		if spaced, err := url.QueryUnescape(secret); err == nil {
			all = append(all, spaced)
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < leastSecret })
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	return slices.Compact(all)
}

var urlInText = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s'"]+|(?i)data:[^\s'"]+`)

// RedactText masks what may be a secret in each URL of a text that others wrote, as Redact does.
func RedactText(text string) string {
	return urlInText.ReplaceAllStringFunc(text, func(url string) string {
		end := len(strings.TrimRight(url, ":,.;)"))
		return Redact(url[:end]) + url[end:]
	})
}
