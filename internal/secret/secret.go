// Package secret keeps secrets out of sight: a type that never prints itself, hashes of tokens for
// look-ups, and values sealed for rest.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/big"
)

// Text is a secret in memory. Printing, logging or encoding it shows a mask.
type Text struct{ v string }

// NewText wraps v.
func NewText(v string) Text { return Text{v} }

// Reveal returns the secret itself; each call is a place to look at in a review.
func (t Text) Reveal() string { return t.v }

// String implements fmt.Stringer with a mask.
func (Text) String() string { return "[secret]" }

// GoString implements fmt.GoStringer with a mask.
func (Text) GoString() string { return "[secret]" }

// MarshalText implements encoding.TextMarshaler with a mask.
func (Text) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// LogValue implements slog.LogValuer with a mask.
func (Text) LogValue() slog.Value { return slog.StringValue("[secret]") }

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewToken returns prefix followed by 43 random base-62 characters, 256 bits.
func NewToken(prefix string) string {
	b := make([]byte, 43)
	radix := big.NewInt(int64(len(base62)))
	for i := range b {
		n, err := rand.Int(rand.Reader, radix)
		if err != nil {
			panic(err) // crypto/rand does not fail on supported systems
		}
		b[i] = base62[n.Int64()]
	}
	return prefix + string(b)
}

// NewBytes returns n random bytes.
func NewBytes(n int) []byte {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // crypto/rand does not fail on supported systems
	}
	return b
}

// Hash is the hex SHA-256 of a token of full entropy; tables keep it in place of the token.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Equal compares in constant time.
func Equal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// ErrSealed is returned when a sealed value does not open: wrong key, wrong row or changed bytes.
var ErrSealed = errors.New("secret: the sealed value does not open")

// Box seals values for rest with AES-256-GCM under the installation's root key.
type Box struct{ aead cipher.AEAD }

// NewBox makes a Box from a 32-byte root key.
func NewBox(rootKey []byte) (*Box, error) {
	block, err := aes.NewCipher(rootKey)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Box{aead}, nil
}

// Seal encrypts plain; row (the identity of the row that will hold it) is bound in, so that a sealed
// value copied to another row does not open.
func (b *Box) Seal(row string, plain []byte) string {
	nonce := NewBytes(b.aead.NonceSize())
	return base64.RawStdEncoding.EncodeToString(b.aead.Seal(nonce, nonce, plain, []byte(row)))
}

// Open decrypts what Seal made for the same row; ErrSealed when it cannot.
func (b *Box) Open(row, sealed string) ([]byte, error) {
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil || len(raw) < b.aead.NonceSize() {
		return nil, ErrSealed
	}
	n := b.aead.NonceSize()
	plain, err := b.aead.Open(nil, raw[:n], raw[n:], []byte(row))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
