package text_test

import (
	"strings"
	"testing"

	"flint/internal/fault"
	"flint/internal/text"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	name := text.Rule{Max: 5, Required: true, TooLong: "NAME_TOO_LONG", Missing: "NAME_REQUIRED"}
	note := text.Rule{Max: 20, Lines: true}
	for _, c := range []struct {
		what string
		rule text.Rule
		v    string
		code string
	}{
		{"plain", name, "Tea", ""},
		{"characters, not bytes", name, "ÄÖÜéß", ""},
		{"too long", name, "abcdef", "NAME_TOO_LONG"},
		{"blank", name, " \t ", "NAME_REQUIRED"},
		{"line break in a name", name, "a\nb", "INVALID_TEXT"},
		{"line break in a note", note, "a\r\n\tb", ""},
		{"NUL in a note", note, "a\x00b", "INVALID_TEXT"},
		{"C1 control", note, "a\u0085b", "INVALID_TEXT"},
		{"direction override", note, "a\u202eb", "INVALID_TEXT"},
		{"broken encoding", note, "a\xff", "INVALID_TEXT"},
		{"empty optional", note, "", ""},
		{"default code", note, strings.Repeat("x", 21), "VALUE_TOO_LONG"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			var l fault.List
			c.rule.Check(&l, "field", c.v)
			got := ""
			if e := fault.Of(l.Err()); e != nil {
				got = e.Code
				if e.Param != "field" {
					t.Errorf("param = %q", e.Param)
				}
			}
			if got != c.code {
				t.Errorf("code = %q, want %q", got, c.code)
			}
		})
	}
}
