package httpapi

// registerFulfillment adds what is done to hand orders over.
func registerFulfillment(a *API, s *Services) {
	registerCreateFulfillment(a, s)
	registerReadFulfillments(a, s)
	registerUpdateFulfillment(a, s)
	registerMoveFulfillment(a, s)
	registerObserveFulfillment(a, s)
	registerShipments(a, s)
	registerPackages(a, s)
	registerPackageItems(a, s)
	registerFulfillmentTimeline(a, s)
}
