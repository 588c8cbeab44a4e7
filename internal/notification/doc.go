// Package notification writes to buyers by mail: letters of the domains, and the receipt of a paid order.
//
// It knows no product domain and no mail server. What a receipt says comes through Service.Orders,
// which the server fills, and the mail leaves through a Sender (package mail has the adapters).
//
// A Letter is decided on and written down in the caller's transaction, one for a key, ever. It lies sealed
// until it has left and is dropped then. Recipients switch optional families off, by address.
//
// A receipt is written down and queued in the caller's transaction, rendered when it leaves, so that
// it tells the order as it then is, and sent at least once: a server that dies between sending and
// writing that down sends it again with the same Message-ID.
//
// Invariants: only paid orders have receipts; between two receipts of one order to one address lie
// five minutes; merchants reach at most three different addresses with an order, buyers at the
// checkout only the address on file.
package notification
