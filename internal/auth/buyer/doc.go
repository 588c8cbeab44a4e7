// Package buyer lets customers prove who they are: sessions for /v1/me that a merchant's server mints,
// logins to the hosted account pages, codes mailed to an address, and links that open one order.
//
// A session is a family: one secret that opens /v1/me, and one refresh token that is exchanged, without any
// other credential, for the next secret and the next refresh token. Whoever comes with a refresh token
// that was spent under another idempotency key ends the whole family, because two parties hold it. The
// same token with the same key gets the same answer, until the refresh token of that answer is used.
//
// The package knows customers and orders by their ids only; what has to be looked up about them comes
// through the functions of Service.
package buyer
