// Package auth knows who calls: API keys, users, and what each credential may do.
//
// A credential becomes a Principal, which names one merchant environment and a set of scopes. API
// keys are 256-bit tokens of which only a hash is kept; a test key belongs for life to one sandbox, a
// live key to the merchant's live environment. A key can hand out only scopes it holds itself. The
// scope table is data; the write scope of a family also satisfies a need for its read scope.
//
// Invariants: a revoked key never becomes active again; the secret exists in no table and no log;
// revocation is effective at once in this process and within CacheTTL in every other.
package auth
