// Package payment collects the money of orders: attempts, payment intents (the legs of an attempt),
// and the operations asked of processors.
//
// # Attempt
//
// A pay call makes one attempt, and an order has at most one that is open. While it is open the order's
// price is locked.
//
//	processing ──▶ succeeded | partially_succeeded | failed
//	     │  ▲
//	     ▼  │
//	requires_action ─▶ canceled | failed      requires_capture ─▶ succeeded | partially_succeeded | canceled | expired
//	finalizing: an answer of the processor was lost; it is asked until it tells
//
// # Intent
//
//	requires_payment_method ─▶ processing ─▶ succeeded
//	         ▲                   │    ▲
//	         └── declined ───────┤    │
//	                             ▼    │
//	                       requires_action ─▶ canceled
//	manual capture: processing ─▶ requires_capture ─▶ succeeded | canceled | expired
//
// # Operation
//
// planned ─▶ succeeded | failed, by way of requires_action, processing or unknown. A row is committed
// before the processor is called and carries the key of the call, so after a crash the outcome is
// looked up and never guessed, and nothing is ever asked twice under another key. An answer that
// contradicts the operation (another amount, currency or payment) is parked: nothing is settled and
// the exception is shown until an operator decides.
//
// # One completion path
//
// The answer to the call, the buyer's return, the processor's notice, the sweeper and a staff action
// all end in Apply, which runs under the order's lock and takes each outcome once.
//
// # Invariants
//
//   - 0 <= captured, released; captured + released <= authorized
//   - refunded + refund_reserved + disputed <= captured (a CHECK constraint)
//   - the sum of captured over an order's intents is the order's paid amount
//   - the clearing accounts of an operation are zero once it has an outcome
package payment
