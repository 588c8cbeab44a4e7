// Package invoice bills orders: a numbered document with its due dates, its balance, and what became of it.
//
// # States
//
//	draft ─▶ open ⇄ partially_paid ⇄ paid        open ⇄ credited
//	draft, open ─▶ void       open, partially_paid ─▶ uncollectible
//
// Open, partially paid, paid and credited follow from the amounts; a reversal or the return of a credit
// leads back. Overdue is a flag that time sets.
//
// # Ownership
//
// A draft keeps other invoices off its order and leaves the order alone. Issuing claims the order: from then
// on its price stands still, and money comes in through the invoice alone. Void and uncollectible release it.
// The order is locked first, then the invoice; counters come last.
//
// # Invariants
//
//   - outstanding = total + fees - waived - paid - credited - written off, and no amount is negative
//     (CHECK constraints)
//   - paid is what the order was paid, at most what was asked for; what is above is credit on the order
//   - the totals of the schedule's entries sum to the total; payments, credits and what was written off
//     sum over entries and fees to the invoice's own
//   - an entry of an issued invoice never changes its total, and the snapshot never changes at all
//   - of the invoices that were not voided, outstanding = 0 exactly in paid, credited and uncollectible
//   - numbers of an environment are 1001, 1002, … without gap, each once; drafts have none
//   - one invoice per order that is neither void nor uncollectible (a UNIQUE index)
package invoice
