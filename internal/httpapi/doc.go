// Package httpapi is the HTTP surface: typed operations behind one set of conventions.
//
// An operation is a row of the authorization table (routes_*.go) and a typed handler registered under
// the row's id with Get, Write, Staged or Handle. The framework does everything that is the same for
// all of them, in this order: request id and panic guard, route, limit per address, version, credential,
// scopes, limits per key and merchant, path, query and body with every fault reported at once, the
// idempotency key, the transaction, the envelope, the log line. A handler translates between the wire
// types and a domain's operation, and nothing else.
//
// huma supplies the schemas of the Go types and the OpenAPI document. Requests do not go through
// huma's own pipeline: the document's schemas are compiled once into a checker that reads the JSON
// tokens of a body a single time (body.go), which reports named faults instead of sentences and
// spares the intermediate map.
//
// Struct tags of wire types: json (omitzero makes a field optional), doc, enum, minimum, maximum,
// minLength, maxLength, minItems, maxItems, pattern, default and nullable as in huma; fault
// ("required=NAME_REQUIRED,long=NAME_TOO_LONG,small=NEGATIVE,invalid=INVALID_NAME") to name the fault of a field;
// flint:"extension" for what goes beyond the contract, flint:"nullable" for objects that may be null. Inputs add path, query and header; path:"…"
// with id:"ord" answers 404 for what is no id of that kind, with id:"*" for what is no id at all, with id:"a|b" for what is
// neither of the words.
package httpapi
