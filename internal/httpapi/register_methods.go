package httpapi

// registerMethods adds saved payment methods, for merchants and for customers themselves.
func registerMethods(a *API, s *Services) {
	registerPaymentMethods(a, s)
	registerMyPaymentMethods(a, s)
}
