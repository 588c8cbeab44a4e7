package auth

import (
	"math/bits"
	"slices"
	"strings"
)

type scopeRow struct {
	name   string
	allows string
	app    bool // may be granted to a partner app
}

// scopeBits are the words of a ScopeSet; the table must fit.
const scopeBits = 128

var _ [scopeBits - len(scopeTable)]struct{}

var scopeIndex = func() map[string]int {
	m := make(map[string]int, len(scopeTable))
	for i, s := range scopeTable {
		m[s.name] = i
	}
	return m
}()

// ScopeSet is a set of scopes. The zero value is empty.
type ScopeSet [scopeBits / 64]uint64

// ScopeInfo describes one scope for documents and consent screens.
type ScopeInfo struct {
	Name   string
	Allows string // a sentence
	App    bool   // may be granted to a partner app
}

// Scopes lists every scope in the contract's order.
func Scopes() []ScopeInfo {
	out := make([]ScopeInfo, len(scopeTable))
	for i, s := range scopeTable {
		out[i] = ScopeInfo{Name: s.name, Allows: s.allows, App: s.app}
	}
	return out
}

// KnownScope reports whether the name is in the table.
func KnownScope(name string) bool { _, ok := scopeIndex[name]; return ok }

// ScopesOf makes a set of the names; unknown ones are left out, so that a row written by a newer
// version grants nothing it should not.
func ScopesOf(names ...string) ScopeSet {
	var s ScopeSet
	for _, n := range names {
		if i, ok := scopeIndex[n]; ok {
			s[i/64] |= 1 << (i % 64)
		}
	}
	return s
}

// AllScopes is the full set.
func AllScopes() ScopeSet {
	var s ScopeSet
	for i := range scopeTable {
		s[i/64] |= 1 << (i % 64)
	}
	return s
}

// Names lists the set in the table's order, never nil.
func (s ScopeSet) Names() []string {
	out := make([]string, 0, s.Len())
	for i := range scopeTable {
		if s[i/64]&(1<<(i%64)) != 0 {
			out = append(out, scopeTable[i].name)
		}
	}
	return out
}

// Len counts the scopes of the set.
func (s ScopeSet) Len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// Has reports whether the set satisfies a need for the scope: it holds it, or the write scope of the
// same family where a read scope is asked for.
func (s ScopeSet) Has(name string) bool { return s.meets(satisfying(name)) }

// Contains reports whether every scope of o is in s by name; writing does not stand in for reading
// here, which is the rule for handing scopes on.
func (s ScopeSet) Contains(o ScopeSet) bool {
	for i := range s {
		if o[i]&^s[i] != 0 {
			return false
		}
	}
	return true
}

func (s ScopeSet) meets(any ScopeSet) bool {
	for i := range s {
		if s[i]&any[i] != 0 {
			return true
		}
	}
	return false
}

// satisfying is the set of scopes each of which satisfies the named one.
func satisfying(name string) ScopeSet {
	if stem, ok := strings.CutSuffix(name, ".read"); ok {
		return ScopesOf(name, stem+".write")
	}
	return ScopesOf(name)
}

// Need is what an operation asks of a credential. The zero Need asks for nothing.
type Need struct {
	Any    bool // one of Scopes is enough; otherwise all are needed
	Scopes []string
	masks  []ScopeSet
}

// AllOf needs every scope. It panics on a name that is not in the table, at construction.
func AllOf(names ...string) Need { return newNeed(false, names) }

// AnyOf needs one of the scopes. It panics on a name that is not in the table, at construction.
func AnyOf(names ...string) Need { return newNeed(true, names) }

func newNeed(any bool, names []string) Need {
	n := Need{Any: any, Scopes: names, masks: make([]ScopeSet, len(names))}
	for i, name := range names {
		if !KnownScope(name) {
			panic("auth: no such scope: " + name)
		}
		n.masks[i] = satisfying(name)
	}
	return n
}

// Empty reports whether nothing is needed.
func (n Need) Empty() bool { return len(n.Scopes) == 0 }

// Missing lists the unmet scopes, nil when the set is enough.
func (n Need) Missing(s ScopeSet) []string {
	var missing []string
	for i, m := range n.masks {
		switch met := s.meets(m); {
		case met && n.Any:
			return nil
		case !met:
			missing = append(missing, n.Scopes[i])
		}
	}
	return slices.Clip(missing)
}
