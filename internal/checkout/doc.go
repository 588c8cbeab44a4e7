// Package checkout opens one door to pay an order: a session with a credential for the buyer's page.
//
// # States
//
//	open ──▶ paid | partially_paid | expired | closed | invalidated
//
// All but open are final. An order has at most one open session (a UNIQUE index); a new one replaces
// it only when the caller names it, and the old one then ends as invalidated, superseded.
//
// # Credentials
//
// The secret (X-Checkout-Session-Secret) is what a server or an embedded form uses. The launch token
// travels in the fragment of the hosted address, so it never reaches a server's log; the page trades it
// for a cookie. Both are kept as hashes. None of them outlives the session by more than the recovery
// of a payment that was under way when it ended.
package checkout
