// Package mailing has the page on which a recipient decides what optional mail it gets.
//
// It is reached from a link of a mail and needs no sign-in: the link's token names the merchant
// environment and the address, and opens nothing but this. Reading the page changes nothing, because
// mail programs fetch links ahead; a POST does, also the one of RFC 8058 that a mail program sends by
// itself.
package mailing
