// Package invoice is the hosted invoice: the page behind the link that a buyer got.
//
//	GET  /i/{id}                          the document with its balance, or the entry
//	POST /i/{id}/open                     invoice_token (a token or a pasted link)
//	POST /i/{id}/pay                      goes to the invoice's own checkout
//	GET  /i/{id}/invoice.pdf              the document
//	GET  /i/{id}/credit-notes/{note}      the document of a credit note
//
// # Who may see an invoice
//
// The buyer's token arrives in the fragment of the address, so no server logs it; the entry page posts it and
// gets a cookie that goes to the pages of this link only. A fragment never reaches the server, so without
// JavaScript the entry asks for the link to be pasted. Without the cookie a link that exists, one that was
// replaced and one that never was look alike. Every look compares the cookie with the invoice's present token,
// so a replaced link is closed at once.
//
// Paying opens, or continues, the checkout of the invoice and leads there; the amount is decided and shown
// there. The first look notes that the invoice was viewed.
package invoice
