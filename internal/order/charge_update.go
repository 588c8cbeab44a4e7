package order

import (
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/tenant"
)

// UpdateChargeInput changes the fields of a charge that are not nil. An amount turns a percentage
// into a flat charge, and the other way round.
type UpdateChargeInput struct {
	Scope    tenant.Scope
	Cause    event.Cause
	OrderID  string
	ChargeID string

	Type        *string
	Name        *string
	Description *string
	Amount      *money.Amount
	Percent     *money.Percent
	Basis       *string
	Tax         *ItemTaxInput
	Metadata    *metadata.Patch
}

// Validate reports every fault of the input.
func (in UpdateChargeInput) Validate() error {
	if in.Type == nil && in.Name == nil && in.Description == nil && in.Amount == nil && in.Percent == nil && in.Basis == nil &&
		in.Tax == nil && in.Metadata == nil {
		return fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	var l fault.List
	if in.Type != nil {
		checkChargeType(&l, "type", *in.Type)
	}
	if in.Name != nil {
		checkChargeName(&l, "name", *in.Name)
	}
	if in.Description != nil {
		checkDescription(&l, "description", *in.Description)
	}
	checkChargeAmount(&l, "amount_money", in.Amount)
	checkChargePercent(&l, "percent", in.Percent)
	if in.Amount != nil && in.Percent != nil {
		l.Add("CHARGE_VALUE_REQUIRED", "", "A charge has either an amount or a percentage.")
	}
	if in.Tax != nil {
		in.Tax.check(&l, "tax", chargeCategories)
	}
	return l.Err()
}

// UpdateCharge changes a charge and reprices the order. Its tax stands once money settled, and a
// charge that was refunded in part keeps at least what was refunded.
func (s *Service) UpdateCharge(ctx context.Context, tx db.Tx, in UpdateChargeInput) (*Order, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
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
	if in.Amount != nil && in.Amount.Currency != o.Currency {
		return nil, fault.Invalid("CURRENCY_MISMATCH", "amount_money.currency", "The charge is not in the currency of the order.")
	}
	if in.Tax != nil && hasSettledMoney(o) {
		return nil, fault.Conflict("ORDER_TAX_NOT_UPDATABLE_AFTER_PAYMENT", "Tax does not change after a payment.")
	}
	if err := in.apply(c); err != nil {
		return nil, err
	}
	c.UpdatedAt = s.Clock.Now()
	if err := s.reprice(ctx, tx, o); err != nil {
		return nil, err
	}
	return o, s.Save(tx, o, in.Cause, Change{Activities: []NewActivity{{
		Type: ActivityChargeUpdated, Description: "Charge changed: " + c.Name + ".", RefType: RefCharge, RefID: c.ID,
	}}})
}

func (in UpdateChargeInput) apply(c *Charge) error {
	setIf(&c.Type, in.Type)
	setIf(&c.Name, in.Name)
	setIf(&c.Description, in.Description)
	switch {
	case in.Amount != nil:
		c.Amount, c.Percent, c.Basis = &in.Amount.Minor, nil, ""
	case in.Percent != nil:
		c.Amount, c.Percent = nil, in.Percent
	}
	setIf(&c.Basis, in.Basis)
	var l fault.List
	checkChargeValue(&l, "", c.Amount != nil, c.Percent != nil, c.Basis)
	if err := l.Err(); err != nil {
		return err
	}
	if in.Tax != nil {
		in.Tax.apply(&c.Tax)
	}
	return patchMetadata(&c.Metadata, in.Metadata)
}
