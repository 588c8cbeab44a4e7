package httpapi

// strandedRoutes lists the inbox of money that was not due where it settled; it is ours.
var strandedRoutes = []Route{
	{ID: "listStrandedPayments", Method: "GET", Path: "/v1/stranded-payments", By: byKey | byApp, Need: anyOf("payments.payment_intents.read", "payments.payment_intents.write"), AppNeed: anyOf("payments.payment_intents.read"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "getStrandedPayment", Method: "GET", Path: "/v1/stranded-payments/{stranded_payment_id}", By: byKey | byApp, Need: anyOf("payments.payment_intents.read", "payments.payment_intents.write"), AppNeed: anyOf("payments.payment_intents.read"), Tier: TierRead, Status: 200, Ours: true},
	{ID: "resolveStrandedPayment", Method: "POST", Path: "/v1/stranded-payments/{stranded_payment_id}/resolve", By: byKey, Need: allOf("payments.payment_intents.write", "commerce.refunds.write"), Tier: TierProvider, Key: KeyOptional, Status: 200, Ours: true},
}
