package httpapi

// registerPaper adds what is done with credit notes.
func registerPaper(a *API, s *Services) { registerCreditNotes(a, s) }
