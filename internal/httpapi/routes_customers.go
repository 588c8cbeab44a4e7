package httpapi

// customerRoutes lists customers.
var customerRoutes = []Route{
	{ID: "createCustomerSession", Method: "POST", Path: "/v1/customer-sessions", By: byKey, Need: allOf("customers.sessions.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "refreshCustomerSession", Method: "POST", Path: "/v1/customer-sessions/refresh", By: byNobody, Tier: TierWrite, Key: KeyRequired, Status: 200},
	{ID: "revokeCustomerSession", Method: "POST", Path: "/v1/customer-sessions/{customer_session_id}/revoke", By: byKey, Need: allOf("customers.sessions.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "revokeCustomerSessions", Method: "POST", Path: "/v1/customers/{customer_id}/sessions/revoke", By: byKey, Need: allOf("customers.sessions.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "createCustomerVerification", Method: "POST", Path: "/v1/customer-verifications", By: byKey | byApp, Need: allOf("customers.sessions.write"), AppNeed: anyOf("customers.sessions.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "confirmCustomerVerification", Method: "POST", Path: "/v1/customer-verifications/{customer_verification_id}/confirm", By: byKey | byApp, Need: allOf("customers.sessions.write"), AppNeed: anyOf("customers.sessions.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "linkCustomerGuestPurchases", Method: "POST", Path: "/v1/customers/{customer_id}/link-guest-purchases", By: byKey | byApp, Need: allOf("customers.write"), AppNeed: anyOf("customers.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "listCustomers", Method: "GET", Path: "/v1/customers", By: byKey | byApp, Need: anyOf("customers.read", "customers.write"), AppNeed: anyOf("customers.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "createCustomer", Method: "POST", Path: "/v1/customers", By: byKey | byApp, Need: allOf("customers.write"), AppNeed: anyOf("customers.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "getCustomer", Method: "GET", Path: "/v1/customers/{customer_id}", By: byKey | byApp, Need: anyOf("customers.read", "customers.write"), AppNeed: anyOf("customers.read"), Tier: TierRead, Status: 200},
	{ID: "updateCustomer", Method: "PATCH", Path: "/v1/customers/{customer_id}", By: byKey | byApp, Need: allOf("customers.write"), AppNeed: anyOf("customers.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "listCustomerAddresses", Method: "GET", Path: "/v1/customers/{customer_id}/addresses", By: byKey | byApp, Need: anyOf("customers.read", "customers.write"), AppNeed: anyOf("customers.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "createCustomerAddress", Method: "POST", Path: "/v1/customers/{customer_id}/addresses", By: byKey | byApp, Need: allOf("customers.write"), AppNeed: anyOf("customers.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "getCustomerAddress", Method: "GET", Path: "/v1/customers/{customer_id}/addresses/{customer_address_id}", By: byKey | byApp, Need: anyOf("customers.read", "customers.write"), AppNeed: anyOf("customers.read"), Tier: TierRead, Status: 200},
	{ID: "updateCustomerAddress", Method: "PATCH", Path: "/v1/customers/{customer_id}/addresses/{customer_address_id}", By: byKey | byApp, Need: allOf("customers.write"), AppNeed: anyOf("customers.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "deleteCustomerAddress", Method: "DELETE", Path: "/v1/customers/{customer_id}/addresses/{customer_address_id}", By: byKey | byApp, Need: allOf("customers.write"), AppNeed: anyOf("customers.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "setDefaultCustomerAddress", Method: "POST", Path: "/v1/customers/{customer_id}/addresses/{customer_address_id}/set-default", By: byKey | byApp, Need: allOf("customers.write"), AppNeed: anyOf("customers.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
	{ID: "createCustomerDeletionRequest", Method: "POST", Path: "/v1/customers/{customer_id}/deletion-requests", By: byKey | byApp, Need: allOf("customers.write"), AppNeed: anyOf("customers.write"), Tier: TierWrite, Key: KeyOptional, Status: 201},
	{ID: "getCustomerDeletionRequest", Method: "GET", Path: "/v1/customers/{customer_id}/deletion-requests/{customer_deletion_request_id}", By: byKey | byApp, Need: anyOf("customers.read", "customers.write"), AppNeed: anyOf("customers.read"), Tier: TierRead, Status: 200},
	{ID: "listCustomerDeletionRequests", Method: "GET", Path: "/v1/customer-deletion-requests", By: byKey | byApp, Need: anyOf("customers.read", "customers.write"), AppNeed: anyOf("customers.read"), Tier: TierRead, Status: 200, List: true},
	{ID: "resolveCustomerDeletionRequest", Method: "POST", Path: "/v1/customer-deletion-requests/{customer_deletion_request_id}/resolve", By: byKey | byApp, Need: allOf("customers.write"), AppNeed: anyOf("customers.write"), Tier: TierWrite, Key: KeyOptional, Status: 200},
}
