package httpapi

// Register adds every operation of the services to a. Accounts and RegisterOpenAPI are called beside it.
func Register(a *API, s *Services) {
	for _, register := range []func(*API, *Services){
		registerListOrders, registerCreateOrder, registerGetOrder, registerUpdateOrder, registerOrderActivities, registerOrderLines,
		registerOrderCharges, registerOrderDiscounts, registerCloseOrder, registerSendReceipt,
		registerPayOrder, registerPaymentAttempts, registerOrderPaymentIntents, registerPaymentIntents,
		registerRefunds, registerCreateRefund, registerSessions,
		registerCustomers, registerCreateCustomer, registerUpdateCustomer,
		registerWebhookEndpoints, registerWebhookEvents, registerWebhookDeliveries, registerWebhookStream,
		registerOAuthAuthorize, registerOAuthPreview, registerOAuthToken, registerOAuthRevoke, registerOAuthIntrospect, registerOAuthDevice, registerOAuthMetadata,
		registerPartnerApps, registerPartnerAppVersions, registerPartnerAppInstalls, registerInstalledApps,
		registerAppApprovals, registerApproveAppApproval, registerDataRequests,
		registerCatalog,
		registerRequestLogs, registerResourceTimeline, registerOnboarding, registerDemoSessions, registerAccountSessions,
		registerRecovery,
		registerSettingsPart,
		registerInvoice,
		registerMethods,
		registerBuyer,
		registerPromotion,
		registerPaper,
		registerSupport,
		registerFulfillment,
		registerPolicy,
		registerReturnsPart,
		registerGoods,
		registerResolution,
		registerRefundsPart,
	} {
		register(a, s)
	}
}
