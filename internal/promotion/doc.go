// Package promotion is what lowers prices by rule: promotions with codes, and automatic ones.
//
// # States
//
// A promotion is active, inactive or archived; what callers see (Status) also follows from its
// schedule, its uses and its codes: expired, not_yet_started, exhausted, no_active_codes. Archiving is
// final. A code is active or inactive and, derived, expired or exhausted; a deleted code is gone for
// lists, and its text is free again.
//
// # Deciding
//
// Decide is the one function that says what promotions do to an order. It is pure: the basket, the
// offers and the terms go in, amounts per line come out. An order's pricing and the preview both call
// it, so a preview cannot promise what an order does not get.
//
// # Uses
//
// A pending discount holds one use of its promotion, of its code and, where the promotion counts them,
// of its customer. Uses are taken by updates that name the limit in their condition, in the transaction
// that writes the discount, and a CHECK stands below them; so a limit holds however many buyers come
// at once. They are given back when the discount is removed or canceled, and kept once money settled.
//
// # Invariants
//
//   - uses never exceed max_uses, of a promotion, a code, or a customer
//   - uses equal the pending and redeemed discounts that orders carry
//   - no discount takes more from a line or charge than is left of it
package promotion
