package httpapi

// registerPromotion adds promotions, their codes and previews.
func registerPromotion(a *API, s *Services) {
	registerPromotions(a, s)
	registerPromotionCodes(a, s)
	registerDiscountPreviews(a, s)
}
