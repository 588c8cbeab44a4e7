// Package order is the order record on which everything else acts.
//
// # Layers
//
// Three layers that never mix: the price (what the order should cost: Pricing, recomputed by Price
// from the order's facts), the settlement (what money really moved: Settlement, changed only when
// money settles or is refunded), and the hold (authorizations not captured yet, which change neither).
//
// # States
//
// Status is open or closed. PaymentStatus is derived from settled money, RefundStatus from succeeded
// refunds. At most one payment attempt is open per order; while it is, nothing that changes the price
// is accepted.
//
// # Invariants
//
//   - sum of line totals + charge totals + order-level tax + tip = total, and total >= 0
//   - owed = total + late fees - credited; 0 <= refunded <= paid; outstanding = max(owed - paid, 0);
//     credit = max(paid - owed - refunded, 0); balance = outstanding - credit
//   - while an issued invoice owns the order, nothing changes its price and nothing else collects it
//   - after any settled money: no line is cut, removed or repriced downwards, tax and customer stay,
//     and total >= net collected
//   - the journal's accounts of the order equal Position of its amounts at every revision
//
// # Storage
//
// One order is one row: what is filtered, sorted or constrained is a column, the priced aggregate
// (lines, charges, discounts, tips, tax) is a JSON document beside it. So an order is read with one
// statement and written with one.
package order
