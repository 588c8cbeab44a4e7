// Package paymentlink holds links that anybody can pay: a price list or a cause behind an address, of which
// every buyer gets an order and a checkout of their own.
//
// # Kinds
//
// A standard link sells lines, a donation takes an amount of the buyer's choice, an event sells tickets. A
// link can also be bound to an order that exists; it then opens checkouts of that order's balance, one at a
// time, until it is paid.
//
// # States
//
// A link is active or inactive, and goes back and forth. What it can still sell is counted in places
// (max_completions) and, for events, in tickets (max_total_quantity).
//
// # Places
//
// A place is claimed in the transaction that starts a payment (Admit), with one conditional update of the
// link's row: completed + held never passes the cap. An attempt that ends without money gives its place
// back (Ended); money that settles turns the claim into a completion (Settled). Money that arrives for a
// claim that was given back is counted all the same: it is sold one too many, and on record as late.
//
// # Resolving
//
// A buyer's page reads the link with a signed context, and sends the context back with its choices. The
// context names the version of the link that was shown and two times: until the first a resolve may start,
// until the second one that started may be repeated.
package paymentlink
