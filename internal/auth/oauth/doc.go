// Package oauth gives out tokens: to apps that a merchant installed (RFC 6749, code flow with PKCE) and to
// the command line (RFC 8628, device flow), with revocation (RFC 7009) and introspection (RFC 7662).
//
// All tokens that descend from one consent form a family. A family is bound to one merchant environment,
// for an app also to one grant; it ends with the grant, with its idle or absolute time, by revocation, or
// when a refresh token is used again after its successor was (docs/states/oauth-token.md). Whether a token
// works is decided on each request from the token, its family, the grant, the install and the app,
// in one read without a cache, so that an end of any of them holds from the next request on, in every
// process. A token can never do more than its grant allows now.
//
// Secrets are in no table: codes and tokens are kept as hashes, the pair that replaced a refresh token as
// a sealed value for as long as a second caller may ask for it.
//
// One file is one grant of the standard: code.go, refresh.go, device.go.
package oauth
