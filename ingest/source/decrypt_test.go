package source_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/source"
)

// encrypted is AES-128 in CBC mode with PKCS #7 padding.
func encrypted(key, iv []byte, text string) string {
	n := aes.BlockSize - len(text)%aes.BlockSize
	data := append([]byte(text), bytes.Repeat([]byte{byte(n)}, n)...)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	return string(data)
}

// TestHLSEncrypted has a key with an IV, a key without (the IV is the media sequence number 8), and then plain segments.
func TestHLSEncrypted(t *testing.T) {
	key1, key2 := []byte("0123456789abcdef"), []byte("fedcba9876543210")
	iv := []byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f")
	number := append(make([]byte, 15), 8)
	list := "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:6\n" +
		"#EXT-X-KEY:METHOD=AES-128,URI=\"k1\",IV=0x000102030405060708090A0B0C0D0E0F\n#EXTINF:4,\na\n#EXTINF:4,\nb\n" +
		"#EXT-X-KEY:METHOD=AES-128,URI=\"k2\"\n#EXTINF:4,\nc\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\nd\n#EXT-X-ENDLIST\n"
	served := map[string]string{
		"/list.m3u8": list, "/k1": string(key1), "/k2": string(key2),
		"/a": encrypted(key1, iv, "<a>"), "/b": encrypted(key1, iv, strings.Repeat("b", 16)), "/c": encrypted(key2, number, "<c>"), "/d": "<d>",
	}
	for _, c := range []struct{ name, path, text, want string }{
		{"all right", "/d", "<d>", "<a>bbbbbbbbbbbbbbbb<c><d>"},
		{"wrong key", "/k2", string(key1), "<a>bbbbbbbbbbbbbbbb<d>"},
		{"short key", "/k2", "short", "<a>bbbbbbbbbbbbbbbb<d>"},
		{"long key", "/k2", strings.Repeat("long", 9), "<a>bbbbbbbbbbbbbbbb<d>"},
		{"no whole block", "/c", "<c>", "<a>bbbbbbbbbbbbbbbb<d>"},
		{"bad IV", "/list.m3u8", strings.Replace(list, "0D0E0F", "0D0E0X", 1), "<c><d>"},
	} {
		texts := map[string]string{}
		for path, text := range served {
			texts[path] = text
		}
		texts[c.path] = c.text
		o := newOrigin(files(texts))
		var w sink
		var m source.Meter
		err := source.Fetch(t.Context(), source.Request{URL: "http://o/list.m3u8", Client: o.client()}, &w, &m)
		if err != nil || w.String() != c.want {
			t.Errorf("%s: wrote %q, %v, want %q", c.name, w.String(), err, c.want)
		}
		if c.name == "all right" && fmt.Sprint(len(o.requests("/k"))) != "2" {
			t.Errorf("asked for keys %v, want each once", o.requests("/k"))
		}
	}
}
