// Package dispute keeps what buyers' banks say of payments: questions, chargebacks and returns of bank debits.
//
// # States
//
//	inquiry:    warning_needs_response -> warning_under_review -> warning_closed
//	            and from the first two to needs_response (it became a chargeback) or prevented
//	chargeback: needs_response -> under_review -> won | lost
//	            needs_response -> won | lost | prevented
//	            won <-> lost, when the bank turns its decision round
//
// The processor is the authority: its news tells the whole state with a version, older news changes nothing, and
// news that skips a state stands for it.
//
// # Money
//
// An inquiry moves none. While a chargeback is open its amount is withdrawn: it lies in the account disputes and not
// in the merchant's balance. Won brings it back; lost moves it to dispute_losses. What the buyer owes never changes.
//
// # Invariants
//
//   - open_amount is amount at needs_response and under_review, lost_amount at lost; both are 0 otherwise
//   - the payment's disputed = the least of what its disputes hold and of what it has not given back, so that
//     refunded + reserved + disputed <= captured
//   - the order's disputes = the sums over its disputes
package dispute
