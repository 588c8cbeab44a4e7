package server

import (
	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/promotion"
	"flint/internal/tenant"
)

// buildPromotion lets promotions take part in the pricing of orders, within the merchant's settings.
func (s *Server) buildPromotion(orders *order.Service) {
	orders.Promotions = &promotion.Service{IDs: s.IDs, Clock: s.Clock}
	orders.PromotionSettings = func(tx db.Tx, scope tenant.Scope) (promotion.Settings, error) {
		e, err := s.Settings.Effective(tx, scope)
		if err != nil {
			return promotion.Settings{}, err
		}
		return promotion.Settings{MaxPerOrder: int(e.Promotions.MaxPerOrder), Automatic: true, Codes: true}, nil
	}
}
