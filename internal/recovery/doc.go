// Package recovery brings buyers back to what they left: it notices that a buyer who was at a checkout is
// gone, tells the merchant's apps, hands out links that lead back, reminds by mail, puts one door to an
// order in the place of another, and says afterwards what brought the money.
//
// # States
//
//	watching ──▶ abandoned ◀──▶ returned        (live: at most one for an order)
//	   │             │             │
//	   ▼             ▼             ▼
//	completed    recovered | lapsed | ended
//
// A recovery begins when the buyer of a session is seen for the first time: the hosted page was opened with
// its link, contact details were saved, or a payment was tried. It is abandoned when nothing happened for
// the merchant's time, or at once when the session ran out or was closed after the buyer had been there; not
// while a payment is with the bank. New activity brings the buyer back. Money from any door ends it, in the
// transaction that books the money: as recovered when the buyer had left, as completed otherwise.
//
// # Invariants
//
// A session is abandoned once: checkout_session.abandoned is recorded in the transaction that sets the mark
// on the session's visit, and never again for it. Whether a moment has come is asked of the row by a worker
// that looks again and again, so restarts and a clock that jumps forward change nothing; a clock that jumps
// back only delays.
//
// Whether a reminder goes out is decided in one transaction that has the order locked, and that a purchase
// would have to pass: whoever has bought is not written to. A step that is not sent keeps the reason.
//
// Locks are taken in the order of order, session, recovery, address.
package recovery
