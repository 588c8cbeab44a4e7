package requestlog

import (
	"regexp"
	"strings"

	"flint/internal/text"
)

// Hidden stands in the place of what was taken out.
const Hidden = "[redacted]"

// Redactor takes out of what was sent and answered what nobody may read afterwards.
type Redactor struct {
	// Emails hides e-mail addresses too.
	Emails bool
}

// tokens are the credentials that can be told by how they look: those of the platform, and those of
// others that end up in requests by mistake. The beginning stays, so that a reader sees what it was.
var tokens = regexp.MustCompile(`(flint_[a-z]+_|whsec_|csauth_|cslaunch_|fpat_|fprt_|fps_|simsrc_|[spr]k_(?:live|test)_|gh[pousr]_|xox[a-z]-|AKIA|eyJ)[A-Za-z0-9_.+/=~-]{12,}`)

// tokenEnds are what stands before the last underscore of their beginnings: most texts hold none, and
// are spared the expression.
var tokenEnds = []string{"flint", "whsec", "csauth", "cslaunch", "fpat", "fprt", "fps", "simsrc", "k_live", "k_test", "ghp", "gho", "ghu", "ghs", "ghr"}

// shortestToken is that of the expression.
const shortestToken = 15

func holdsTokenEnd(s string) bool {
	for i := 3; i < len(s); i++ {
		if s[i] != '_' {
			continue
		}
		for _, end := range tokenEnds {
			if strings.HasSuffix(s[:i], end) {
				return true
			}
		}
	}
	return false
}

var (
	schemes   = regexp.MustCompile(`(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9_.+/=~-]{8,}`)
	passwords = regexp.MustCompile(`(://[^\s/?#:@]*:)[^\s/?#@]+@`)
	pairs     = regexp.MustCompile(`([A-Za-z0-9_.\-\[\]]+)(\s?=\s?)([^&\s"',;#]+)`)
	emails    = regexp.MustCompile(`[A-Za-z0-9.!#$%&*+/=?^_{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)
)

// Text is s without credentials, passwords in addresses, secret parameters and card numbers. A text
// without any comes back as it is, at the price of looking through it once.
func (r Redactor) Text(s string) string {
	if len(s) < 8 {
		return s
	}
	digits, at, underscore, equals, colon, space, e, a, x := 0, false, false, false, false, false, false, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '@':
			at = true
		case c == '_':
			underscore = true
		case c == 'x':
			x = true
		case c == '=':
			equals = true
		case c == ':':
			colon = true
		case c == ' ' || c == '\t':
			space = true
		case c == 'J':
			e = true
		case c == 'K':
			a = true
		}
	}
	if len(s) >= shortestToken && (underscore && holdsTokenEnd(s) || e && strings.Contains(s, "eyJ") || a && strings.Contains(s, "AKIA") || x && strings.Contains(s, "xox")) {
		s = tokens.ReplaceAllString(s, "${1}"+Hidden)
	}
	if space {
		s = schemes.ReplaceAllString(s, "${1}"+Hidden)
	}
	if colon && at {
		s = passwords.ReplaceAllString(s, "${1}"+Hidden+"@")
	}
	if equals && len(s) > minToken {
		s = pairs.ReplaceAllStringFunc(s, func(pair string) string {
			name, _, _ := strings.Cut(pair, "=")
			if SecretName(strings.TrimSpace(name)) {
				return name + "=" + Hidden
			}
			return pair
		})
	}
	if digits >= 13 {
		s = text.MaskCards(s, Hidden)
	}
	if at && r.Emails {
		s = emails.ReplaceAllString(s, Hidden)
	}
	return s
}

// line is what a column may hold: valid UTF-8 without NUL, redacted and not longer than limit.
func (r Redactor) line(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	return r.Text(strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?"))
}
