// Package recovery is the page that a recovery link opens: back to exactly what was left with the price that
// holds now, or an honest word on why there is nothing to go back to.
//
//	GET  /r/{token}          what the link leads to
//	POST /r/{token}/open     to the checkout
//	POST /r/{token}/restart  give up the payment that waits for its buyer, then to the checkout
//
// The token stands in the path, because mail programs cut what stands behind #. Looking changes nothing, for
// mail scanners and previews follow links: only the button opens a checkout, counts, and makes the buyer be
// back. The page sends no referrer, and nothing here logs an address.
package recovery
