package httpapi

// registerReturnsPart adds what is done with returns as a whole.
func registerReturnsPart(a *API, s *Services) {
	registerReturns(a, s)
	registerProcessReturn(a, s)
}
