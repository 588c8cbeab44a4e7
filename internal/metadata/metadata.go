// Package metadata holds the rules of the key and value pairs that callers keep on our objects.
//
// An object has at most 50 pairs of 32768 bytes together, keys and values counted. A key has 1 to 256
// characters; keys that start with "flint_" are the platform's.
package metadata

import (
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"flint/internal/fault"
)

// Limits of one object.
const (
	MaxPairs = 50
	MaxBytes = 32768
	MaxKey   = 256 // characters

	reservedPrefix = "flint_"
)

// Patch is a change of metadata: Clear drops every pair first, then each key of Set is written, or
// removed when its value is nil. The zero Patch changes nothing.
type Patch struct {
	Clear bool
	Set   map[string]*string
}

// IsZero reports whether the patch changes nothing.
func (p Patch) IsZero() bool { return !p.Clear && len(p.Set) == 0 }

// Check refuses a set of pairs that breaks a rule. Faults have the path of the metadata field itself:
// a key is the caller's text and is not repeated.
func Check(m map[string]string) error {
	var l fault.List
	for k, v := range m {
		checkKey(&l, k)
		checkValue(&l, v)
		if l.Err() != nil {
			break
		}
	}
	checkSize(&l, m)
	return l.Err()
}

// Merge applies p to old and returns a new map, nil when no pair is left. The platform's own pairs
// survive a Clear and cannot be written or removed by a patch.
func Merge(old map[string]string, p Patch) (map[string]string, error) {
	var l fault.List
	out := make(map[string]string, len(old)+len(p.Set))
	maps.Copy(out, old)
	if p.Clear {
		maps.DeleteFunc(out, func(k, _ string) bool { return !reserved(k) })
	}
	for k, v := range p.Set {
		if checkKey(&l, k); l.Err() != nil {
			break
		}
		if v == nil {
			delete(out, k)
			continue
		}
		checkValue(&l, *v)
		out[k] = *v
	}
	checkSize(&l, out)
	if err := l.Err(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func checkKey(l *fault.List, k string) {
	switch {
	case k == "" || !utf8.ValidString(k) || strings.ContainsFunc(k, unicode.IsControl):
		l.Add("INVALID_METADATA_KEY", "", "A key is empty or contains control characters.")
	case utf8.RuneCountInString(k) > MaxKey:
		l.Add("METADATA_KEY_TOO_LONG", "", "A key is longer than %d characters.", MaxKey)
	case reserved(k):
		l.Add("RESERVED_METADATA_KEY", "", "Keys that start with %s are reserved.", reservedPrefix)
	}
}

func checkValue(l *fault.List, v string) {
	control := func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t' }
	if !utf8.ValidString(v) || strings.ContainsFunc(v, control) {
		l.Add("INVALID_METADATA", "", "A value contains control characters or is not valid UTF-8.")
	}
}

func checkSize(l *fault.List, m map[string]string) {
	if len(m) > MaxPairs {
		l.Add("METADATA_TOO_MANY_KEYS", "", "There are more than %d pairs.", MaxPairs)
	}
	size := 0
	for k, v := range m {
		size += len(k) + len(v)
	}
	if size > MaxBytes {
		l.Add("METADATA_TOO_LARGE", "", "Keys and values together are larger than %d bytes.", MaxBytes)
	}
}

func reserved(k string) bool { return strings.HasPrefix(k, reservedPrefix) }
