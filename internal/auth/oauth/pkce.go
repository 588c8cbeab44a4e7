package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"flint/internal/secret"
)

// methodS256 is the one way of RFC 7636 that is taken; plain protects nothing from whoever sees the request.
const methodS256 = "S256"

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// validChallenge reports whether v can be the base64url of a SHA-256.
func validChallenge(v string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(v)
	return err == nil && len(raw) == sha256.Size
}

// proves reports whether the verifier is what the challenge was made from. Without a challenge a verifier
// is refused too: an attacker may have taken the challenge off the request (RFC 9700, 4.8.2).
func proves(verifier, challenge string) bool {
	if challenge == "" {
		return verifier == ""
	}
	if n := len(verifier); n < 43 || n > 128 || strings.Trim(verifier, unreserved) != "" {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return secret.Equal(base64.RawURLEncoding.EncodeToString(sum[:]), challenge)
}
