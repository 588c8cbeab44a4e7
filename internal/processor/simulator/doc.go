// Package simulator is a payment processor that lives inside the process: it moves pretended money,
// keeps books of its own and fails in every way a real one does.
//
// # Its own books
//
// The tables simulator_* belong to this package alone and are written in transactions of their own.
// So its truth survives a crash of the platform between a call and the platform's own commit, as a
// real processor's would, and Books can be compared with what the platform believes.
//
// # Sources
//
// A token decides what happens to the payment that is charged to it:
//
//	simtok_approve              succeeds at once
//	simtok_decline_<code>       is declined with the code (see FailureCodes)
//	simtok_3ds                  asks for the buyer's confirmation on the challenge page
//	simtok_timeout_charged      moves the money, then the answer is lost
//	simtok_timeout_not_charged  the request is lost; sending the same operation again approves
//	simtok_processing_succeeds  a bank debit that succeeds after Delays.Processing; sale only
//	simtok_processing_fails     a bank debit that is returned after Delays.Processing; sale only
//	simtok_processing_stays     a bank debit that never settles; sale only
//	simtok_refund_fails         succeeds; its refunds fail after Delays.Refund
//	simtok_refund_returned      succeeds; its refunds succeed, then are returned after Delays.Return
//	simtok_insufficient_balance succeeds; its refunds are refused at once
//	simtok_dispute              succeeds; after Delays.Dispute its bank opens a chargeback over all of it
//	simtok_dispute_won          the same; after Delays.Decision it is won without an answer
//	simtok_dispute_lost         the same; lost
//	simtok_dispute_inquiry      succeeds; its bank asks a question first, and no money moves
//	simtok_dispute_prevented    the same; the inquiry is averted after Delays.Decision
//
// Any other simtok_ token, and one that Tokenize has not given out in the same scope, fails with
// invalid_payment_source.
//
// # States of a charge
//
//	waiting    -> authorized | captured | failed | canceled   (the buyer confirms, fails, or is given up)
//	processing -> captured | failed
//	authorized -> captured (the rest is released) | canceled | expired
//
// Expired is not stored: it is an authorized charge whose time is over.
package simulator
