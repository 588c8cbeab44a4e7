// Package app keeps partner apps: what a merchant registers, what other merchants install, and how
// an install ends.
//
// An app asks for permissions, each of which stands for scopes. Its manifest is versioned: a version
// is never changed, and an install keeps what it consented to until its merchant accepts more. An
// install spans a merchant's environments; a grant is what it may do in one of them, and every token
// belongs to one grant. The merchant limits what an install refunds, holds it back, and removes it.
// A removed app has CleanupTime to put its own things away before FinishRemoval ends them all at once.
//
// Invariants: a merchant has at most one live install of an app, and an install at most one live
// grant in an environment; a grant never holds a scope that its giver did not hold or that no install
// token may hold; a revoked install or grant never comes back; what an install refunds in a day is
// counted in the transaction that books the refund.
//
// The row of an install is its root: it is locked before its grants, and after an order.
package app
