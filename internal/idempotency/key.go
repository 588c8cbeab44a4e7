package idempotency

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/fault"
	"flint/internal/tenant"
)

const (
	// TTL is how long an answer is repeated.
	TTL = 24 * time.Hour
	// LockFor is how long a running operation keeps others from taking it over. It is longer than any
	// request may take.
	LockFor = 60 * time.Second
	// MaxKeyLen is the greatest length of a caller's key, in bytes.
	MaxKeyLen = 255
)

// Key identifies one use of an idempotency key and the request it came with.
type Key struct {
	Scope        tenant.Scope
	CredentialID string
	Route        string // operation id
	Key          string
	Fingerprint  string // of the request, see Fingerprint
	Generated    bool   // by us, so nobody else can hold it yet
	RequestID    string
	APIVersion   string // that encodes the answer
}

// Answer is what a request got or gets.
type Answer struct {
	Status     int
	Body       []byte // JSON data, or an encoded fault where Status is 400 or more
	APIVersion string
	Replayed   bool
}

// CheckKey refuses keys that are not 1 to 255 visible ASCII characters.
func CheckKey(key string) error {
	if len(key) > MaxKeyLen {
		return fault.Invalid("IDEMPOTENCY_KEY_TOO_LONG", "Idempotency-Key", "An idempotency key has at most %d characters.", MaxKeyLen)
	}
	for i := range len(key) {
		if key[i] < '!' || key[i] > '~' {
			return errKey()
		}
	}
	if key == "" {
		return errKey()
	}
	return nil
}

func errKey() error {
	return fault.Invalid("INVALID_IDEMPOTENCY_KEY", "Idempotency-Key", "An idempotency key is 1 to %d visible ASCII characters.", MaxKeyLen)
}

// NewKey makes a key for a caller that sent none.
func NewKey() string { return rand.Text() }

// Fingerprint is the hex SHA-256 of a request in canonical form: the order of members, the white
// space and the escapes of the body do not count; every digit of a number does.
func Fingerprint(method, path, query string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(method + "\x00" + path + "\x00" + query + "\x00"))
	if len(body) > 0 {
		v := jsontext.Value(append([]byte(nil), body...))
		if err := v.Format(jsontext.ReorderRawObjects(true), jsontext.PreserveRawStrings(false),
			jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false)); err == nil {
			body = v
		}
		h.Write(body)
	}
	return hex.EncodeToString(h.Sum(nil))
}
