package httpapi

func registerCatalog(a *API, s *Services) {
	registerProducts(a, s)
	registerWriteProducts(a, s)
	registerProductVariants(a, s)
}
