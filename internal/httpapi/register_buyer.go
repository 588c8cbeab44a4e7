package httpapi

// registerBuyer adds what customers do for themselves, and what merchants do for a customer's account.
func registerBuyer(a *API, s *Services) {
	for _, register := range []func(*API, *Services){
		registerCustomerSessions, registerCustomerAddresses, registerMyAddresses, registerDeletions, registerMyDeletions,
		registerVerifications, registerMe, registerMyEmail, registerMyOrders, registerMyFulfillments, registerMyPayments, registerAccessLinks,
	} {
		register(a, s)
	}
}
