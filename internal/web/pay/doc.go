// Package pay is the page of a payment link: what it sells, what the buyer may choose, and the way into the
// hosted checkout. It is a plain form and needs no JavaScript.
package pay
