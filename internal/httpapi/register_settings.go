package httpapi

// registerSettingsPart adds the settings of an environment and what is registered beside them.
func registerSettingsPart(a *API, s *Services) {
	registerSettings(a, s)
	registerPaymentMethodDomains(a, s)
}
