// Package stranded is the inbox of money that came in where nothing was due any more: a buyer approved a
// payment after it was given up, two tabs paid one order, an order was closed while a bank was still thinking.
//
// Such money is booked like any other and lies on its order as credit, so nothing is lost and the books add
// up without the inbox. A row says of how much of it nobody has decided yet what to do:
//
//	open ──▶ refunding ──▶ resolved
//	  ▲          │
//	  └──────────┘ the refund failed
//
// A merchant applies it (the order keeps it), refunds it, or assigns it to another order. When the order comes
// to owe more, or money of it is given back in another way, the rows follow by themselves.
//
// Invariant, which flint doctor checks: what remains in the rows of an order is at most its credit, or, of a
// closed order, what was collected and not given back.
package stranded
