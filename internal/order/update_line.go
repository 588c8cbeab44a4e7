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

// UpdateLineInput changes the fields of a line item that are not nil.
type UpdateLineInput struct {
	Scope           tenant.Scope
	Cause           event.Cause
	OrderID         string
	LineID          string
	ExpectedVersion *int64

	Name        *string
	Description *string
	Quantity    *int64
	UnitPrice   *money.Amount
	Tax         *ItemTaxInput
	Metadata    *metadata.Patch
}

// Validate reports every fault of the input.
func (in UpdateLineInput) Validate() error {
	if in.Name == nil && in.Description == nil && in.Quantity == nil && in.UnitPrice == nil && in.Tax == nil && in.Metadata == nil {
		return fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	var l fault.List
	if in.Name != nil {
		checkLineName(&l, "name", *in.Name)
	}
	if in.Description != nil {
		checkDescription(&l, "description", *in.Description)
	}
	if in.Quantity != nil {
		checkQuantity(&l, "quantity", *in.Quantity)
	}
	if in.UnitPrice != nil {
		checkUnitPrice(&l, "unit_price_money", *in.UnitPrice)
	}
	if in.Tax != nil {
		in.Tax.check(&l, "tax", lineCategories)
	}
	return l.Err()
}

// UpdateLine changes one line item, raises its version and reprices the order. Once money settled,
// the price and tax of a line stand and its quantity may only rise, and not after a refund of it.
func (s *Service) UpdateLine(ctx context.Context, tx db.Tx, in UpdateLineInput) (*Order, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	o, err := s.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	line := o.Line(in.LineID)
	if line == nil {
		return nil, fault.NotFound("line item of this order")
	}
	if in.ExpectedVersion != nil && *in.ExpectedVersion != line.Version {
		return nil, fault.Conflict("ORDER_LINE_ITEM_VERSION_CONFLICT", "The line item was changed since it was read.").
			With("current_version", line.Version).Then("Read the order again and repeat the change with the line item's version.")
	}
	if err := checkPriceOpen(o); err != nil {
		return nil, err
	}
	if line.Source != nil {
		if err := in.checkCopied(line); err != nil {
			return nil, err
		}
	}
	if in.UnitPrice != nil && in.UnitPrice.Currency != o.Currency {
		return nil, fault.Invalid("CURRENCY_MISMATCH", "unit_price_money.currency", "The price is not in the currency of the order.")
	}
	if hasSettledMoney(o) {
		if err := in.checkPaidLine(line); err != nil {
			return nil, err
		}
	}
	if err := in.apply(line); err != nil {
		return nil, err
	}
	line.Version++
	if err := s.reprice(ctx, tx, o); err != nil {
		return nil, err
	}
	if in.Quantity != nil {
		if err := s.recount(tx, o); err != nil {
			return nil, err
		}
	}
	return o, s.Save(tx, o, in.Cause, Change{Activities: []NewActivity{{
		Type: ActivityLineUpdated, Description: "Changed: " + line.Name + ".", RefType: RefLine, RefID: line.ID,
	}}})
}

func (in UpdateLineInput) checkPaidLine(line *Line) error {
	switch {
	case in.UnitPrice != nil && in.UnitPrice.Minor != line.UnitPrice:
		return fault.Conflict("PAID_LINE_ITEM_PRICE_CHANGE_FORBIDDEN", "The price of a line item does not change after a payment.")
	case in.Quantity != nil && *in.Quantity < line.Quantity:
		return fault.Conflict("PAID_LINE_ITEM_QUANTITY_DECREASE_FORBIDDEN", "The quantity of a line item is not lowered after a payment.").
			Then("Refund the units instead.")
	case in.Quantity != nil && *in.Quantity != line.Quantity && (line.RefundedQuantity > 0 || line.Refunded > 0):
		return fault.Conflict("PAID_LINE_ITEM_QUANTITY_CHANGE_FORBIDDEN", "The quantity of a line item does not change after a refund of it.").
			Then("Add the units as a new line item.")
	case in.Tax != nil:
		return fault.Conflict("PAID_LINE_ITEM_TAX_CHANGE_FORBIDDEN", "The tax of a line item does not change after a payment.")
	}
	return nil
}

func (in UpdateLineInput) apply(line *Line) error {
	setIf(&line.Name, in.Name)
	setIf(&line.Description, in.Description)
	setIf(&line.Quantity, in.Quantity)
	if in.UnitPrice != nil {
		line.UnitPrice = in.UnitPrice.Minor
	}
	if in.Tax != nil {
		in.Tax.apply(&line.Tax)
	}
	return patchMetadata(&line.Metadata, in.Metadata)
}

func setIf[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}

// patchMetadata merges p into *m; a nil patch changes nothing.
func patchMetadata(m *map[string]string, p *metadata.Patch) error {
	if p == nil {
		return nil
	}
	merged, err := metadata.Merge(*m, *p)
	if err != nil {
		var l fault.List
		l.AddError("metadata", err)
		return l.Err()
	}
	*m = merged
	return nil
}
