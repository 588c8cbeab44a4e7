// Package checkout renders the hosted checkout and the simulator's pages around it: entry, payment,
// the frame of payment fields, 3-D Secure, waiting, receipt and every way a checkout can end.
//
// It is presentation only. Views hold amounts and dates that are already formatted; the server fills
// them and owns the routes:
//
//	GET  /checkout/{id}                  any page below, by the state of the session
//	POST /checkout/{id}/open             checkout_token (a token or a pasted link)
//	POST /checkout/{id}/tip              tip = none | percent:15 | amount:500 | custom, custom_tip
//	POST /checkout/{id}/contact          the fields of the contact and address sections
//	POST /checkout/{id}/change           forget the stored payment source
//	POST /checkout/{id}/pay              expected_amount, currency, payment_option, payment_token, …
//	GET  /simulator/fields/{id}          ?option=card | ach_debit
//	POST /simulator/fields/{id}          option and the fields; JSON or a redirect to the checkout
//	POST /simulator/challenge/{op}       result = approve | fail
package checkout
