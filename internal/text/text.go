// Package text checks plain text that callers send: its length in characters, and that nothing in it
// is invisible to a person who reads it later on a page, in a mail or in a log.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"flint/internal/fault"
)

// Rule says what one field may hold. With Max alone it is one line that may be empty.
type Rule struct {
	Max      int    // characters, not bytes
	Lines    bool   // line breaks and tabs are part of it
	Required bool   // blank is refused
	TooLong  string // fault code, VALUE_TOO_LONG when empty
	Missing  string // fault code, FIELD_REQUIRED when empty
}

// Check adds at most one fault of v to l, under the path param.
func (r Rule) Check(l *fault.List, param, v string) {
	switch {
	case r.Required && strings.TrimSpace(v) == "":
		l.Add(orElse(r.Missing, "FIELD_REQUIRED"), param, "This field is required and must not be blank.")
	case !utf8.ValidString(v):
		l.Add("INVALID_TEXT", param, "The text is not valid UTF-8.")
	case utf8.RuneCountInString(v) > r.Max:
		l.Add(orElse(r.TooLong, "VALUE_TOO_LONG"), param, "The text is longer than %d characters.", r.Max)
	case strings.ContainsFunc(v, r.refuses):
		l.Add("INVALID_TEXT", param, "The text contains control characters.")
	}
}

// refuses tells control characters, and the marks that turn the reading direction around: with them
// a name can be shown as another one.
func (r Rule) refuses(c rune) bool {
	if r.Lines && (c == '\n' || c == '\r' || c == '\t') {
		return false
	}
	return unicode.IsControl(c) || (c >= '\u202a' && c <= '\u202e') || (c >= '\u2066' && c <= '\u2069')
}

func orElse(code, otherwise string) string {
	if code == "" {
		return otherwise
	}
	return code
}
