// Package creditnote corrects invoices that were issued: a numbered document that takes back part of one.
//
// # States
//
//	draft ──▶ issued ──▶ void
//
// A draft is edited freely. Issuing gives it a number without gap, freezes its lines and makes its total
// credit. Void is terminal and gives the lines free again.
//
// # What becomes of credit
//
// Credit of an issued note is set against its invoice (an allocation, which lowers the balance and can be
// reversed) or paid out to the payments of the invoice (a refund). What is left of it is unallocated:
//
//	unallocated = total - allocated - refunded - pending refunds
//
// # Invariants
//
//   - issued notes together never take more of a line than was billed, in units and in money (CHECK)
//   - any sequence of corrections of a line adds up to the line, in subtotal, discount, tax and total
//   - allocations and pending refunds never exceed the total (CHECK); a refund that the bank had reported as
//     failed and that went through after all may, and then nothing is left
//   - allocations in force sum to what the invoice shows as credited
//   - the order is locked first, then the note and the invoice; counters come last
package creditnote
