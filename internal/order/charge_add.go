package order

import (
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/tenant"
)

// ChargeInput describes a new charge: exactly one of Amount, and Percent with Basis.
type ChargeInput struct {
	Type        string
	Name        string
	Description string
	Amount      *money.Amount
	Percent     *money.Percent
	Basis       string
	Tax         *ItemTaxInput // nil: not taxed
	Metadata    map[string]string
}

// AddChargeInput adds a charge to an order.
type AddChargeInput struct {
	Scope   tenant.Scope
	Cause   event.Cause
	OrderID string
	Charge  ChargeInput
}

// Validate reports every fault of the input.
func (in AddChargeInput) Validate() error {
	var l fault.List
	c := in.Charge
	checkChargeType(&l, "charge.type", c.Type)
	checkChargeName(&l, "charge.name", c.Name)
	checkDescription(&l, "charge.description", c.Description)
	checkChargeAmount(&l, "charge.amount_money", c.Amount)
	checkChargePercent(&l, "charge.percent", c.Percent)
	checkChargeValue(&l, "charge.", c.Amount != nil, c.Percent != nil, c.Basis)
	if c.Tax != nil {
		c.Tax.check(&l, "charge.tax", chargeCategories)
	}
	l.AddError("charge.metadata", metadata.Check(c.Metadata))
	return l.Err()
}

// AddCharge adds a charge and reprices the order.
func (s *Service) AddCharge(ctx context.Context, tx db.Tx, in AddChargeInput) (*Order, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	o, err := s.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	if err := checkPriceOpen(o); err != nil {
		return nil, err
	}
	if len(o.Charges) >= MaxCharges {
		return nil, fault.Conflict("RESOURCE_LIMIT_EXCEEDED", "An order has at most %d charges.", MaxCharges)
	}
	if in.Charge.Amount != nil && in.Charge.Amount.Currency != o.Currency {
		return nil, fault.Invalid("CURRENCY_MISMATCH", "charge.amount_money.currency", "The charge is not in the currency of the order.")
	}
	now := s.Clock.Now()
	c := Charge{
		ID: s.IDs.New(id.OrderCharge), Type: in.Charge.Type, Name: in.Charge.Name, Description: in.Charge.Description,
		Percent: in.Charge.Percent, Basis: in.Charge.Basis, Metadata: in.Charge.Metadata, CreatedAt: now, UpdatedAt: now,
	}
	if in.Charge.Amount != nil {
		c.Amount = &in.Charge.Amount.Minor
	}
	if in.Charge.Tax != nil {
		in.Charge.Tax.apply(&c.Tax)
	}
	o.Charges = append(o.Charges, c)
	if err := s.reprice(ctx, tx, o); err != nil {
		return nil, err
	}
	return o, s.Save(tx, o, in.Cause, Change{Activities: []NewActivity{{
		Type: ActivityChargeAdded, Description: "Charge added: " + c.Name + ".", RefType: RefCharge, RefID: c.ID,
	}}})
}
