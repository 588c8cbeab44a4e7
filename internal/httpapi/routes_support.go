package httpapi

// supportRoutes answer what people ask who help buyers and close books; they are ours.
var supportRoutes = []Route{
	{ID: "listOrderTimeline", Method: "GET", Path: "/v1/orders/{order_id}/timeline", By: byKey | byApp, Need: anyOf("commerce.orders.read", "commerce.orders.write"), AppNeed: anyOf("commerce.orders.read"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "getOrderBalanceExplanation", Method: "GET", Path: "/v1/orders/{order_id}/balance-explanation", By: byKey | byApp, Need: anyOf("commerce.orders.read", "commerce.orders.write"), AppNeed: anyOf("commerce.orders.read"), Tier: TierRead, Status: 200, Ours: true},
	{ID: "exportRefunds", Method: "GET", Path: "/v1/exports/refunds.csv", By: byKey | byApp, Need: anyOf("commerce.refunds.read", "commerce.refunds.write"), AppNeed: anyOf("commerce.refunds.read"), Tier: TierRead, Status: 200, Ours: true},
	{ID: "exportReturns", Method: "GET", Path: "/v1/exports/returns.csv", By: byKey | byApp, Need: anyOf("commerce.returns.read", "commerce.returns.write"), AppNeed: anyOf("commerce.returns.read"), Tier: TierRead, Status: 200, Ours: true},
}
