package httpapi

// webhookRoutes lists webhook endpoints, events and deliveries.
var webhookRoutes = []Route{
	{ID: "listWebhookEndpoints", Method: "GET", Path: "/v1/webhook-endpoints", By: byKey | byApp, Need: anyOf("webhooks.read", "webhooks.write"), AppNeed: anyOf("webhooks.read"), Cleanup: true, Tier: TierRead, Status: 200, List: true},
	{ID: "createWebhookEndpoint", Method: "POST", Path: "/v1/webhook-endpoints", By: byKey | byApp, Need: allOf("webhooks.write"), AppNeed: anyOf("webhooks.write"), Tier: TierSensitive, Key: KeyOptional, Status: 201},
	{ID: "getWebhookEndpoint", Method: "GET", Path: "/v1/webhook-endpoints/{webhook_endpoint_id}", By: byKey | byApp, Need: anyOf("webhooks.read", "webhooks.write"), AppNeed: anyOf("webhooks.read"), Cleanup: true, Tier: TierRead, Status: 200},
	{ID: "updateWebhookEndpoint", Method: "PATCH", Path: "/v1/webhook-endpoints/{webhook_endpoint_id}", By: byKey | byApp, Need: allOf("webhooks.write"), AppNeed: anyOf("webhooks.write"), Cleanup: true, Tier: TierSensitive, Key: KeyOptional, Status: 200},
	{ID: "deleteWebhookEndpoint", Method: "DELETE", Path: "/v1/webhook-endpoints/{webhook_endpoint_id}", By: byKey | byApp, Need: allOf("webhooks.write"), AppNeed: anyOf("webhooks.write"), Cleanup: true, Tier: TierSensitive, Key: KeyOptional, Status: 200},
	{ID: "rotateWebhookSecret", Method: "POST", Path: "/v1/webhook-endpoints/{webhook_endpoint_id}/rotate-secret", By: byKey | byApp, Need: allOf("webhooks.write"), AppNeed: anyOf("webhooks.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200},
	{ID: "createWebhookTestEvent", Method: "POST", Path: "/v1/webhook-endpoints/{webhook_endpoint_id}/test-events", By: byKey | byApp, Need: allOf("webhooks.write"), AppNeed: anyOf("webhooks.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "listWebhookEventTypes", Method: "GET", Path: "/v1/webhook-event-types", By: byKey | byApp, Need: anyOf("webhooks.read", "webhooks.write"), AppNeed: anyOf("webhooks.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "listWebhookEvents", Method: "GET", Path: "/v1/webhook-events", By: byKey | byApp, Need: anyOf("webhooks.read", "webhooks.write"), AppNeed: anyOf("webhooks.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "getWebhookEvent", Method: "GET", Path: "/v1/webhook-events/{webhook_event_id}", By: byKey | byApp, Need: anyOf("webhooks.read", "webhooks.write"), AppNeed: anyOf("webhooks.read"), Tier: TierRead, Status: 200},
	{ID: "listWebhookDeliveries", Method: "GET", Path: "/v1/webhook-events/{webhook_event_id}/deliveries", By: byKey | byApp, Need: anyOf("webhooks.read", "webhooks.write"), AppNeed: anyOf("webhooks.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "streamWebhookEvents", Method: "GET", Path: "/v1/webhook-events/stream", By: byKey, Need: anyOf("webhooks.read", "webhooks.write"), Tier: TierRead, Status: 200},
	{ID: "getWebhookDelivery", Method: "GET", Path: "/v1/webhook-deliveries/{webhook_delivery_id}", By: byKey | byApp, Need: anyOf("webhooks.read", "webhooks.write"), AppNeed: anyOf("webhooks.read"), Tier: TierRead, Status: 200},
	{ID: "listWebhookDeliveryAttempts", Method: "GET", Path: "/v1/webhook-deliveries/{webhook_delivery_id}/attempts", By: byKey | byApp, Need: anyOf("webhooks.read", "webhooks.write"), AppNeed: anyOf("webhooks.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "resendWebhookDelivery", Method: "POST", Path: "/v1/webhook-deliveries/{webhook_delivery_id}/resend", By: byKey | byApp, Need: allOf("webhooks.write"), AppNeed: anyOf("webhooks.write"), Tier: TierProvider, Key: KeyOptional, Status: 201},
}
