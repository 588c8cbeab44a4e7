package metadata_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flint/internal/fault"
	"flint/internal/metadata"
)

func many(n int) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprint("k", i)] = "v"
	}
	return m
}

func TestCheck(t *testing.T) {
	t.Parallel()
	full := many(50)
	for k := range full {
		full[k] = strings.Repeat("x", 700)
	}
	for name, c := range map[string]struct {
		m    map[string]string
		code string
	}{
		"nil": {nil, ""}, "fifty": {many(50), ""}, "fifty-one": {many(51), "METADATA_TOO_MANY_KEYS"},
		"empty key": {map[string]string{"": "x"}, "INVALID_METADATA_KEY"}, "control": {map[string]string{"a\n": "x"}, "INVALID_METADATA_KEY"},
		"long key": {map[string]string{strings.Repeat("é", 65): "x"}, "METADATA_KEY_TOO_LONG"}, "longest key": {map[string]string{strings.Repeat("é", 64): "x"}, ""},
		"reserved": {map[string]string{"flint_x": "1"}, "RESERVED_METADATA_KEY"}, "almost reserved": {map[string]string{"flint": "1"}, ""},
		"long value": {map[string]string{"a": strings.Repeat("x", 1025)}, "METADATA_VALUE_TOO_LONG"}, "too large": {full, "METADATA_TOO_LARGE"},
	} {
		err := metadata.Check("metadata", c.m)
		if (err == nil) != (c.code == "") || c.code != "" && !fault.Is(err, c.code) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
	if f := fault.Of(metadata.Check("metadata", map[string]string{"flint_a": "1", "": "2"})); f == nil || len(f.Details) != 2 {
		t.Errorf("two faults: %v", f)
	}
}

func TestMergeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		old := rapid.MapOf(key, rapid.String()).Draw(t, "old")
		p := metadata.Patch(rapid.MapOf(key, rapid.Ptr(rapid.String(), true)).Draw(t, "patch"))
		before := maps.Clone(old)
		got := metadata.Merge(old, p)
		if !maps.Equal(old, before) {
			t.Fatal("the old map was changed")
		}
		for _, k := range []string{"a", "b", "c", "d"} {
			want, keep := old[k]
			if v, sent := p[k]; sent {
				keep = v != nil
				if keep {
					want = *v
				}
			} else {
				_, keep = old[k]
			}
			if have, ok := got[k]; ok != keep || keep && have != want {
				t.Fatalf("%s: %q %v", k, have, ok)
			}
		}
		if again := metadata.Merge(got, p); !maps.Equal(again, got) {
			t.Fatal("merging twice differs from once")
		}
	})
}
