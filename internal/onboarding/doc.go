// Package onboarding leads somebody without an account to a merchant with a working API key.
//
// A person proves an e-mail address with a mailed code (Start, Verify), which finds the merchants they work
// for or makes one, and opens a session: a credential that opens the few operations needed from there. They
// tell what is to be known of the merchant (Advance) and make its first key (FirstKey). Demo sessions are
// sandboxes for a while without any of that, in development environments.
//
// States of an onboarding: ready_for_api_key until the merchant has a key, needs_input while something is
// missing in its profile, complete. No processor that asks for more is connected, so nothing waits for one.
//
// Invariants: whether an address is known shows nowhere before it is proven; a code is tried MaxTries
// times and used once; a session holds no more than its user's role in the merchant; only hashes of codes
// and tokens are stored; a first key is made once.
package onboarding
