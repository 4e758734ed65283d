package receiver

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"

	"go.yaml.in/yaml/v3"
)

// redacted stands for a secret wherever one would be printed.
const redacted = "<secret>"

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

// signingKey is the key in a secret as Standard Webhooks 1.0.0 writes it: whsec_ and the base64 of 24 to 64 bytes.
func signingKey(s Secret) ([]byte, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(string(s)), "whsec_")
	if !ok {
		return nil, fmt.Errorf("secret does not begin with whsec_")
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("secret is not base64 after whsec_")
	}
	if len(key) < 24 || len(key) > 64 {
		return nil, fmt.Errorf("secret holds %d bytes, not 24 to 64", len(key))
	}
	return key, nil
}
