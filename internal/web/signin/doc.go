// Package signin lets people in: the sign-in pages, the account page, and the Gate through which every
// page for signed-in people goes.
//
//	GET  /sign-in                  the form; a page that needs a person shows it at its own address
//	POST /sign-in                  email, password, to
//	POST /sign-in/code             email, to: mails a code
//	GET  /sign-in/code             asks for it
//	POST /sign-in/code/check       code
//	POST /sign-in/passkey/begin    JSON, for the page's script
//	POST /sign-in/passkey          JSON
//	GET  /account                  passkeys, sessions, sign out
//	POST /account/sign-out
//	POST /account/sessions/end     session_id; empty for all others
//	POST /account/passkeys/begin   JSON
//	POST /account/passkeys         JSON
//	POST /account/passkeys/remove  passkey_id
//
// Everything but passkeys works without JavaScript. Every form answers with a page or a 303.
//
// # Coming back
//
// Where a visitor goes after signing in travels in the form, sealed, so that no link can choose it and
// no address carries it.
//
// # Forged requests
//
// Forms of other sites are refused by what browsers say about a request's origin. Forms of signed-in
// people carry in addition a token over their session and what the form is about; a form that was
// shown to somebody else, or about something else, does nothing.
package signin
