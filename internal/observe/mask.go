package observe

import (
	"slices"
	"strings"

	"flint/internal/text"
)

// hidden stands in the place of what was masked.
const hidden = "[hidden]"

// tokenPrefixes begin the credentials that the platform gives out. The prefix stays readable, so that
// a log still tells which kind of credential it was.
var tokenPrefixes = []string{"flint_live_", "flint_test_", "whsec_", "csauth_", "cslaunch_", "fpat_", "fprt_", "fpac_", "fps_", "fdev_", "flint_cli_", "flint_clir_",
	"simsrc_"}

// secretWords mark a key as secret when they occur in it, written in small letters without separators.
var secretWords = []string{"token", "secret", "password", "passwd", "passphrase", "apikey", "cardnumber",
	"cookie", "credential", "privatekey", "rootkey", "accountnumber", "cvc", "cvv"}

// secretKeys are secret only as the whole key: as a part they occur in harmless words.
var secretKeys = []string{"authorization", "proxyauthorization", "pan", "pin", "otp", "key"}

// SecretKey reports whether a value under this key is masked whatever it looks like.
func SecretKey(key string) bool {
	var buf [64]byte
	b := buf[:0]
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c != '_' && c != '-' && c != '.' && c != ' ':
			b = append(b, c)
		}
	}
	plain := string(b)
	return slices.Contains(secretKeys, plain) ||
		slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(plain, w) })
}

// Mask returns s without what must not be read in it: credentials of the platform, the credentials of
// an Authorization header, the password in a URL, and numbers of 13 to 19 digits that pass the check
// of card numbers, also when spaces or dashes group their digits. A string without any is returned as
// it is, without an allocation.
func Mask(s string) string {
	digits, underscore, colon, space := 0, false, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '_':
			underscore = true
		case c == ':':
			colon = true
		case c == ' ':
			space = true
		}
	}
	if underscore {
		s = maskTokens(s)
	}
	if colon {
		s = maskPasswords(s)
	}
	if space {
		s = maskSchemes(s)
	}
	if digits >= 13 {
		s = text.MaskCards(s, hidden)
	}
	return s
}

func maskTokens(s string) string {
	for _, p := range tokenPrefixes {
		rest, out := s, ""
		for {
			i := strings.Index(rest, p)
			if i < 0 {
				break
			}
			end := i + len(p) + run(rest[i+len(p):], tokenByte)
			out += rest[:i+len(p)]
			if end > i+len(p) {
				out += hidden
			}
			rest = rest[end:]
		}
		s = out + rest
	}
	return s
}

// maskPasswords hides the password of URLs such as postgres://user:password@host/.
func maskPasswords(s string) string {
	out := ""
	for {
		i := strings.Index(s, "://")
		if i < 0 {
			return out + s
		}
		i += len("://")
		authority := s[i:]
		if end := strings.IndexAny(authority, "/?# \t\n\"'"); end >= 0 {
			authority = authority[:end]
		}
		at := strings.LastIndexByte(authority, '@')
		user, _, found := strings.Cut(authority[:max(at, 0)], ":")
		if found {
			out += s[:i] + user + ":" + hidden
			s = s[i+at:]
			continue
		}
		out += s[:i]
		s = s[i:]
	}
}

// maskSchemes hides what follows the scheme of an Authorization header.
func maskSchemes(s string) string {
	for _, scheme := range []string{"bearer ", "basic "} {
		rest, out := s, ""
		for {
			i := indexFold(rest, scheme)
			if i < 0 {
				break
			}
			start := i + len(scheme)
			n := run(rest[start:], tokenByte)
			out += rest[:start]
			if n >= 8 { // shorter ones are words: "basic plan"
				out += hidden
			} else {
				out += rest[start : start+n]
			}
			rest = rest[start+n:]
		}
		s = out + rest
	}
	return s
}

func indexFold(s, lower string) int {
	for i := 0; i+len(lower) <= len(s); i++ {
		if s[i]|0x20 == lower[0] && strings.EqualFold(s[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}

// run counts the leading bytes of s that belong.
func run(s string, belongs func(byte) bool) int {
	n := 0
	for n < len(s) && belongs(s[n]) {
		n++
	}
	return n
}

func tokenByte(c byte) bool {
	return digit(c) || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("_-.+/=~", c) >= 0
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
