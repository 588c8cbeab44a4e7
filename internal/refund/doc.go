// Package refund gives money of an order back to the payments it came from.
//
// # States
//
//	pending ──▶ succeeded ──▶ failed        (the bank returned it later)
//	   ├──────▶ failed
//	   └──────▶ partially_succeeded         (several payments, not all gave back)
//
// A refund is one or more allocations, one per payment, each with an operation of its own. The refund's
// status follows from theirs.
//
// # Reservation
//
// The amount is reserved in the transaction that checks it, before a processor is asked: on the payment
// (refunded + reserved + disputed <= captured) and, for lines and charges, on the item (taken <= sold).
// CHECK constraints stand under both, so no number of concurrent refunds can exceed what was captured
// or sold. A failure releases the reservation; a late failure after success puts the order's figures
// and the journal back.
//
// # Exactness
//
// What the first n units of a line carry is fixed by rounding n/q of it, so any sequence of partial
// refunds of a line adds up to the line. Whoever takes the last units gets all that is left.
package refund
