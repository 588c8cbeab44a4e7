// Package idempotency makes a repeated request one effect.
//
// A key belongs to a merchant environment, a credential and an operation. The first use writes a row in
// the transaction of the effect itself, so either both exist or neither. A later use with the same
// fingerprint gets the stored answer; with another fingerprint IDEMPOTENCY_KEY_REUSED. Keys last TTL.
//
// Run serves operations of one transaction. A request that fails without effect leaves no row, so the
// caller may mend it and use the key again.
//
// Operations that call a processor use the long form. Begin takes the key in the first transaction
// together with what that one starts (Started); Finish stores the answer in the last one. A crash in
// between leaves the row running: once its lock has run out, the same key takes it over and continues
// from the noted subject instead of starting anew. Meanwhile others get IDEMPOTENCY_KEY_IN_PROGRESS.
package idempotency
