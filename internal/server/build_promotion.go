package server

import (
	"flint/internal/order"
	"flint/internal/promotion"
)

// buildPromotion lets promotions take part in the pricing of orders.
func (s *Server) buildPromotion(orders *order.Service) {
	orders.Promotions = &promotion.Service{IDs: s.IDs, Clock: s.Clock}
}
