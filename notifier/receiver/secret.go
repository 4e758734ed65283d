package receiver

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// redacted stands for a secret wherever one would be printed.
const redacted = "<secret>"

// secretLimit is how long a file with secrets can be, in bytes.
const secretLimit = 64 << 10

// Secret is a text that prints, logs and marshals as <secret>. string(s) is the text itself.
type Secret string

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (Secret) MarshalYAML() (any, error)    { return redacted, nil }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }

// Format keeps verbs such as %x from printing the bytes.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// Secrets is one secret or a list of them: two while one takes over from the other.
type Secrets []Secret

// UnmarshalYAML takes a text or a list of texts.
func (s *Secrets) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		return node.Decode((*[]Secret)(s))
	}
	var one Secret
	err := node.Decode(&one)
	*s = Secrets{one}
	return err
}

// secretFrom is the secret of an option that has a twin for a file. The file is read each time, so a change needs no restart.
func secretFrom(key string, given Secret, file string) (string, error) {
	switch {
	case given != "" && file != "":
		return "", fmt.Errorf("%s and %s_file are both given", key, key)
	case file == "" && given == "":
		return "", fmt.Errorf("%s or %s_file is missing", key, key)
	case file == "":
		return string(given), nil
	}
	text, err := readSecret(key+"_file", file)
	if err != nil {
		return "", err
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", fmt.Errorf("read %s_file: %s is empty", key, file)
	}
	return text, nil
}

// readSecret is the text of a file with secrets; key is the option that names it.
func readSecret(key, file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, secretLimit+1))
	if err == nil && len(text) > secretLimit {
		err = fmt.Errorf("%s has more than %d bytes", file, secretLimit)
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	return string(text), nil
}

// scrub strikes secrets out of text.
func scrub(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, redacted)
		}
	}
	return text
}
