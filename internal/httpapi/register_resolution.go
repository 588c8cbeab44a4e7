package httpapi

// registerResolution adds what becomes of the value of returns.
func registerResolution(a *API, s *Services) {
	registerReturnResolutions(a, s)
	registerReturnResolutionWrites(a, s)
}
