package server

import (
	"flint/internal/catalog"
	"flint/internal/checkout"
	"flint/internal/order"
)

// catalog is the catalogue, which asks those who sell before it archives anything.
func (s *Server) catalog() *catalog.Service {
	c := &catalog.Service{IDs: s.IDs, Clock: s.Clock}
	c.InUse = append(c.InUse, checkout.VariantsInUse, order.VariantsInUse)
	return c
}
