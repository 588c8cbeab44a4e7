package httpapi

// registerInvoice adds invoices, their payment terms, and what buyers do with them.
func registerInvoice(a *API, s *Services) {
	registerInvoices(a, s)
	registerInvoiceWrites(a, s)
	registerInvoiceCheckout(a, s)
	registerInvoiceTerms(a, s)
	registerBuyerInvoices(a, s)
}
