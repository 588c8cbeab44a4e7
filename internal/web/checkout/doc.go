// Package checkout is the hosted checkout and the simulator's pages around it: entry, payment, the
// frame of payment fields, 3-D Secure, waiting, receipt and every way a checkout can end.
//
// Handler serves the routes and fills the views with amounts and dates that are already formatted;
// Pages renders them. Every page works without JavaScript, and every form answers with a redirect, so
// that a reload sends nothing twice:
//
//	GET  /checkout/{id}                  any page below, by the state of the session
//	POST /checkout/{id}/open             checkout_token (a token or a pasted link)
//	POST /checkout/{id}/tip              tip = none | percent:15 | custom, custom_tip
//	POST /checkout/{id}/contact          the fields of the contact and address sections
//	POST /checkout/{id}/change           forget the stored payment source
//	POST /checkout/{id}/code             code_to, purpose | again | forget
//	POST /checkout/{id}/code/confirm     code
//	POST /checkout/{id}/pay              expected_amount, currency, payment_option, payment_token, seen, …
//	GET  /checkout/{id}/return           back from the bank
//	POST /checkout/{id}/abandon          give up a payment that waits for the bank's challenge
//	GET  /simulator/fields/{id}          ?option=card | ach_debit
//	POST /simulator/fields/{id}          option and the fields; JSON or a redirect to the checkout
//	GET  /simulator/challenge/{opaque}   the simulated bank
//	POST /simulator/challenge/{opaque}   result = approve | fail, or a field of that name
//
// # Who may see a session
//
// The launch token arrives in the fragment of the address, so no server logs it; the entry page posts
// it and gets a cookie that goes to the pages of this session only. Without the cookie a session that
// exists and one that does not look alike.
//
// That cookie acts for nobody. A buyer who types the code that was mailed to their address gets a second
// one, sealed, with the credential of the session that acts for the customer; their saved cards are shown
// and charged by it alone.
//
// # What is charged
//
// The amount shown is the order's outstanding amount, the form carries it back, and the payment starts
// only when it is still the same; otherwise a page shows the old and the new amount. A form also
// carries the newest payment attempt its page knew of, so a second submit of the same page finds that
// a payment was begun meanwhile and shows it instead of paying again.
//
// Card numbers go to the simulator's own fields alone. What comes back is a token, which waits in a
// sealed cookie of the browser; nothing of it is stored here.
package checkout
