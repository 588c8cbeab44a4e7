package requestlog

import (
	"slices"
	"strings"
)

// secretWords make a name secret when they occur in it, in small letters without separators.
var secretWords = []string{"token", "secret", "password", "passwd", "passphrase", "apikey", "cardnumber", "cookie", "credential",
	"privatekey", "rootkey", "accountnumber", "routingnumber", "socialsecurity", "securitycode", "verificationcode", "authorizationcode",
	"devicecode", "usercode", "codeverifier", "accesscode", "giftcardcode", "cvc", "cvv", "trackdata", "cryptogram", "signature"}

// secretNames are secret only as the whole name: as a part they occur in harmless words.
var secretNames = []string{"authorization", "proxyauthorization", "number", "pan", "pin", "otp", "key", "auth", "pass", "pwd", "expmonth",
	"expyear", "expiry", "track1", "track2", "iban", "ssn", "taxid", "bearer", "jwt", "sig"}

// harmlessNames hold a secret word and no secret.
var harmlessNames = []string{"pagetoken", "nextpagetoken", "idempotencykey", "tokentype"}

// harmlessEnds make of a secret name one about the secret: its id, its time, its kind.
var harmlessEnds = []string{"_id", "_ids", "_at", "_prefix", "_type", "_status", "_count"}

// SecretName reports whether what stands under this name is secret whatever it looks like.
func SecretName(name string) bool {
	var buf [64]byte
	b := buf[:0]
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c != '_' && c != '-' && c != '.' && c != ' ' && c != '[' && c != ']':
			b = append(b, c)
		}
	}
	plain := string(b)
	if slices.Contains(secretNames, plain) {
		return true
	}
	if !slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(plain, w) }) {
		return false
	}
	return !slices.Contains(harmlessNames, plain) &&
		!slices.ContainsFunc(harmlessEnds, func(end string) bool { return strings.HasSuffix(name, end) })
}
