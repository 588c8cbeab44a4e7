// Package merchant keeps merchants, their environments and their profile.
//
// A merchant has one live environment ("menv_…") and any number of sandboxes ("test_…"), one of which
// is the default. Environments share nothing: every row of every other table names exactly one.
//
// Invariants: a default sandbox always exists and is neither reset nor archived; names of active
// sandboxes are unique within a merchant, whatever their case; an archived sandbox stays archived; a
// reset archives the sandbox and makes a new one under the same name, so nothing old can be reached.
package merchant
