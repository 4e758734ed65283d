package source

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// keyring keeps the AES-128 key fetched last: a playlist names one for long stretches.
type keyring struct {
	url string
	key []byte
}

// decrypt undoes AES-128 (CBC, PKCS #7) over a whole segment, in place.
func (k *keyring) decrypt(ctx context.Context, f *fetcher, s segment, data []byte) ([]byte, error) {
	if k.url != s.key.url {
		secret, err := f.read(ctx, s.key.url, span{}, nil, aes.BlockSize)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		k.url, k.key = s.key.url, secret
	}
	block, err := aes.NewCipher(k.key)
	if err != nil || len(k.key) != 16 {
		return nil, fmt.Errorf("key: %d bytes instead of 16", len(k.key))
	}
	iv, err := vector(s)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, errors.New("the encrypted segment is no whole number of blocks")
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(data, data)
	padding := int(data[len(data)-1])
	if padding == 0 || padding > aes.BlockSize {
		return nil, errors.New("the segment does not decrypt with its key")
	}
	return data[:len(data)-padding], nil
}

// vector is the segment's IV, or its media sequence number, big-endian (RFC 8216 section 5.2).
func vector(s segment) ([]byte, error) {
	iv := make([]byte, aes.BlockSize)
	if s.key.iv == "" {
		binary.BigEndian.PutUint64(iv[8:], uint64(s.sequence))
		return iv, nil
	}
	text := strings.TrimPrefix(strings.ToLower(s.key.iv), "0x")
	if n, err := hex.Decode(iv, []byte(text[:min(len(text), 2*aes.BlockSize)])); err != nil || n != aes.BlockSize || len(text) != 2*aes.BlockSize {
		return nil, errors.New("the IV is not 16 bytes in hexadecimal")
	}
	return iv, nil
}
