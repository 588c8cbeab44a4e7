// Package returns takes goods and money back: one return is a piece of work on one order.
//
// # States
//
//	requested ──▶ open ──▶ completed
//	    │  │       │ ▲         │
//	    │  │       │ └─────────┘ reopen
//	    │  ▼       ▼
//	    │ declined canceled
//	    └──────────▲
//
// Three things go on beside each other and are derived from facts at every save: what was decided
// (derive_decision.go), where the goods are (derive_goods.go) and what becomes of their value
// (derive_value.go). Nothing but derive sets a status.
//
// # Facts
//
// Receipts and inspections are observations: they are never changed, a newer one supersedes them. A
// disposition says where goods ended, a resolution what becomes of value. Every act keeps who did it, when and
// why.
//
// # Invariants
//
//   - the order's row is locked first, then the return's; the whole aggregate is loaded and saved together
//   - of a line of a fulfilment, returns that were neither declined nor canceled never hold more units than were
//     handed over
//   - requested = approved + declined once a line is decided; canceled never exceeds approved
//   - identity, reason, policy and value of a line are frozen when it is asked for
//   - completion blockers always say what is missing; a return without any may complete
package returns
