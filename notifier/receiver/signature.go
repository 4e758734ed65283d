package receiver

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// signer signs a text as one of the schemes of Standard Webhooks 1.0.0 does.
type signer func(text []byte) string

// newSigner is the signer of a secret as Standard Webhooks writes it: whsec_ and the base64 of 24 to 64 bytes signs by HMAC-SHA256 (v1), whsk_ and the base64 of an
// ed25519 private key, 64 bytes, or of its seed, 32 bytes, signs by it (v1a).
func newSigner(s Secret) (signer, error) {
	prefix, text, _ := strings.Cut(strings.TrimSpace(string(s)), "_")
	if prefix != "whsec" && prefix != "whsk" {
		return nil, fmt.Errorf("secret begins with neither whsec_ nor whsk_")
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("secret is not base64 after %s_", prefix)
	}
	switch n := len(key); {
	case prefix == "whsec" && n >= 24 && n <= 64:
		return func(text []byte) string {
			mac := hmac.New(sha256.New, key)
			mac.Write(text)
			return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		}, nil
	case prefix == "whsec":
		return nil, fmt.Errorf("secret holds %d bytes, not 24 to 64", n)
	case n == ed25519.SeedSize:
		key = ed25519.NewKeyFromSeed(key)
	case n != ed25519.PrivateKeySize:
		return nil, fmt.Errorf("secret holds %d bytes after whsk_, not %d or %d", n, ed25519.SeedSize, ed25519.PrivateKeySize)
	}
	return func(text []byte) string {
		return "v1a," + base64.StdEncoding.EncodeToString(ed25519.Sign(key, text))
	}, nil
}

// signature is the webhook-signature header: what each signer makes of id.timestamp.body.
func signature(signers []signer, id, timestamp string, body []byte) string {
	text := append([]byte(id+"."+timestamp+"."), body...)
	signed := make([]string, len(signers))
	for i, sign := range signers {
		signed[i] = sign(text)
	}
	return strings.Join(signed, " ")
}
