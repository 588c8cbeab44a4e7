package httpapi

import (
	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/tenant"
)

// SessionViews are what other domains add to the answers about checkout sessions; a nil one adds nothing.
type SessionViews struct {
	Support     func(tx db.Tx, scope tenant.Scope) (CheckoutSupport, error)
	Invoice     func(tx db.Tx, scope tenant.Scope, invoiceID string) (*ExpandedInvoice, error)
	PaymentLink func(tx db.Tx, scope tenant.Scope, paymentLinkID string) (*ExpandedPaymentLink, error)
	// SaveOffer tells whether the buyer of an open session is offered to keep a payment method, for a
	// credential that acts for the customer, or for nobody when that is empty.
	SaveOffer func(tx db.Tx, session *checkout.Session, customerID string) (SaveOffer, error)
}

// SaveOffer is whether and how a buyer may keep a payment method.
type SaveOffer struct {
	Offered, Phone, RequiresVerification bool
}

// registerSessions adds what belongs to checkout sessions and to money that came through an ended one.
func registerSessions(a *API, s *Services) {
	registerCreateCheckoutSession(a, s)
	registerCheckoutSessions(a, s)
	registerCheckoutVerifications(a, s)
	registerStranded(a, s)
}
