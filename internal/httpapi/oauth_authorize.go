package httpapi

// authorizeInput is the link that an app sends people to; package web/oauth reads it and shows the pages.
type authorizeInput struct {
	ResponseType  string `query:"response_type" required:"true" enum:"code"`
	ClientID      string `query:"client_id" required:"true"`
	RedirectURI   string `query:"redirect_uri" required:"true" maxLength:"2048" doc:"Exactly one that the app registered."`
	Mode          string `query:"mode" required:"true" enum:"test,live"`
	State         string `query:"state" required:"true" doc:"Comes back with the answer; bind it to the browser's session."`
	PermissionIDs string `query:"permission_ids" doc:"Comma-separated; left out for the app's defaults."`
	EnvironmentID string `query:"environment_id" doc:"A sandbox or live environment; left out for the merchant's default of the mode."`
	MerchantID    string `query:"merchant_id" doc:"Chosen beforehand for people of several merchants."`
	Challenge     string `query:"code_challenge" doc:"PKCE; required for plugin apps and loopback redirects."`
	Method        string `query:"code_challenge_method" enum:"S256"`
}

func registerOAuthAuthorize(a *API, _ *Services) {
	Visited[authorizeInput](a, "authorizePartnerInstall", Doc("Ask a merchant to install an app",
		"A page for people: sign in, choose merchant and environment, review what the app asks for. It leads back to redirect_uri "+
			"with code, state and iss, or with error=access_denied. A link that cannot be trusted leads nowhere and is explained."))
}
