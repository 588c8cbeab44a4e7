package httpapi

// checkoutRoutes lists checkout sessions.
var checkoutRoutes = []Route{
	{ID: "checkoutSessions.create", Method: "POST", Path: "/v1/checkout-sessions", By: byKey | byApp, Need: allOf("checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "checkoutSessions.list", Method: "GET", Path: "/v1/checkout-sessions", By: byKey | byApp, Need: anyOf("checkouts.checkout_sessions.read", "checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "checkoutSessions.get", Method: "GET", Path: "/v1/checkout-sessions/{checkout_session_id}", By: byKey | byApp | byCheckout, Recover: true, Launch: true, Need: anyOf("checkouts.checkout_sessions.read", "checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.read"), Tier: TierRead, Status: 200},
	{ID: "checkoutSessions.update", Method: "PATCH", Path: "/v1/checkout-sessions/{checkout_session_id}", By: byKey | byApp | byCheckout, Need: allOf("checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "checkoutSessions.closeSession", Method: "POST", Path: "/v1/checkout-sessions/{checkout_session_id}/close", By: byKey | byApp, Need: allOf("checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "checkoutSessions.createCustomerVerification", Method: "POST", Path: "/v1/checkout-sessions/{checkout_session_id}/customer-verifications", By: byCheckout, Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "checkoutSessions.confirmCustomerVerification", Method: "POST", Path: "/v1/checkout-sessions/{checkout_session_id}/customer-verifications/{customer_verification_id}/confirm", By: byCheckout, Tier: TierWrite, Key: KeyOptional, Status: 200},
}
