package metadata_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"flint/internal/fault"
	"flint/internal/metadata"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint("k", i)] = ""
	}
	exact := maps.Clone(many)
	delete(exact, "k50")
	for _, c := range []struct {
		what string
		m    map[string]string
		code string
	}{
		{"nothing", nil, ""},
		{"a pair", map[string]string{"a": "b\nc"}, ""},
		{"key of 256", map[string]string{strings.Repeat("ä", 256): ""}, ""},
		{"key of 65", map[string]string{strings.Repeat("a", 257): ""}, "METADATA_KEY_TOO_LONG"},
		{"empty key", map[string]string{"": "x"}, "INVALID_METADATA_KEY"},
		{"control character in a key", map[string]string{"a\n": "x"}, "INVALID_METADATA_KEY"},
		{"reserved", map[string]string{"flint_x": "x"}, "RESERVED_METADATA_KEY"},
		{"50 pairs", exact, ""},
		{"51 pairs", many, "METADATA_TOO_MANY_KEYS"},
		{"exactly full", map[string]string{"a": strings.Repeat("x", 32767)}, ""},
		{"one byte over", map[string]string{"a": strings.Repeat("x", 32768)}, "METADATA_TOO_LARGE"},
		{"NUL", map[string]string{"a": "\x00"}, "INVALID_METADATA"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			if got := codeOf(metadata.Check(c.m)); got != c.code {
				t.Errorf("code = %q, want %q", got, c.code)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	s := func(v string) *string { return &v }
	old := map[string]string{"a": "1", "b": "2", "flint_x": "kept"}
	for _, c := range []struct {
		what string
		p    metadata.Patch
		want map[string]string
		code string
	}{
		{"nothing", metadata.Patch{}, old, ""},
		{"write and remove", metadata.Patch{Set: map[string]*string{"a": nil, "c": s("3")}}, map[string]string{"b": "2", "c": "3", "flint_x": "kept"}, ""},
		{"clear", metadata.Patch{Clear: true}, map[string]string{"flint_x": "kept"}, ""},
		{"clear and write", metadata.Patch{Clear: true, Set: map[string]*string{"z": s("")}}, map[string]string{"z": "", "flint_x": "kept"}, ""},
		{"remove what is reserved", metadata.Patch{Set: map[string]*string{"flint_x": nil}}, nil, "RESERVED_METADATA_KEY"},
		{"too large", metadata.Patch{Set: map[string]*string{"z": s(strings.Repeat("x", 32768))}}, nil, "METADATA_TOO_LARGE"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			got, err := metadata.Merge(old, c.p)
			if codeOf(err) != c.code || (err == nil && !maps.Equal(got, c.want)) {
				t.Errorf("Merge = %v, %v, want %v, %q", got, err, c.want, c.code)
			}
		})
	}
	if len(old) != 3 {
		t.Error("Merge changed its argument")
	}
}

func codeOf(err error) string {
	if e := fault.Of(err); e != nil {
		return e.Code
	}
	return ""
}
