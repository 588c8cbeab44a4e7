package httpapi

// supportRoutes answer what people ask who help buyers and close books; they are ours.
var supportRoutes = []Route{
	{ID: "listOrderTimeline", Method: "GET", Path: "/v1/orders/{order_id}/timeline", By: byKey | byApp, Need: anyOf("commerce.orders.read", "commerce.orders.write"), AppNeed: anyOf("commerce.orders.read"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "getOrderBalanceExplanation", Method: "GET", Path: "/v1/orders/{order_id}/balance-explanation", By: byKey | byApp, Need: anyOf("commerce.orders.read", "commerce.orders.write"), AppNeed: anyOf("commerce.orders.read"), Tier: TierRead, Status: 200, Ours: true},
}
