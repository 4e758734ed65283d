package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"

	"github.com/framewatch/framewatch/ingest/source"
)

// reference is a secret in a URL: ${env:NAME} or ${file:/path}.
var reference = regexp.MustCompile(`\$\{(env|file):([^}]*)\}`)

// location is a stream's URL with its secrets in it. Only source gets to see it.
type location struct {
	url string
	// scrub takes the secrets out of a text.
	scrub *strings.Replacer
	// files are those that secrets were read from.
	files []string
}

// resolve puts the secrets into url. The error names the reference that leads nowhere, never a value.
func resolve(url string) (location, error) {
	var missing error
	var secrets, files []string
	full := reference.ReplaceAllStringFunc(url, func(ref string) string {
		part := reference.FindStringSubmatch(ref)
		value, err := secret(part[1], part[2])
		if err != nil {
			missing = fmt.Errorf("%s: %w", ref, err)
			return ""
		}
		if part[1] == "file" {
			files = append(files, part[2])
		}
		for _, s := range append([]string{value}, source.Spellings(value)...) {
			if s != "" {
				secrets = append(secrets, s, "[secret]")
			}
		}
		return value
	})
	if missing != nil {
		return location{}, missing
	}
	for _, s := range source.Secrets(full) {
		secrets = append(secrets, s, "***")
	}
	told := strings.NewReplacer(secrets...).Replace(source.Redact(full))
	pairs := append([]string{full, told, told, told}, secrets...)
	for _, s := range source.Hidden(full) {
		pairs = append(pairs, s, "***")
	}
	return location{url: full, scrub: strings.NewReplacer(pairs...), files: files}, nil
}

func secret(kind, name string) (string, error) {
	if kind == "env" {
		value, ok := os.LookupEnv(name)
		if !ok {
			return "", fmt.Errorf("the environment has no such variable")
		}
		return value, nil
	}
	content, err := readSecret(name)
	return strings.TrimRight(string(content), "\r\n"), err
}

// longestSecret bounds what a file with a secret may hold, bytes.
const longestSecret = 16 << 10

// readSecret reads a file that a spec names: it may be anything, also what never ends or keeps one waiting.
func readSecret(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, errors.New("the file cannot be read")
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("this is no regular file")
	}
	content, err := io.ReadAll(io.LimitReader(f, longestSecret+1))
	switch {
	case err != nil:
		return nil, errors.New("the file cannot be read")
	case len(content) > longestSecret:
		return nil, fmt.Errorf("the file has more than %d bytes", longestSecret)
	}
	return content, nil
}

// Redact makes a text from outside fit for a log: without secrets and control characters.
func (l location) Redact(text string) string {
	if l.scrub != nil {
		text = l.scrub.Replace(text)
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// Reason makes a text from outside fit for a record: redacted and short.
func (l location) Reason(text string) string {
	const longest = 300
	if text = l.Redact(text); len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}
