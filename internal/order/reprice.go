package order

import (
	"bytes"
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/tenant"
)

// RepriceInput names the order to price again.
type RepriceInput struct {
	Scope   tenant.Scope
	Cause   event.Cause
	OrderID string
}

// Reprice recomputes an order against today's promotions and tax rates and the customer's exemption and
// addresses.
// An order that comes out the same is not written.
func (s *Service) Reprice(ctx context.Context, tx db.Tx, in RepriceInput) (*Order, error) {
	o, err := s.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	if err := checkPriceOpen(o); err != nil {
		return nil, err
	}
	before, err := encodeDoc(o)
	if err != nil {
		return nil, err
	}
	if !hasSettledMoney(o) {
		buyer, err := s.buyer(ctx, tx, in.Scope, o.CustomerID)
		if err != nil {
			return nil, err
		}
		exempt(o, buyer)
		locate(o, buyer)
	}
	if err := s.reprice(ctx, tx, o); err != nil {
		return nil, err
	}
	after, err := encodeDoc(o)
	if err != nil || (bytes.Equal(before, after) && o.Pricing.Total == o.stored.total) {
		return o, err
	}
	return o, s.Save(tx, o, in.Cause, Change{Activities: []NewActivity{{Type: ActivityUpdated, Description: "Order priced again."}}})
}
