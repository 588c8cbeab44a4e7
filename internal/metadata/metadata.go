// Package metadata holds the rules of the free key-value pairs that callers attach to resources.
//
// At most 50 pairs; keys of 1 to 64 characters, values up to 1,024; 32,768 bytes of keys and values in
// all. Keys that start with flint_ are reserved. The contract gives the number of pairs and the sum; the
// length of a key and a value are ours, chosen so that every example of the contract fits.
package metadata

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"flint/internal/fault"
)

// Limits.
const (
	MaxPairs = 50
	MaxKey   = 64    // characters
	MaxValue = 1024  // characters
	MaxBytes = 32768 // keys and values together
	Reserved = "flint_"
)

// Check reports every fault of m, whose path in the request is param.
func Check(param string, m map[string]string) error {
	var faults fault.List
	if len(m) > MaxPairs {
		faults.Add("METADATA_TOO_MANY_KEYS", param, "At most %d pairs are allowed.", MaxPairs)
	}
	total := 0
	for _, k := range slices.Sorted(maps.Keys(m)) {
		total += len(k) + len(m[k])
		at := param + "." + shown(k)
		switch {
		case k == "" || !printable(k):
			faults.Add("INVALID_METADATA_KEY", at, "A key needs at least one character and no control characters.")
		case utf8.RuneCountInString(k) > MaxKey:
			faults.Add("METADATA_KEY_TOO_LONG", at, "A key has at most %d characters.", MaxKey)
		case strings.HasPrefix(k, Reserved):
			faults.Add("RESERVED_METADATA_KEY", at, "Keys that start with %s are reserved.", Reserved)
		}
		if utf8.RuneCountInString(m[k]) > MaxValue {
			faults.Add("METADATA_VALUE_TOO_LONG", at, "A value has at most %d characters.", MaxValue)
		}
	}
	if total > MaxBytes {
		faults.Add("METADATA_TOO_LARGE", param, "Keys and values together have at most %d bytes.", MaxBytes)
	}
	return faults.Err()
}

// Patch is the metadata of a PATCH body: nil values remove their key.
type Patch map[string]*string

// Merge applies a patch: keys are set or, where the value is nil, removed; the others stay. The
// result is a new map and not yet checked.
func Merge(old map[string]string, p Patch) map[string]string {
	out := maps.Clone(old)
	if out == nil {
		out = make(map[string]string, len(p))
	}
	for k, v := range p {
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = *v
	}
	return out
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func shown(k string) string {
	k = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, k)
	if utf8.RuneCountInString(k) > MaxKey {
		return string([]rune(k)[:MaxKey]) + "…"
	}
	return k
}
