package httpapi

// fulfillmentRoutes lists fulfillments and shipments.
var fulfillmentRoutes = []Route{
	{ID: "createFulfillment", Method: "POST", Path: "/v1/orders/{order_id}/fulfillments", By: byKey | byApp, Need: allOf("commerce.orders.write"), AppNeed: anyOf("commerce.orders.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "listFulfillments", Method: "GET", Path: "/v1/fulfillments", By: byKey | byApp, Need: anyOf("commerce.orders.read", "commerce.orders.write"), AppNeed: anyOf("commerce.orders.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "getFulfillment", Method: "GET", Path: "/v1/fulfillments/{fulfillment_id}", By: byKey | byApp, Need: anyOf("commerce.orders.read", "commerce.orders.write"), AppNeed: anyOf("commerce.orders.read"), Tier: TierRead, Status: 200},
	{ID: "updateFulfillment", Method: "PATCH", Path: "/v1/fulfillments/{fulfillment_id}", By: byKey | byApp, Need: allOf("commerce.orders.write"), AppNeed: anyOf("commerce.orders.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "transitionFulfillment", Method: "POST", Path: "/v1/fulfillments/{fulfillment_id}/transitions", By: byKey | byApp, Need: allOf("commerce.orders.write"), AppNeed: anyOf("commerce.orders.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "createFulfillmentEvent", Method: "POST", Path: "/v1/fulfillments/{fulfillment_id}/events", By: byKey | byApp, Need: allOf("commerce.orders.write"), AppNeed: anyOf("commerce.orders.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "createShipment", Method: "POST", Path: "/v1/fulfillments/{fulfillment_id}/shipments", By: byKey | byApp, Need: allOf("commerce.orders.write"), AppNeed: anyOf("commerce.orders.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "listShipments", Method: "GET", Path: "/v1/shipments", By: byKey | byApp, Need: anyOf("commerce.orders.read", "commerce.orders.write"), AppNeed: anyOf("commerce.orders.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "getShipment", Method: "GET", Path: "/v1/shipments/{shipment_id}", By: byKey | byApp, Need: anyOf("commerce.orders.read", "commerce.orders.write"), AppNeed: anyOf("commerce.orders.read"), Tier: TierRead, Status: 200},
	{ID: "updateShipment", Method: "PATCH", Path: "/v1/shipments/{shipment_id}", By: byKey | byApp, Need: allOf("commerce.orders.write"), AppNeed: anyOf("commerce.orders.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "voidShipment", Method: "POST", Path: "/v1/shipments/{shipment_id}/void", By: byKey | byApp, Need: allOf("commerce.orders.write"), AppNeed: anyOf("commerce.orders.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "createPackage", Method: "POST", Path: "/v1/shipments/{shipment_id}/packages", By: byKey | byApp, Need: allOf("commerce.orders.write"), AppNeed: anyOf("commerce.orders.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "listFulfillmentEvents", Method: "GET", Path: "/v1/fulfillment-events", By: byKey | byApp, Need: anyOf("commerce.orders.read", "commerce.orders.write"), AppNeed: anyOf("commerce.orders.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "getFulfillmentEvent", Method: "GET", Path: "/v1/fulfillment-events/{fulfillment_event_id}", By: byKey | byApp, Need: anyOf("commerce.orders.read", "commerce.orders.write"), AppNeed: anyOf("commerce.orders.read"), Tier: TierRead, Status: 200},
}
