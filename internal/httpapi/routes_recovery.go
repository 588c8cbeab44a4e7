package httpapi

// recoveryRoutes lists what brings buyers back; all of it is ours.
var recoveryRoutes = []Route{
	{ID: "listRecoveries", Method: "GET", Path: "/v1/recoveries", By: byKey | byApp, Need: anyOf("checkouts.checkout_sessions.read", "checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.read"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "getRecovery", Method: "GET", Path: "/v1/recoveries/{recovery_id}", By: byKey | byApp, Need: anyOf("checkouts.checkout_sessions.read", "checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.read"), Tier: TierRead, Status: 200, Ours: true},
	{ID: "createCheckoutSessionRecoveryAction", Method: "POST", Path: "/v1/checkout-sessions/{checkout_session_id}/recovery-actions", By: byKey | byApp, Need: allOf("checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.write"), Tier: TierProvider, Key: KeyOptional, Status: 201, Ours: true},
	{ID: "listCheckoutSessionRecoveryActions", Method: "GET", Path: "/v1/checkout-sessions/{checkout_session_id}/recovery-actions", By: byKey | byApp, Need: anyOf("checkouts.checkout_sessions.read", "checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.read"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "createOrderRecoveryAction", Method: "POST", Path: "/v1/orders/{order_id}/recovery-actions", By: byKey | byApp, Need: allOf("checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.write"), Tier: TierProvider, Key: KeyOptional, Status: 201, Ours: true},
	{ID: "listOrderRecoveryActions", Method: "GET", Path: "/v1/orders/{order_id}/recovery-actions", By: byKey | byApp, Need: anyOf("checkouts.checkout_sessions.read", "checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.read"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "revokeOrderRecoveryLinks", Method: "POST", Path: "/v1/orders/{order_id}/recovery-links/revoke", By: byKey | byApp, Need: allOf("checkouts.checkout_sessions.write"), AppNeed: anyOf("checkouts.checkout_sessions.write"), Tier: TierWrite, Key: KeyOptional, Status: 200, Ours: true},
}
