package httpapi

// paymentLinkRoutes lists payment links.
var paymentLinkRoutes = []Route{
	{ID: "paymentLinks.create", Method: "POST", Path: "/v1/payment-links", By: byKey | byApp, Need: allOf("checkouts.payment_links.write"), AppNeed: anyOf("checkouts.payment_links.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "paymentLinks.list", Method: "GET", Path: "/v1/payment-links", By: byKey | byApp, Need: anyOf("checkouts.payment_links.read", "checkouts.payment_links.write"), AppNeed: anyOf("checkouts.payment_links.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "paymentLinks.get", Method: "GET", Path: "/v1/payment-links/{payment_link_id}", By: byKey | byApp, Need: anyOf("checkouts.payment_links.read", "checkouts.payment_links.write"), AppNeed: anyOf("checkouts.payment_links.read"), Tier: TierRead, Status: 200},
	{ID: "paymentLinks.update", Method: "PATCH", Path: "/v1/payment-links/{payment_link_id}", By: byKey | byApp, Need: allOf("checkouts.payment_links.write"), AppNeed: anyOf("checkouts.payment_links.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "paymentLinks.getPublic", Method: "GET", Path: "/v1/payment-links/{payment_link_id}/public", By: byNobody, Tier: TierRead, Status: 200},
	{ID: "paymentLinks.resolve", Method: "POST", Path: "/v1/payment-links/{payment_link_id}/resolve", By: byNobody, Tier: TierWrite, Key: KeyRequired, Status: 201},
	{ID: "paymentLinks.qr", Method: "GET", Path: "/v1/payment-links/{payment_link_id}/qr", By: byKey | byApp, Need: anyOf("checkouts.payment_links.read", "checkouts.payment_links.write"), AppNeed: anyOf("checkouts.payment_links.read"), Tier: TierRead, Status: 200, Ours: true},
}
