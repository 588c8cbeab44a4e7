package httpapi

// Register registers the operations on orders and money.
func Register(a *API, s *Services) {
	registerPayOrder(a, s)
	registerPaymentAttempts(a, s)
	registerOrderPaymentIntents(a, s)
	registerPaymentIntents(a, s)
	registerCreateRefund(a, s)
	registerRefunds(a, s)
	registerCreateCheckoutSession(a, s)
	registerCheckoutSessions(a, s)
}
