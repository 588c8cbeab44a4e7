package order

import (
	"context"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// DeleteChargeInput removes a charge.
type DeleteChargeInput struct {
	Scope    tenant.Scope
	Cause    event.Cause
	OrderID  string
	ChargeID string
}

// DeleteCharge removes a charge and reprices the order, unless part of the charge was refunded or the
// total would fall below what was collected. A pending discount of this charge alone goes with it.
func (s *Service) DeleteCharge(ctx context.Context, tx db.Tx, in DeleteChargeInput) (*Order, error) {
	o, err := s.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	c := o.Charge(in.ChargeID)
	if c == nil {
		return nil, chargeNotFound()
	}
	if err := checkPriceOpen(o); err != nil {
		return nil, err
	}
	if c.Refunded > 0 {
		return nil, fault.Conflict("ORDER_FINANCIAL_MUTATION_NOT_ALLOWED", "A charge is not removed after a refund of it.")
	}
	change := Change{Activities: []NewActivity{{Type: ActivityChargeRemoved, Description: "Charge removed: " + c.Name + ".", RefType: RefCharge, RefID: c.ID}}}
	o.Charges = slices.DeleteFunc(o.Charges, func(c Charge) bool { return c.ID == in.ChargeID })
	change.Activities = append(change.Activities, dropTarget(o, in.ChargeID)...)
	if err := s.reprice(ctx, tx, o); err != nil {
		return nil, err
	}
	return o, s.Save(tx, o, in.Cause, change)
}
