package httpapi

// registerGoods adds what is done with goods that come back.
func registerGoods(a *API, s *Services) {
	registerReturnReceipts(a, s)
	registerReturnInspections(a, s)
	registerReturnDispositions(a, s)
	registerReturnLineGoods(a, s)
}
