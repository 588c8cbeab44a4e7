package httpapi

// registerPolicy adds the rules about returns, their reasons and previews, and customers' own returns.
func registerPolicy(a *API, s *Services) {
	registerReturnPolicies(a, s)
	registerReturnReasons(a, s)
	registerReturnPreviews(a, s)
	registerMyReturns(a, s)
}
